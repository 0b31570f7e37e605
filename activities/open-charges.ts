/**
 * What is done about an open charge besides trying it: read, cancel, park. Called by `workflows/charge.ts`. Each asks Stripe, writes the rows in one transaction and reports what the Workflow must know.
 */
import { saveAttempt, saveCharge } from '../db/charges.ts';
import { touchEnrollment } from '../db/enrollments.ts';
import { insertNotification } from '../db/notifications.ts';
import { tell } from '../db/timeline.ts';
import type { PaymentIntentOutcome } from '../domain/charge-outcome.ts';
import { chargeAfterReading } from '../domain/charge-states.ts';
import { DEFECTS } from '../domain/errors.ts';
import { attemptKey, operationKey } from '../domain/ids.ts';
import type { Asker } from '../domain/open-charge.ts';
import { rowInPlace } from './charge-claim.ts';
import { decideOn } from './charge-decision.ts';
import { type AttemptMade, attemptRow, chargeNotice, chargeRow, recordCharge } from './charge-record.ts';
import { type AskedOfCharge, type ChargeWork, reportOf, type ToldReport, workOf } from './charge-work.ts';
import { defect } from './defect.ts';
import type { ActivityDeps } from './deps.ts';
import { freshKey } from './fresh-key.ts';
import { withReason } from './payment-intent-outcome.ts';
import { cancelPaymentIntent, lookUp, readPaymentIntent } from './payment-intents.ts';
import { upcomingAfter } from './upcoming.ts';

export function createOpenChargeActivities(deps: ActivityDeps) {
  return {
    /** Reads the charge's PaymentIntent and follows what it says. Safe to repeat. */
    async readCharge(asked: AskedOfCharge): Promise<ToldReport> {
      const work = workOf(asked);
      const { charge, context, at } = work;
      if (charge.paymentIntentId === null) {
        throw defect('BooksDisagree', `${charge.id} has no PaymentIntent to read`);
      }
      const seen = await readPaymentIntent(deps.stripe, charge.paymentIntentId, work.paymentMethodType);
      // What is read again and stands as it stood is no second decline; an older truth is none at all.
      const status = chargeAfterReading(charge.status, seen.status);
      const news = status !== charge.status;
      const outcome = news && charge.attempts > 0 ? withReason(seen, work.paymentMethodType) : seen;
      const attempt: AttemptMade = {
        number: charge.attempts,
        key: attemptKey(context.enrollmentId, charge.id, charge.attempts),
        paymentMethodId: charge.triedPaymentMethodId ?? work.paymentMethodId,
        why: 'read from Stripe',
      };
      const dunning = news ? await decideOn(deps, work, outcome, at, attempt) : null;
      if (news) {
        await recordCharge(deps.db, {
          charge,
          context,
          at,
          outcome,
          attempt: charge.attempts > 0 ? attempt : null,
          dunning,
          afterLastTry: work.terms.dunning.afterLastTry,
        });
      }
      return reportOf(outcome, { status, dunning });
    },

    /**
     * Ends a charge that takes no money: cancels its PaymentIntent, also one whose answer was never learned, or that the
     * rows know and the Workflow does not. When Stripe refuses, the report shows the status that forbids it and nothing
     * is given up. Safe to repeat.
     */
    async cancelCharge(
      asked: AskedOfCharge & { as: 'canceled' | 'uncollectible'; by: Asker },
    ): Promise<ToldReport> {
      const work = workOf(asked);
      const { charge, context, at } = work;
      const place = await rowInPlace(deps.db, work, charge.status);
      const row = place?.row ?? null;
      const intentId = row?.payment_intent_id ?? null;
      const neverTried =
        intentId === null && charge.attempts === 0 && charge.status === 'scheduled' && !place?.wasThere;
      const found =
        row === null || neverTried
          ? null
          : await lookUp(
              deps.stripe,
              { chargeId: charge.id, stripeCustomerId: work.stripeCustomerId },
              intentId,
            );
      const outcome: PaymentIntentOutcome | null =
        found === null
          ? null
          : await cancelPaymentIntent(deps.stripe, found.id, work.paymentMethodType, {
              reason: work.as === 'canceled' ? 'requested_by_customer' : 'abandoned',
              // Stripe cancels once: under another key it says that it is canceled.
              idempotencyKey: freshKey(
                operationKey(context.enrollmentId, `${charge.id}/cancel-${charge.cancelTries}`),
                { as: work.as },
              ),
            });
      if (outcome !== null && outcome.status !== 'canceled') {
        if (outcome.status !== charge.status) {
          await recordCharge(deps.db, { charge, context, at, outcome, attempt: null, dunning: null });
        }
        return reportOf(outcome, { dunning: null });
      }
      await deps.db.transaction().execute(async (trx) => {
        if (row !== null) {
          await saveCharge(trx, {
            ...chargeRow(
              { charge, context, at, outcome: outcome ?? { kind: 'not_made' }, attempt: null, dunning: null },
              work.as,
            ),
            occurrence: row.occurrence ?? null,
            request_key: row.request_key ?? null,
            last_code: null,
            status_reason: work.by.reason,
          });
        }
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

    /**
     * Records that a charge needs a person, and plans the next one, so that only this charge waits. An attempt that came
     * to this is counted like any other, since its number is used up. Safe to repeat.
     */
    async parkCharge(asked: AskedOfCharge & { problem: string; attempted?: boolean }): Promise<ToldReport> {
      const work = workOf(asked);
      const { charge, context, at, problem } = work;
      const number = charge.attempts + (work.attempted === true ? 1 : 0);
      const upcoming = upcomingAfter(work, at);
      await deps.db.transaction().execute(async (trx) => {
        const row = (await rowInPlace(trx, work, 'needs_attention'))?.row ?? null;
        if (row !== null) {
          await saveCharge(trx, { ...row, attempts: number, status_reason: problem });
        }
        if (row !== null && work.attempted === true && isRefusal(problem)) {
          await saveAttempt(trx, refusedAttempt(work, number));
        }
        await tell(trx, context.enrollmentId, [
          {
            key: `${charge.id}/attempt-${charge.attempts + 1}/parked-${at}`,
            chargeId: charge.id,
            at,
            what: 'charge.needs_attention',
            who: 'workflow',
            why: problem,
            ...(work.attempted === true ? { details: { attempt: number } } : {}),
          },
        ]);
        await touchEnrollment(
          trx,
          context.enrollmentId,
          upcoming === undefined
            ? { at }
            : {
                at,
                next: upcoming.next,
                ...(charge.occurrence === null ? {} : { plannedAfter: charge.occurrence }),
              },
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
}

/** Stripe refused the request itself, so that nothing was made. What our own books refuse may have been. */
function isRefusal(problem: string): boolean {
  return !problem.startsWith(`${DEFECTS.BooksDisagree}:`);
}

function refusedAttempt({ charge, context, at, paymentMethodId }: ChargeWork, number: number) {
  return attemptRow(
    { charge, context, at, outcome: { kind: 'not_made' }, dunning: null },
    { number, key: attemptKey(context.enrollmentId, charge.id, number), paymentMethodId, why: 'refused' },
  );
}
