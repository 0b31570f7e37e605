/** Writes of `checkout_sessions` and `payment_methods`. Called by Activities only. */
import type { Kysely } from 'kysely';
import type { Database, NewCheckoutSession, NewPaymentMethod } from './schema.ts';

/** Inserts a Checkout Session, once; a repeat changes nothing. */
export async function insertCheckoutSession(
  db: Kysely<Database>,
  session: NewCheckoutSession,
): Promise<void> {
  await db
    .insertInto('checkout_sessions')
    .values(session)
    .onConflict((conflict) => conflict.column('id').doNothing())
    .execute();
}

/**
 * Writes how a Checkout Session of that enrollment ended. An end is not changed into another one, so a repeat changes
 * nothing; nor does a session of another enrollment, whose id somebody has told this one.
 */
export async function closeCheckoutSession(
  db: Kysely<Database>,
  session: { id: string; enrollmentId: string },
  end: { status: 'complete' | 'expired'; at: string; refusedReason?: string },
): Promise<void> {
  await db
    .updateTable('checkout_sessions')
    .set({
      status: end.status,
      completed_at: end.status === 'complete' ? end.at : null,
      refused_reason: end.refusedReason ?? null,
      url: null,
    })
    .where('id', '=', session.id)
    .where('enrollment_id', '=', session.enrollmentId)
    .where('status', '=', 'open')
    .execute();
}

/** Inserts a saved payment method, once; the same method saved again by another session stays as it was. */
export async function insertPaymentMethod(db: Kysely<Database>, method: NewPaymentMethod): Promise<void> {
  await db
    .insertInto('payment_methods')
    .values(method)
    .onConflict((conflict) => conflict.column('id').doNothing())
    .execute();
}
