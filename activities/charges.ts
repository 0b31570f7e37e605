/**
 * The Activities of a charge: collect, read, cancel, park. Called by `workflows/charge.ts`, on Stripe's Task
 * Queue. Each asks Stripe, writes the rows in one transaction and reports what the Workflow must know. None of
 * them decides to start an attempt.
 */
import { Context } from '@temporalio/activity';
import { ApplicationFailure } from '@temporalio/common';
import { saveCharge } from '../db/charges.ts';
import { touchEnrollment } from '../db/enrollments.ts';
import { insertNotification } from '../db/notifications.ts';
import { tell } from '../db/timeline.ts';
import { isExpired } from '../domain/card-expiry.ts';
import type { Asker, OpenCharge } from '../domain/charge-life.ts';
import type { ChargeOutcome, PaymentIntentOutcome } from '../domain/charge-outcome.ts';
import { chargeAfterReading } from '../domain/charge-states.ts';
import { DEFECTS } from '../domain/errors.ts';
import { attemptKey, operationKey } from '../domain/ids.ts';
import type { ScheduleChanges } from '../domain/schedule-changes.ts';
import type { ChargeStatus } from '../domain/statuses.ts';
import type { Terms } from '../domain/terms.ts';
import { decideOn } from './charge-decision.ts';
import {
  type AttemptMade,
  type ChargeContext,
  chargeNotice,
  chargeRow,
  type DunningStep,
  recordCharge,
} from './charge-record.ts';
import type { ActivityDeps } from './deps.ts';
import {
  type Attempt,
  cancelPaymentIntent,
  confirmOffSession,
  confirmOnSession,
  lookUp,
  readPaymentIntent,
  type Tries,
  withoutUsableMethod,
} from './payment-intents.ts';
import { refreshPaymentMethod } from './payment-method-refresh.ts';
import { type Upcoming, upcomingAfter } from './upcoming.ts';

export interface ChargeWork {
  charge: OpenCharge;
  context: ChargeContext;
  /** With the retries that were added for this charge. */
  terms: Terms;
  stripeCustomerId: string;
  paymentMethodId: string;
  paymentMethodType: string;
  /** Of the card; null for methods that do not expire. */
  expires: CardExpiry | null;
  /** Another saved method may be tried when this one is declined for good. */
  otherMethodAllowed: boolean;
  /** ISO 8601, UTC: the Workflow's clock. */
  at: string;
  /** Set on the first attempt of a scheduled charge: also say what comes next on the schedule. */
  planAfter: { anchorAt: string; occurrence: number; changes: ScheduleChanges } | null;
  /** Who asked for it; null when it happens by itself. */
  by: Asker | null;
}

export interface CardExpiry {
  expMonth: number;
  expYear: number;
}

export interface ChargeReport {
  /** `not_made`: certain that nothing happened at Stripe; a new attempt may follow. */
  status: ChargeStatus | 'not_made';
  paymentIntentId: string | null;
  amountReceivedMinor: number;
  dunning: DunningStep | null;
  hold: PaymentIntentOutcome['hold'];
  /** Where the customer confirms. */
  redirectUrl: string | null;
  /** Canceled by Stripe itself. */
  lapsed: boolean;
  /** Absent when no plan was asked for. */
  upcoming?: Upcoming;
  /** Present when the card network had sent a new expiry. */
  expires?: CardExpiry | null;
}

