/**
 * Handlers of every message, registered before the first await. A signal is validated, queued and never throws; an
 * update refuses in its validator, which leaves no event.
 */
import { ApplicationFailure, condition, patched, setHandler } from '@temporalio/workflow';
import { REFUSALS } from '../domain/errors.ts';
import { goOn, haveTimeAgain } from './after-dispute.ts';
import { previewOfCancel } from './cancel-preview.ts';
import { handleChargeCommands } from './charge-commands.ts';
import { followPolicy } from './charge-end.ts';
import { isNews, isNewsWhileRead, liveCheckoutSession, sessionsLookedAt } from './checkout.ts';
import { handleEnrollmentCommands } from './enrollment-commands.ts';
import {
  cancelPreviewQuery,
  checkoutSessionCompletedSignal,
  checkoutSessionExpiredSignal,
  disputesChangedSignal,
  enrollmentStateQuery,
  enrollUpdate,
  openCheckoutSessionUpdate,
  paymentIntentChangedSignal,
  paymentMethodChangedSignal,
  type UntriedCharge,
} from './messages.ts';
import { asCharged, isUntried, requestedCharge } from './new-charges.ts';
import { PATCHES } from './patches.ts';
import { publish } from './presentation.ts';
import { refuse, refuseByStatus } from './refusals.ts';
import { type EnrollmentRun, isDisputed, noteHoldOver, statusOf } from './run.ts';
import { handleScheduleCommands } from './schedule-commands.ts';

export function handleMessages(run: EnrollmentRun): void {
  handleSetup(run);
  handleEnrollmentCommands(run);
  handleScheduleCommands(run);
  handleChargeCommands(run);
  handleSignals(run);
  handleQueries(run);
}

function handleSetup(run: EnrollmentRun): void {
  const { state } = run;
  setHandler(
    enrollUpdate,
    async () => {
      // The first session is on its way, or there has been one.
      await condition(() => (state.checkout.opened > 0 && run.opening === null) || run.end !== null);
      if (run.setupRefusal !== null) {
        if (patched(PATCHES.refusalAfterEnd)) {
          // Only then the row says it too, and a repeat is answered from the row.
          await condition(() => run.ended);
        }
        throw ApplicationFailure.nonRetryable(run.setupRefusal, REFUSALS.SetupRefused);
      }
      await sessionsLookedAt(run);
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
}

function handleSignals(run: EnrollmentRun): void {
  const { state } = run;
  setHandler(checkoutSessionCompletedSignal, ({ checkoutSessionId }) => {
    if (isNews(run, checkoutSessionId) || isNewsWhileRead(run, checkoutSessionId)) {
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
    if (charge === undefined) {
      return;
    }
    // While the first attempt is under way its PaymentIntent is not known here: it is read when it is.
    const unknownYet = charge.paymentIntentId === null && patched(PATCHES.newsBeforeIntent);
    charge.changed ||= unknownYet || charge.paymentIntentId === change.paymentIntentId;
  });

  setHandler(paymentMethodChangedSignal, (change) => {
    const saved = [state.paymentMethod, state.otherMethod].some(
      (method) => method?.id === change.paymentMethodId,
    );
    const told = state.changedMethods.filter((one) => one.paymentMethodId === change.paymentMethodId);
    const waits = told.some((one) => one !== run.methodBeingRead);
    if (saved && !waits && (told.length === 0 || patched(PATCHES.newsWhileMethodIsRead))) {
      state.changedMethods.push(change);
    }
  });

  setHandler(disputesChangedSignal, async ({ chargeId, disputes }) => {
    const before = state.disputes[chargeId] ?? [];
    const now = disputes.map(({ status }) => status);
    const wasDisputed = isDisputed(state);
    state.disputes[chargeId] = now;
    const isOver = wasDisputed && !isDisputed(state);
    if (isOver) {
      noteHoldOver(run, new Date().toISOString());
    }
    const goingOn = isOver ? haveTimeAgain(run) : [];
    publish(run);
    if (now.includes('lost') && !before.includes('lost') && run.end === null) {
      const by = { by: 'stripe', reason: `a dispute of ${chargeId} was lost` };
      // What the dispute held back waits until a person resumes the enrollment: who won a dispute is not charged at once.
      await followPolicy(run, run.terms.afterLostDispute ?? 'cancel', by, 'afterwards');
    }
    await Promise.all(goingOn.map((charge) => goOn(run, charge)));
  });
}

function handleQueries(run: EnrollmentRun): void {
  const { state } = run;
  setHandler(cancelPreviewQuery, (when) => previewOfCancel(run, when));

  setHandler(enrollmentStateQuery, () => ({
    status: statusOf(run),
    paymentMethodId: state.paymentMethod?.id ?? null,
    nextChargeAt: state.schedule.next?.dueAt ?? null,
    nextChargeAmountMinor: asCharged(run, state.schedule.next)?.amountMinor ?? null,
    charges: state.charges.map(({ id, status, amountMinor, attempts, nextAttemptAt }) => ({
      id,
      status,
      amountMinor,
      attempts,
      nextAttemptAt,
    })),
    chargesSucceeded: state.chargesSucceeded,
    amountCollectedMinor: state.amountCollectedMinor,
    balanceMinor: state.balanceMinor,
    cancelAt: state.cancelLater?.at ?? null,
    untried: untried(run),
    disputed: isDisputed(state),
    pausedUntil: state.paused?.resumeAt ?? null,
  }));
}

function untried({ state }: EnrollmentRun): UntriedCharge[] {
  const opened = state.charges.filter(isUntried);
  return [...opened, ...state.requestedCharges.map(requestedCharge)].map(
    ({ id, number, origin, description, amountMinor, dueAt }) => ({
      id,
      number,
      origin,
      description,
      amountMinor,
      dueAt,
    }),
  );
}
