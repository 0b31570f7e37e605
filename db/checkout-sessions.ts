/** Writes of `checkout_sessions` and `payment_methods`, some as statements to be written with others. Called by Activities only. */
import type { Kysely } from 'kysely';
import type { Database, NewCheckoutSession, NewPaymentMethod } from './schema.ts';
import { statement } from './statement.ts';
import { type FactRow, factRowsTold } from './timeline.ts';
import { together } from './together.ts';

/** Inserts a Checkout Session with what the timeline says of it, once; a repeat changes nothing. */
export async function writeOpenSession(
  db: Kysely<Database>,
  rows: { session: NewCheckoutSession; facts: readonly FactRow[] },
): Promise<void> {
  await opened(db, rows);
}

const opened = statement(
  (db, { session, facts }: { session: NewCheckoutSession; facts: readonly FactRow[] }) =>
    together(db, [
      db
        .insertInto('checkout_sessions')
        .values(session)
        .onConflict((conflict) => conflict.column('id').doNothing()),
      factRowsTold(db, facts),
    ]),
);

/**
 * Writes how a Checkout Session of that enrollment ended. An end is not changed into another one, so a repeat changes
 * nothing; nor does a session of another enrollment, whose id somebody has told this one.
 */
export async function closeCheckoutSession(
  db: Kysely<Database>,
  session: { id: string; enrollmentId: string },
  end: SessionEnd,
): Promise<void> {
  await checkoutSessionClose(db, session, end).execute();
}

export interface SessionEnd {
  status: 'complete' | 'expired';
  /** ISO 8601, UTC. */
  at: string;
  refusedReason?: string;
}

/** {@link closeCheckoutSession} as a statement. */
export function checkoutSessionClose(
  db: Kysely<Database>,
  session: { id: string; enrollmentId: string },
  end: SessionEnd,
) {
  return db
    .updateTable('checkout_sessions')
    .set({
      status: end.status,
      completed_at: end.status === 'complete' ? end.at : null,
      refused_reason: end.refusedReason ?? null,
      url: null,
    })
    .where('id', '=', session.id)
    .where('enrollment_id', '=', session.enrollmentId)
    .where('status', '=', 'open');
}

/** The statement that forgets the address of a session whose customer has done their part. */
export function checkoutPageClose(db: Kysely<Database>, session: { id: string; enrollmentId: string }) {
  return db
    .updateTable('checkout_sessions')
    .set({ url: null })
    .where('id', '=', session.id)
    .where('enrollment_id', '=', session.enrollmentId)
    .where('status', '=', 'open');
}

/**
 * The statement that inserts a saved payment method, once; the same method saved again by another session stays as it
 * was.
 */
export function paymentMethodInsert(db: Kysely<Database>, method: NewPaymentMethod) {
  return db
    .insertInto('payment_methods')
    .values(method)
    .onConflict((conflict) => conflict.column('id').doNothing());
}
