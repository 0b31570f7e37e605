/**
 * Handlers of every message, registered before the first await. A signal is validated, queued and never throws; an
 * update refuses in its validator, which leaves no event.
 */
import { ApplicationFailure, condition, setHandler } from '@temporalio/workflow';
import { REFUSALS } from '../domain/errors.ts';
import { chargeId } from '../domain/ids.ts';
import { isNews, liveCheckoutSession } from './checkout.ts';
import {
  cancelEnrollmentUpdate,
  checkoutSessionCompletedSignal,
  checkoutSessionExpiredSignal,
  createChargeUpdate,
  enrollmentStateQuery,
  enrollUpdate,
  openCheckoutSessionUpdate,
  paymentIntentChangedSignal,
  resumeChargeUpdate,
  resumeEnrollmentUpdate,
} from './messages.ts';
import { publish } from './presentation.ts';
import { allowedCharge, refuse, refuseByStatus } from './refusals.ts';
import { type EnrollmentRun, statusOf } from './run.ts';

/** Requests of one enrollment that wait or are open at a time; a caller's loop must not fill the history. */
const MOST_OPEN_CHARGES = 20;
const MOST_REMEMBERED_REQUESTS = 200;
/** How long an answer to a cancel waits for it to take effect before it says `canceling`. */
const CANCEL_ANSWER_MS = 5_000;

export function handleMessages(run: EnrollmentRun): void {
  const { state } = run;

  setHandler(
    enrollUpdate,
    async () => {
      // The first session is on its way, or there has been one.
      await condition(() => (state.checkout.opened > 0 && run.opening === null) || run.end !== null);
      if (run.setupRefusal !== null) {
        throw ApplicationFailure.nonRetryable(run.setupRefusal, REFUSALS.SetupRefused);
      }
      const awaited = state.paymentMethod === null && state.cancel === null && run.end === null;
      const checkoutSession = awaited ? await liveCheckoutSession(run, 'api') : null;
      return { status: statusOf(run), checkoutSession };
    },
    {
      validator: ({ requestFingerprint }) => {
        if (requestFingerprint !== run.input.requestFingerprint) {
          refuse(
            'idempotency_mismatch',
            `${run.input.enrollmentId} was created under this Idempotency-Key from a request with other content`,
          );
        }
      },
    },
  );

  setHandler(openCheckoutSessionUpdate, ({ by }) => liveCheckoutSession(run, by), {
    validator: (_requested) => refuseByStatus(run, 'open_checkout_session'),
  });

  setHandler(
    cancelEnrollmentUpdate,
    async (requested) => {
      state.cancel ??= requested;
      publish(run);
      const done = await condition(() => run.ended, CANCEL_ANSWER_MS, {
        summary: 'Answers the cancel at the latest',
      });
      return { status: done ? statusOf(run) : ('canceling' as const) };
    },
    {
      validator: (_requested) => refuseByStatus(run, 'cancel'),
    },
  );

  setHandler(
    resumeChargeUpdate,
    (requested) => {
      const charge = state.charges.find(({ id }) => id === requested.chargeId);
      if (charge !== undefined) {
        charge.resumed = true;
      }
      return { chargeId: requested.chargeId };
    },
    {
      validator: (requested) => {
        const open = state.charges.find(({ id }) => id === requested.chargeId);
        // A refund that Stripe refused parks a charge that has succeeded.
        if (open === undefined || open.problem === null) {
          allowedCharge(run, requested.chargeId, 'resume');
        }
      },
    },
  );

  setHandler(
    resumeEnrollmentUpdate,
    (_requested) => {
      state.pausedBy = null;
      publish(run);
      return { status: statusOf(run) };
    },
    {
      validator: (_requested) => refuseByStatus(run, 'resume'),
    },
  );

  setHandler(
    createChargeUpdate,
    ({ requestKey, amountMinor, description }) => {
      const known = state.chargeRequests.find(({ key }) => key === requestKey);
      if (known !== undefined) {
        return { chargeId: known.chargeId };
      }
      state.chargesOpened += 1;
      const number = state.chargesOpened;
      const id = chargeId(run.input.enrollmentId, number);
      const at = new Date().toISOString();
      state.requestedCharges.push({ requestKey, chargeId: id, number, amountMinor, description, at });
      state.chargeRequests = [...state.chargeRequests, { key: requestKey, chargeId: id }].slice(
        -MOST_REMEMBERED_REQUESTS,
      );
      return { chargeId: id };
    },
    {
      validator: ({ requestKey, amountMinor }) => {
        refuseByStatus(run, 'create_charge');
        if (!Number.isSafeInteger(amountMinor) || amountMinor <= 0) {
          refuse('amount_invalid', `amount ${amountMinor}: expected a positive whole number of minor units`);
        }
        const known = state.chargeRequests.some(({ key }) => key === requestKey);
        if (!known && state.requestedCharges.length + state.charges.length >= MOST_OPEN_CHARGES) {
          refuse('too_many_open_charges', `${MOST_OPEN_CHARGES} charges of this enrollment are open`);
        }
      },
    },
  );

  setHandler(checkoutSessionCompletedSignal, ({ checkoutSessionId }) => {
    if (isNews(run, checkoutSessionId)) {
      state.checkout.completed.push(checkoutSessionId);
    }
  });

  setHandler(checkoutSessionExpiredSignal, ({ checkoutSessionId }) => {
    // Read from Stripe like any other news: it says `expired`, and the row follows.
    if (state.checkout.open?.id === checkoutSessionId && isNews(run, checkoutSessionId)) {
      state.checkout.completed.push(checkoutSessionId);
    }
  });

  setHandler(paymentIntentChangedSignal, (change) => {
    const charge = state.charges.find(({ id }) => id === change.chargeId);
    if (charge !== undefined && charge.paymentIntentId === change.paymentIntentId) {
      charge.changed = true;
    }
  });

  setHandler(enrollmentStateQuery, () => ({
    status: statusOf(run),
    paymentMethodId: state.paymentMethod?.id ?? null,
    nextChargeAt: state.schedule.next?.dueAt ?? null,
    charges: state.charges.map(({ id, status, amountMinor, attempts, nextAttemptAt }) => ({
      id,
      status,
      amountMinor,
      attempts,
      nextAttemptAt,
    })),
    chargesSucceeded: state.chargesSucceeded,
    amountCollectedMinor: state.amountCollectedMinor,
  }));
}
