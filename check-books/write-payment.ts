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
import { type ChargeStatus, SETTLED_CHARGE } from '../domain/statuses.ts';
import type { StripePayment } from './books.ts';

/**
 * Inserts the row, or changes it as far as it is behind: what it has taken is never lowered, the PaymentIntent that it
 * names never replaced.
 * @param seen the row's status when it was looked at; null when there was no row
 * @returns false, and nothing is written, when the row says otherwise by now
 * @throws Error for a status that this version does not know
 */
export async function writePayment(
  db: Kysely<Database>,
  payment: StripePayment,
  seen: ChargeStatus | null,
): Promise<boolean> {
  const status = readPaymentIntentStatus(payment.status);
  if (status === 'unknown') {
    throw new Error(`${payment.id} has status '${payment.status}', which this version does not know`);
  }
  const at = new Date().toISOString();
  return db.transaction().execute(async (trx) => {
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
        seen === null
          ? conflict.column('id').doNothing()
          : conflict
              .column('id')
              .doUpdateSet((eb) => ({
                status,
                payment_intent_id: eb.fn.coalesce('charges.payment_intent_id', 'excluded.payment_intent_id'),
                captured_minor: eb.fn<number>('greatest', [
                  'charges.captured_minor',
                  'excluded.captured_minor',
                ]),
                next_attempt_at: null,
                give_up_at: null,
                settled_at: eb.fn.coalesce('charges.settled_at', 'excluded.settled_at'),
                updated_at: eb.ref('excluded.updated_at'),
              }))
              .where('charges.status', '=', seen)
              .where((eb) =>
                eb.or([
                  eb('charges.payment_intent_id', 'is', null),
                  eb('charges.payment_intent_id', '=', payment.id),
                ]),
              ),
      )
      .returning('id')
      .executeTakeFirst();
    if (row === undefined) {
      return false;
    }
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
    return true;
  });
}

/** The number at the end of `chg_<enrollment>_<number>`. */
function numberOf(chargeId: string): number {
  return Number(chargeId.slice(chargeId.lastIndexOf('_') + 1));
}