export function createChargeActivities(deps: ActivityDeps) {
  return {
    /**
     * Makes one attempt: creates the PaymentIntent and confirms it, or confirms the one there is. The attempt's
     * number and method are `charge.attempts + 1` and `paymentMethodId`. A card that has expired is not tried: the
     * customer is asked for another one. Safe to repeat.
     */
    async collectCharge(work: ChargeWork & { why: string }): Promise<ChargeReport> {
      const tries = triesSoFar();
      const attempt = attemptOf(work);
      const expires = await newerExpiry(work);
      const isOver = expires !== undefined && (expires === null || isExpired(expires, work.at));
      const outcome = isOver
        ? await withoutUsableMethod(deps.stripe, attempt, 'expired_card')
        : await confirmOffSession(deps.stripe, attempt, tries);
      const at = new Date(Date.parse(work.at) + tries.sinceFirstMs).toISOString();
      const report = await recorded(work, outcome, at);
      return expires === undefined ? report : { ...report, expires };
    },

    /**
     * Confirms the charge's PaymentIntent while the customer is there. The report says where they confirm, if the bank
     * wants them to. Safe to repeat.
     */
    async authenticateCharge(work: ChargeWork): Promise<ChargeReport> {
      const { charge, context, at } = work;
      if (charge.paymentIntentId === null) {
        throw ApplicationFailure.nonRetryable(
          `${charge.id} has no PaymentIntent to confirm`,
          DEFECTS.BooksDisagree,
        );
      }
      const link = await deps.links.create(context.enrollmentId, at);
      const outcome = await confirmOnSession(
        deps.stripe,
        { ...attemptOf(work), paymentIntentId: charge.paymentIntentId },
        `${link}/return?charge_id=${charge.id}`,
        triesSoFar(),
      );
      return recorded({ ...work, why: 'on_session' }, outcome, at);
    },

    /** Reads the charge's PaymentIntent and follows what it says. Safe to repeat. */
    async readCharge(work: ChargeWork): Promise<ChargeReport> {
      const { charge, context, at } = work;
      if (charge.paymentIntentId === null) {
        throw ApplicationFailure.nonRetryable(
          `${charge.id} has no PaymentIntent to read`,
          DEFECTS.BooksDisagree,
        );
      }
      const outcome = await readPaymentIntent(deps.stripe, charge.paymentIntentId, work.paymentMethodType);
      // What is read again and stands as it stood is no second decline; an older truth is none at all.
      const status = chargeAfterReading(charge.status, outcome.status);
      const news = status !== charge.status;
      const dunning = news ? await decideOn(deps, work, outcome, at) : null;
      if (news) {
        const attempt: AttemptMade = {
          number: charge.attempts,
          key: attemptKey(context.enrollmentId, charge.id, charge.attempts),
          paymentMethodId: charge.triedPaymentMethodId ?? work.paymentMethodId,
          why: 'read from Stripe',
        };
        await recordCharge(deps.db, {
          charge,
          context,
          at,
          outcome,
          attempt: charge.attempts > 0 ? attempt : null,
          dunning,
        });
      }
      return reportOf(outcome, { status, dunning });
    },

    /**
     * Ends a charge that takes no money: cancels its PaymentIntent, also one whose answer was never learned. When Stripe
     * refuses, the report shows the status that forbids it and nothing is given up. Safe to repeat.
     */
    async cancelCharge(
      work: ChargeWork & { as: 'canceled' | 'uncollectible'; by: Asker },
    ): Promise<ChargeReport> {
      const { charge, context, at } = work;
      const found =
        charge.paymentIntentId === null && charge.attempts === 0 && charge.status === 'scheduled'
          ? null
          : await lookUp(
              deps.stripe,
              { chargeId: charge.id, stripeCustomerId: work.stripeCustomerId },
              charge.paymentIntentId,
            );
      const outcome: PaymentIntentOutcome | null =
        found === null
          ? null
          : await cancelPaymentIntent(deps.stripe, found.id, work.paymentMethodType, {
              reason: work.as === 'canceled' ? 'requested_by_customer' : 'abandoned',
              idempotencyKey: operationKey(context.enrollmentId, `${charge.id}/cancel-${charge.cancelTries}`),
            });
      if (outcome !== null && outcome.status !== 'canceled') {
        if (outcome.status !== charge.status) {
          await recordCharge(deps.db, { charge, context, at, outcome, attempt: null, dunning: null });
        }
        return reportOf(outcome, { dunning: null });
      }
      await deps.db.transaction().execute(async (trx) => {
        await saveCharge(trx, {
          ...chargeRow(
            { charge, context, at, outcome: outcome ?? { kind: 'not_made' }, attempt: null, dunning: null },
            work.as,
          ),
          last_code: null,
          status_reason: work.by.reason,
        });
        await tell(trx, context.enrollmentId, [
          {
            key: `${charge.id}/${work.as}`,
            chargeId: charge.id,
            at,
            what: `charge.${work.as}`,
            who: work.by.by,
            why: work.by.reason,
          },
        ]);
        if (work.as === 'uncollectible') {
          await insertNotification(
            trx,
            chargeNotice({ charge, context, at, attempt: null, dunning: null }, 'charge_given_up'),
          );
        }
        await touchEnrollment(trx, context.enrollmentId, { at });
      });
      return reportOf(outcome ?? { kind: 'not_made' }, { status: work.as, dunning: null });
    },

    /** Records that a charge needs a person, and plans the next one, so that only this charge waits. Safe to repeat. */
    async parkCharge(work: ChargeWork & { problem: string }): Promise<ChargeReport> {
      const { charge, context, at, problem } = work;
      const upcoming = upcomingAfter(work, at);
      await deps.db.transaction().execute(async (trx) => {
        await saveCharge(trx, {
          ...chargeRow(
            { charge, context, at, outcome: { kind: 'not_made' }, attempt: null, dunning: null },
            'needs_attention',
          ),
          status_reason: problem,
        });
        await tell(trx, context.enrollmentId, [
          {
            key: `${charge.id}/attempt-${charge.attempts + 1}/parked-${at}`,
            chargeId: charge.id,
            at,
            what: 'charge.needs_attention',
            who: 'workflow',
            why: problem,
          },
        ]);
        await touchEnrollment(
          trx,
          context.enrollmentId,
          upcoming === undefined ? { at } : { at, next: upcoming.next },
        );
      });
      return reportOf(
        { kind: 'not_made' },
        {
          status: 'needs_attention',
          paymentIntentId: charge.paymentIntentId,
          dunning: null,
          ...(upcoming === undefined ? {} : { upcoming }),
        },
      );
    },
  };

  function triesSoFar(): Tries {
    const { attempt, scheduledTimestampMs, currentAttemptScheduledTimestampMs } = Context.current().info;
    return { number: attempt, sinceFirstMs: currentAttemptScheduledTimestampMs - scheduledTimestampMs };
  }

  /** Writes what an attempt came to, with what follows on a decline and what comes next on the schedule. */
  async function recorded(
    work: ChargeWork & { why: string },
    outcome: ChargeOutcome,
    at: string,
  ): Promise<ChargeReport> {
    const { charge, context } = work;
    const number = charge.attempts + 1;
    const attempt: AttemptMade = {
      number,
      key: attemptKey(context.enrollmentId, charge.id, number),
      paymentMethodId: work.paymentMethodId,
      why: work.why,
    };
    const dunning = outcome.kind === 'payment_intent' ? await decideOn(deps, work, outcome, at) : null;
    const upcoming = upcomingAfter(work, at);
    await recordCharge(deps.db, {
      charge,
      context,
      at,
      outcome,
      attempt,
      dunning,
      ...(work.by === null ? {} : { by: work.by }),
      ...(upcoming === undefined ? {} : { next: upcoming.next, passedOver: upcoming.passedOver }),
    });
    return reportOf(outcome, { dunning, ...(upcoming === undefined ? {} : { upcoming }) });
  }

  /** The card's expiry as the network has it now, when the one that we know is over; undefined when it is good. */
  async function newerExpiry(work: ChargeWork): Promise<CardExpiry | null | undefined> {
    if (work.expires === null || !isExpired(work.expires, work.at)) {
      return undefined;
    }
    return (await refreshPaymentMethod(deps, work.paymentMethodId, work.at)).expires;
  }
}

function attemptOf(work: ChargeWork): Attempt {
  const { charge, context, terms } = work;
  return {
    enrollmentId: context.enrollmentId,
    chargeId: charge.id,
    attempt: charge.attempts + 1,
    amountMinor: charge.amountMinor,
    currency: context.currency,
    description: charge.description ?? context.description,
    captureMethod: terms.captureMethod,
    stripeCustomerId: work.stripeCustomerId,
    paymentMethodId: work.paymentMethodId,
    paymentMethodType: work.paymentMethodType,
    paymentIntentId: charge.paymentIntentId,
  };
}

/** What the Workflow must know of an outcome. */
export function reportOf(
  outcome: ChargeOutcome,
  more: Pick<ChargeReport, 'dunning'> & Partial<ChargeReport>,
): ChargeReport {
  const found = outcome.kind === 'payment_intent' ? outcome : null;
  return {
    status: found?.status ?? 'not_made',
    paymentIntentId: found?.paymentIntentId ?? null,
    amountReceivedMinor: found?.amountReceivedMinor ?? 0,
    hold: found?.hold ?? null,
    redirectUrl: found?.redirectUrl ?? null,
    lapsed: found?.lapsed ?? false,
    ...more,
  };
}
