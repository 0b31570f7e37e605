/**
 * The Activities that try a charge: off-session when it is due, on-session while the customer is there. Called by
 * `workflows/charge.ts`. Each asks Stripe, writes the rows at once and reports what the Workflow must know. None of them
 * decides to start an attempt.
 */
import { Context } from '@temporalio/activity';
import { findCustomerOf } from '../db/customers.ts';
import { findMandateId } from '../db/saved-method.ts';
import { isExpired } from '../domain/card-expiry.ts';
import type { ChargeOutcome, PaymentIntentOutcome } from '../domain/charge-outcome.ts';
import { attemptKey } from '../domain/ids.ts';
import { namesItsMandate } from '../domain/payment-methods.ts';
import { type ClaimedPlace, claimPlace } from './charge-claim.ts';
import { decideOn } from './charge-decision.ts';
import { type AttemptMade, recordCharge } from './charge-record.ts';
import {
  type AskedOfAttempt,
  type AskedOfCharge,
  type CardExpiry,
  type ChargeWork,
  reportOf,
  type ToldReport,
  workOf,
} from './charge-work.ts';
import { replaceDeletedCustomer } from './customers.ts';
import { defect } from './defect.ts';
import type { ActivityDeps } from './deps.ts';
import {
  type Attempt,
  CustomerMissing,
  confirmOffSession,
  confirmOnSession,
  type Tries,
  withoutUsableMethod,
} from './payment-attempts.ts';
import { withReason } from './payment-intent-outcome.ts';
import { readPaymentIntent } from './payment-intents.ts';
import { refreshPaymentMethod } from './payment-method-refresh.ts';
import { failureOf } from './stripe-errors.ts';
import { upcomingAfter } from './upcoming.ts';

