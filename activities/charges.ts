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
import { bookMovement, tell } from '../db/timeline.ts';
import type { OpenCharge } from '../domain/charge-life.ts';
import type { PaymentIntentOutcome } from '../domain/charge-outcome.ts';
import { chargeAfterReading } from '../domain/charge-states.ts';
import { classifyDecline } from '../domain/declines.ts';
import { decideDunning } from '../domain/dunning.ts';
import { DEFECTS } from '../domain/errors.ts';
import { attemptKey, operationKey } from '../domain/ids.ts';
import { retryAt } from '../domain/retry-time.ts';
import { planAfter } from '../domain/schedule.ts';
import type { ChargeStatus } from '../domain/statuses.ts';
import type { PlannedCharge, Terms } from '../domain/terms.ts';
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
  cancelPaymentIntent,
  confirmOffSession,
  lookUp,
  outcomeOf,
  readPaymentIntent,
} from './payment-intents.ts';
import { failureOf } from './stripe-errors.ts';

export interface ChargeWork {
  charge: OpenCharge;
  context: ChargeContext;
  terms: Terms;
  stripeCustomerId: string;
  paymentMethodId: string;
  paymentMethodType: string;
  /** ISO 8601, UTC: the Workflow's clock. */
  at: string;
  /** Set on the first attempt of a scheduled charge: also say what comes next on the schedule. */
  planAfter: { anchorAt: string; occurrence: number } | null;
}

export interface ChargeReport {
  /** `not_made`: certain that nothing happened at Stripe; a new attempt may follow. */
  status: ChargeStatus | 'not_made';
  paymentIntentId: string | null;
  amountReceivedMinor: number;
  dunning: DunningStep | null;
  /** Absent when no plan was asked for. */
  next?: PlannedCharge | null;
}

