/**
 * Writes a charge's row and ledger from what Stripe has, where rows were lost or stayed behind and the Workflow has
 * settled the charge, so that no Activity will write them. What went back of it is the aftermath Workflow's to write.
 * Called by repairs only; safe to repeat.
 */
import type { Kysely } from 'kysely';
import { touchEnrollment } from '../db/enrollments.ts';
import type { Database } from '../db/schema.ts';
import { bookMovement, tell } from '../db/timeline.ts';
import { readPaymentIntentStatus } from '../domain/payment-intent.ts';
import { SETTLED_CHARGE } from '../domain/statuses.ts';
import type { StripePayment } from './books.ts';

/** @throws Error for a status that this version does not know */
export async function writePayment(db: Kysely<Database>, payment: StripePayment): Promise<void> {
  const status = readPaymentIntentStatus(payment.status);
  if (status === 'unknown') {
    throw new Error(`${payment.id} has status '${payment.status}', which this version does not know`);
  }
  const at = new Date().toISOString();
  await db.transaction().execute(async (trx) => {
    const row = await trx
      .insertInto('charges')
      .values({
        id: payment.chargeId,
        enrollment_id: payment.enrollmentId,
        number: numberOf(payment.chargeId),
        origin: 'schedule',
        amount_minor: payment.amountMinor,
        currency: payment.currency,
        due_at: payment.createdAt,
        status,
        attempts: 0,
        payment_intent_id: payment.id,
        captured_minor: payment.receivedMinor,
        refunded_minor: 0,
        status_reason: 'written from Stripe by check-books',
        settled_at: SETTLED_CHARGE.includes(status) ? at : null,
        created_at: payment.createdAt,
        updated_at: at,
      })
      .onConflict((conflict) =>
        conflict.column('id').doUpdateSet({
          status,
          payment_intent_id: payment.id,
          captured_minor: payment.receivedMinor,
          next_attempt_at: null,
          settled_at: SETTLED_CHARGE.includes(status) ? at : null,
          updated_at: at,
        }),
      )
      .returning('id')
      .executeTakeFirstOrThrow();
    const entry = {
      enrollment_id: payment.enrollmentId,
      charge_id: row.id,
      currency: payment.currency,
      at,
    };
    if (payment.receivedMinor > 0) {
      await bookMovement(trx, {
        ...entry,
        kind: 'payment',
        amount_minor: payment.receivedMinor,
        stripe_object_id: payment.id,
      });
    }
    await tell(trx, payment.enrollmentId, [
      {
        key: `${payment.chargeId}/written-from-stripe/${status}`,
        chargeId: payment.chargeId,
        at,
        what: `charge.${status}`,
        who: 'operator',
        why: 'rows were behind Stripe: written by check-books',
      },
    ]);
    await touchEnrollment(trx, payment.enrollmentId, { at });
  });
}

/** The number at the end of `chg_<enrollment>_<number>`. */
function numberOf(chargeId: string): number {
  return Number(chargeId.slice(chargeId.lastIndexOf('_') + 1));
}
