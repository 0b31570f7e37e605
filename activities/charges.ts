/**
 * The Activities that try a charge: off-session when it is due, on-session while the customer is there. Called by
 * `workflows/charge.ts`, on Stripe's Task Queue. Each asks Stripe, writes the rows in one transaction and reports what
 * the Workflow must know. None of them decides to start an attempt.
 */
import { Context } from '@temporalio/activity';
import { ApplicationFailure } from '@temporalio/common';
import { isExpired } from '../domain/card-expiry.ts';
import type { ChargeOutcome } from '../domain/charge-outcome.ts';
import { DEFECTS } from '../domain/errors.ts';
import { attemptKey } from '../domain/ids.ts';
import { decideOn } from './charge-decision.ts';
import { type AttemptMade, recordCharge } from './charge-record.ts';
import { type CardExpiry, type ChargeReport, type ChargeWork, reportOf } from './charge-work.ts';
import type { ActivityDeps } from './deps.ts';
import {
  type Attempt,
  confirmOffSession,
  confirmOnSession,
  type Tries,
  withoutUsableMethod,
} from './payment-attempts.ts';
import { refreshPaymentMethod } from './payment-method-refresh.ts';
import { upcomingAfter } from './upcoming.ts';

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
