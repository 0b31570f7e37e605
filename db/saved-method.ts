/** What comes of a completed Checkout Session, in one statement that is built once. Called by Activities only. */
import type { Kysely } from 'kysely';
import { checkoutSessionClose, paymentMethodInsert } from './checkout-sessions.ts';
import { customerFill } from './customers.ts';
import { type EnrollmentChange, touchIfLeft, withEnrollment } from './enrollments.ts';
import type { Database, NewPaymentMethod } from './schema.ts';
import { statement } from './statement.ts';
import { type FactRow, factRowsTold } from './timeline.ts';

export type SavedMethodRows = {
  /** What Stripe knows of the customer now; `email` and `name` as Checkout was told them. */
  customer: { id: string; stripeCustomerId: string; email: string | null; name: string | null };
  method: NewPaymentMethod;
  /** One at least. */
  facts: readonly FactRow[];
};

/**
 * Writes the method, the end of its session and what was learnt of the customer, and makes it the enrollment's method: all
 * or none; safe to repeat. When another transaction has changed the enrollment meanwhile, its row follows a moment later.
 * Database errors are thrown.
 */
export async function writeSavedMethod(
  db: Kysely<Database>,
  rows: SavedMethodRows,
  { at, next }: Pick<EnrollmentChange, 'at' | 'next'>,
): Promise<void> {
  const { id, enrollment_id: enrollmentId } = rows.method;
  const plans = next !== undefined;
  const touched = await written(db, { ...rows, at, plans, next: next ?? null });
  await touchIfLeft(db, enrollmentId, changeOf({ at, plans, next: next ?? null }, id), touched);
}

type Planned = { at: string; plans: boolean; next: { dueAt: string; amountMinor: number } | null };

function changeOf({ at, plans, next }: Planned, paymentMethodId: string): EnrollmentChange {
  return { at, paymentMethodId, startedAt: at, ...(plans ? { next } : {}) };
}

const written = statement((db, { customer, method, facts, ...planned }: SavedMethodRows & Planned) => {
  const session = { id: method.checkout_session_id, enrollmentId: method.enrollment_id };
  const writes = [
    customerFill(db, customer),
    checkoutSessionClose(db, session, { status: 'complete', at: planned.at }),
    paymentMethodInsert(db, method),
    factRowsTold(db, facts),
  ];
  const change = changeOf(planned, method.id);
  return withEnrollment(db, method.enrollment_id, change, writes, null).compile(db);
});

/** The mandate that a saved payment method is debited under. @returns null when it has none, as most cards */
export async function findMandateId(db: Kysely<Database>, paymentMethodId: string): Promise<string | null> {
  const row = await db
    .selectFrom('payment_methods')
    .select('mandate_id')
    .where('id', '=', paymentMethodId)
    .executeTakeFirst();
  return row?.mandate_id ?? null;
}