export function createChargeActivities(deps: ActivityDeps) {
  return {
    /**
     * Makes one attempt: creates the PaymentIntent and confirms it, or confirms the one there is. The attempt's
     * number and method are `charge.attempts + 1` and `paymentMethodId`. A card that has expired is not tried: the
     * customer is asked for another one; so they are when their Customer was deleted at Stripe, with its methods. Safe to
     * repeat.
     * @throws ApplicationFailure `BooksDisagree` when another charge has its occurrence or request: Stripe is not asked
     */
    async collectCharge(asked: AskedOfCharge & AskedOfAttempt): Promise<ToldReport> {
      const work = workOf(asked);
      const tries = triesSoFar();
      const { madeIntentId: made, mayBeMade } = await claimed(work, tries);
      if (made !== null) {
        const outcome = await readPaymentIntent(deps.stripe, made, work.paymentMethodType);
        if (answersAttempt(outcome, tries)) {
          return recorded(work, outcome, atOf(work, tries));
        }
      }
      const attempt = {
        ...(await attemptOf(work)),
        ...(made !== null && tries.number === 1 ? { paymentIntentId: made } : {}),
        ...(mayBeMade ? { mayBeMade } : {}),
      };
      const expires = await newerExpiry(work);
      const isOver = expires !== undefined && (expires === null || isExpired(expires, work.at));
      const outcome = await (isOver
        ? withoutUsableMethod(deps.stripe, attempt, 'expired_card', tries)
        : confirmOffSession(deps.stripe, attempt, tries)
      ).catch((error: unknown) => ofNewCustomer(work, attempt, tries, error));
      const report = await recorded(work, outcome, atOf(work, tries));
      return expires === undefined ? report : { ...report, expires };
    },

    /**
     * Confirms the charge's PaymentIntent while the customer is there. The report says where they confirm, if the bank
     * wants them to. Safe to repeat.
     */
    async authenticateCharge(asked: AskedOfCharge): Promise<ToldReport> {
      const work = workOf(asked);
      const { charge, context, at } = work;
      if (charge.paymentIntentId === null) {
        throw defect('BooksDisagree', `${charge.id} has no PaymentIntent to confirm`);
      }
      const link = await deps.links.create(context.enrollmentId, at);
      const outcome = await confirmOnSession(
        deps.stripe,
        { ...(await attemptOf(work)), paymentIntentId: charge.paymentIntentId },
        `${link}/return?charge_id=${charge.id}`,
        triesSoFar(),
      );
      return recorded({ ...work, why: 'on_session' }, outcome, at);
    },
  };

  /**
   * Before a PaymentIntent is created, the charge's place is claimed. A Workflow that was reset, or restored from an older
   * backup, may ask again for what its rows know to be made, or was made and never written.
   */
  async function claimed({ charge, context, at }: ChargeWork, tries: Tries): Promise<ClaimedPlace> {
    return charge.paymentIntentId === null
      ? claimPlace(deps.db, { charge, context, at }, tries.number === 1)
      : { madeIntentId: null, mayBeMade: false };
  }

  /** With a new Customer of ours in the place of a deleted one, the charge waits for a method like any other. */
  async function ofNewCustomer(
    work: ChargeWork,
    attempt: Attempt,
    tries: Tries,
    error: unknown,
  ): Promise<ChargeOutcome> {
    if (!(error instanceof CustomerMissing)) {
      throw error;
    }
    const { enrollmentId } = work.context;
    const stripeCustomerId = await customerInstead(enrollmentId, attempt.stripeCustomerId, work.at);
    if (stripeCustomerId === null) {
      throw error.failure;
    }
    const asked = { ...attempt, stripeCustomerId };
    try {
      return await withoutUsableMethod(deps.stripe, asked, 'payment_method_unusable', tries);
    } catch (again) {
      // The one in its place may be gone as well; it is another one each time, so that this ends.
      return ofNewCustomer(work, asked, tries, again);
    }
  }

  /** The one that is, or now comes, in the place of one that Stripe does not have; null when none is to. */
  async function customerInstead(enrollmentId: string, gone: string, at: string): Promise<string | null> {
    const known = await findCustomerOf(deps.db, enrollmentId);
    if (known.stripe_customer_id !== null && known.stripe_customer_id !== gone) {
      return known.stripe_customer_id;
    }
    const deleted = { ...known, stripe_customer_id: gone };
    try {
      const result = await replaceDeletedCustomer(deps, deleted, { enrollmentId, at });
      return result.kind === 'replaced' ? result.stripeCustomerId : null;
    } catch (error) {
      throw failureOf(error, `replacing ${gone}`);
    }
  }

  /** When this try was scheduled, and with it the wait before, is the server's word. */
  function triesSoFar(): Tries {
    const { attempt, scheduledTimestampMs, currentAttemptScheduledTimestampMs } = Context.current().info;
    const byServerMs = currentAttemptScheduledTimestampMs - scheduledTimestampMs;
    // How long it then waited for a Worker, for days when none is there, only the clock of this host can tell.
    const byHostMs = Date.now() - scheduledTimestampMs;
    return {
      number: attempt,
      sinceFirstMs: byHostMs > byServerMs + CLOCKS_DIFFER_BY_MS ? byHostMs : byServerMs,
    };
  }

  /** Writes what an attempt came to, with what follows on a decline and what comes next on the schedule. */
  async function recorded(
    work: ChargeWork & { why: string },
    seen: ChargeOutcome,
    at: string,
  ): Promise<ToldReport> {
    const { charge, context } = work;
    const outcome = seen.kind === 'payment_intent' ? withReason(seen, work.paymentMethodType) : seen;
    const number = charge.attempts + 1;
    const attempt: AttemptMade = {
      number,
      key: attemptKey(context.enrollmentId, charge.id, number),
      paymentMethodId: work.paymentMethodId,
      why: work.why,
    };
    const dunning =
      outcome.kind === 'payment_intent' ? await decideOn(deps, work, outcome, at, attempt) : null;
    const upcoming = upcomingAfter(work, at);
    await recordCharge(deps.db, {
      charge,
      context,
      at,
      outcome,
      attempt,
      dunning,
      afterLastTry: work.terms.dunning.afterLastTry,
      ...(work.by === null ? {} : { by: work.by }),
      ...(upcoming === undefined ? {} : { next: upcoming.next, passedOver: upcoming.passedOver ?? 0 }),
      expiresBeforeNext: upcoming?.next != null && isExpired(work.expires ?? NEVER, upcoming.next.dueAt),
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

  async function attemptOf(work: ChargeWork): Promise<Attempt> {
    const { charge, context, terms, paymentMethodId, paymentMethodType } = work;
    const mandateId = namesItsMandate(paymentMethodType)
      ? await findMandateId(deps.db, paymentMethodId)
      : null;
    return {
      enrollmentId: context.enrollmentId,
      chargeId: charge.id,
      attempt: charge.attempts + 1,
      amountMinor: charge.amountMinor,
      currency: context.currency,
      description: charge.description ?? context.description,
      captureMethod: terms.captureMethod,
      stripeCustomerId: work.stripeCustomerId,
      paymentMethodId,
      paymentMethodType,
      ...(mandateId === null ? {} : { mandateId }),
      paymentIntentId: charge.paymentIntentId,
    };
  }
}

/** What the clocks of hosts may differ by: a shorter wait is not told from that. Stripe keeps a key for longer than is trusted. */
const CLOCKS_DIFFER_BY_MS = 3_600_000;
/** Methods other than cards. */
const NEVER = { expMonth: null, expYear: null };

/** The Workflow's clock, moved on by the time that this Activity has been tried. */
function atOf(work: ChargeWork, tries: Tries): string {
  return new Date(Date.parse(work.at) + tries.sinceFirstMs).toISOString();
}

/**
 * Whether what a PaymentIntent says is the attempt's answer. One that took no money may be confirmed again, but for the
 * decline of an attempt that the Workflow has forgotten.
 */
function answersAttempt({ status, decline }: PaymentIntentOutcome, tries: Tries): boolean {
  return status !== 'requires_payment_method' || (tries.number === 1 && decline !== null);
}