export function createChargeActivities(deps: ActivityDeps) {
  return {
    /**
     * Makes one attempt: creates the PaymentIntent and confirms it, or confirms the one there is. The attempt's
     * number and method are `charge.attempts + 1` and `paymentMethodId`. Safe to repeat.
     */
    async collectCharge(work: ChargeWork & { why: string }): Promise<ChargeReport> {
      const { charge, context, terms } = work;
      const {
        attempt: tries,
        scheduledTimestampMs,
        currentAttemptScheduledTimestampMs,
      } = Context.current().info;
      const sinceFirstMs = currentAttemptScheduledTimestampMs - scheduledTimestampMs;
      const number = charge.attempts + 1;
      const outcome = await confirmOffSession(
        deps.stripe,
        {
          enrollmentId: context.enrollmentId,
          chargeId: charge.id,
          attempt: number,
          amountMinor: charge.amountMinor,
          currency: context.currency,
          description: charge.description ?? context.description,
          captureMethod: terms.captureMethod,
          stripeCustomerId: work.stripeCustomerId,
          paymentMethodId: work.paymentMethodId,
          paymentMethodType: work.paymentMethodType,
          paymentIntentId: charge.paymentIntentId,
        },
        { number: tries, sinceFirstMs },
      );
      const at = new Date(Date.parse(work.at) + sinceFirstMs).toISOString();
      const attempt: AttemptMade = {
        number,
        key: attemptKey(context.enrollmentId, charge.id, number),
        paymentMethodId: work.paymentMethodId,
        why: work.why,
      };
      const dunning = outcome.kind === 'payment_intent' ? await decide(work, outcome, at) : null;
      const next = planned(work, at);
      await recordCharge(deps.db, {
        charge,
        context,
        at,
        outcome,
        attempt,
        dunning,
        ...(next === undefined ? {} : { next }),
      });
      return {
        status: outcome.kind === 'payment_intent' ? outcome.status : 'not_made',
        paymentIntentId: outcome.kind === 'payment_intent' ? outcome.paymentIntentId : null,
        amountReceivedMinor: outcome.kind === 'payment_intent' ? outcome.amountReceivedMinor : 0,
        dunning,
        ...(next === undefined ? {} : { next }),
      };
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
      const dunning = news ? await decide(work, outcome, at) : null;
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
      return {
        status,
        paymentIntentId: outcome.paymentIntentId,
        amountReceivedMinor: outcome.amountReceivedMinor,
        dunning,
      };
    },

    /**
     * Ends a charge that takes no money: cancels its PaymentIntent, also one whose answer was never learned. When Stripe
     * refuses, the report shows the status that forbids it and nothing is given up. Safe to repeat.
     */
    async cancelCharge(
      work: ChargeWork & { as: 'canceled' | 'uncollectible'; reason: string | null; who: string },
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
        return { ...outcome, dunning: null };
      }
      await deps.db.transaction().execute(async (trx) => {
        await saveCharge(trx, {
          ...chargeRow(
            { charge, context, at, outcome: outcome ?? { kind: 'not_made' }, attempt: null, dunning: null },
            work.as,
          ),
          last_code: null,
          status_reason: work.reason,
        });
        await tell(trx, context.enrollmentId, [
          {
            key: `${charge.id}/${work.as}`,
            chargeId: charge.id,
            at,
            what: `charge.${work.as}`,
            who: work.who,
            why: work.reason,
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
      return {
        status: work.as,
        paymentIntentId: outcome?.paymentIntentId ?? null,
        amountReceivedMinor: 0,
        dunning: null,
      };
    },

    /** Records that a charge needs a person, and plans the next one, so that only this charge waits. Safe to repeat. */
    async parkCharge(
      work: Omit<ChargeWork, 'stripeCustomerId'> & { problem: string },
    ): Promise<ChargeReport> {
      const { charge, context, at, problem } = work;
      const next = planned(work, at);
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
        await touchEnrollment(trx, context.enrollmentId, next === undefined ? { at } : { at, next });
      });
      return {
        status: 'needs_attention',
        paymentIntentId: charge.paymentIntentId,
        amountReceivedMinor: 0,
        dunning: null,
        ...(next === undefined ? {} : { next }),
      };
    },

    /** Gives the whole of a charge back. Safe to repeat: one refund per charge under this key. */
    async refundCharge(work: {
      charge: OpenCharge;
      context: ChargeContext;
      at: string;
      reason: string;
    }): Promise<void> {
      const { charge, context, at } = work;
      if (charge.paymentIntentId === null) {
        throw ApplicationFailure.nonRetryable(
          `${charge.id} has no PaymentIntent to refund`,
          DEFECTS.BooksDisagree,
        );
      }
      const refund = await deps.stripe.refunds
        .create(
          {
            payment_intent: charge.paymentIntentId,
            metadata: { enrollment_id: context.enrollmentId, charge_id: charge.id },
          },
          { idempotencyKey: operationKey(context.enrollmentId, `${charge.id}/refund-late-success`) },
        )
        .catch((error: unknown) => {
          throw failureOf(error, `refunding ${charge.id}`);
        });
      await deps.db.transaction().execute(async (trx) => {
        const isNew = await bookMovement(trx, {
          enrollment_id: context.enrollmentId,
          charge_id: charge.id,
          kind: 'refund',
          amount_minor: -refund.amount,
          currency: context.currency,
          stripe_object_id: refund.id,
          at,
        });
        if (isNew) {
          await trx
            .updateTable('charges')
            .set((eb) => ({ refunded_minor: eb('refunded_minor', '+', refund.amount), updated_at: at }))
            .where('id', '=', charge.id)
            .execute();
        }
        await tell(trx, context.enrollmentId, [
          {
            key: `${charge.id}/refund/${refund.id}`,
            chargeId: charge.id,
            at,
            what: 'charge.refunded',
            who: 'workflow',
            why: work.reason,
          },
        ]);
        await insertNotification(
          trx,
          chargeNotice({ charge, context, at, attempt: null, dunning: null }, 'charge_refunded'),
        );
      });
    },
  };

  async function decide(
    work: ChargeWork,
    outcome: PaymentIntentOutcome,
    at: string,
  ): Promise<DunningStep | null> {
    const facts = outcome.decline;
    if (facts === null) {
      return null;
    }
    const { charge, terms } = work;
    const counts = await attemptsOnCard(work.paymentMethodId, charge.amountMinor, at);
    const firstDeclinedAt = charge.firstDeclinedAt ?? at;
    const ask = (looked: boolean) => {
      const decline = classifyDecline(facts, looked);
      const decision = decideDunning({
        decline,
        policy: terms.dunning,
        automaticRetriesUsed: charge.automaticRetries,
        daysSinceFirstDecline: (Date.parse(at) - Date.parse(firstDeclinedAt)) / 86_400_000,
        paymentMethodType: facts.paymentMethodType,
        network: facts.network,
        ...counts,
        otherMethodAllowed: false,
      });
      return { decline, decision };
    };
    let { decline, decision } = ask(false);
    if (decision.kind === 'look_first') {
      await refuseSecondPayment(work, outcome.paymentIntentId);
      ({ decline, decision } = ask(true));
    }
    if (decision.kind === 'look_first' || decision.kind === 'try_other_method') {
      throw ApplicationFailure.nonRetryable(
        `dunning answered ${decision.kind} where it cannot`,
        DEFECTS.BooksDisagree,
      );
    }
    return {
      ...decision,
      customerReason: decline.customerReason,
      nextAttemptAt:
        decision.kind === 'retry' ? retryAt(at, decision.afterDays, work.context.timeZone) : null,
      giveUpAt:
        decision.kind === 'ask_customer' || decision.kind === 'authenticate'
          ? new Date(Date.parse(at) + decision.giveUpAfterDays * 86_400_000).toISOString()
          : null,
    };
  }

  async function attemptsOnCard(paymentMethodId: string, amountMinor: number, at: string) {
    const dayAgo = new Date(Date.parse(at) - 86_400_000);
    const monthAgo = new Date(Date.parse(at) - 30 * 86_400_000);
    const row = await deps.db
      .selectFrom('charge_attempts')
      .innerJoin('charges', 'charges.id', 'charge_attempts.charge_id')
      .where('charge_attempts.payment_method_id', '=', paymentMethodId)
      .where('charges.amount_minor', '=', amountMinor)
      .where('charge_attempts.attempted_at', '>', monthAgo)
      .select((eb) => [
        eb.fn.countAll<number>().as('month'),
        eb.fn.countAll<number>().filterWhere('charge_attempts.attempted_at', '>', dayAgo).as('day'),
      ])
      .executeTakeFirstOrThrow();
    // The attempt in hand is not written yet.
    return { attemptsOnThisCard24h: Number(row.day) + 1, attemptsOnThisCard30d: Number(row.month) + 1 };
  }

  /** `duplicate_transaction`: another PaymentIntent of this charge that succeeded would mean a double charge ahead. */
  async function refuseSecondPayment(work: ChargeWork, paymentIntentId: string): Promise<void> {
    const other = await lookUp(
      deps.stripe,
      { chargeId: work.charge.id, stripeCustomerId: work.stripeCustomerId },
      null,
    );
    if (
      other !== null &&
      other.id !== paymentIntentId &&
      outcomeOf(other, work.paymentMethodType).status !== 'canceled'
    ) {
      throw ApplicationFailure.nonRetryable(
        `${work.charge.id} has two PaymentIntents, ${other.id} and ${paymentIntentId}`,
        DEFECTS.BooksDisagree,
      );
    }
  }
}

function planned(
  work: { terms: Terms; planAfter: ChargeWork['planAfter'] },
  at: string,
): PlannedCharge | null | undefined {
  if (work.planAfter === null) {
    return undefined;
  }
  const { anchorAt, occurrence } = work.planAfter;
  const plan = planAfter(work.terms.schedule, anchorAt, occurrence, at, work.terms.catchUp);
  return plan.due[0] ?? plan.next;
}
