/** What our rows tell of the objects that Stripe events are about. Reads only. */
import type { Kysely } from 'kysely';
import type { ChargeFacts, SessionFacts } from '../domain/stripe-event.ts';
import type { Database } from './schema.ts';

export async function findSessionFacts(
  db: Kysely<Database>,
  by: { checkoutSessionId: string } | { setupIntentId: string },
): Promise<SessionFacts | null> {
  const row = await db
    .selectFrom('checkout_sessions')
    .select(['id', 'enrollment_id', 'status'])
    .where((eb) =>
      'checkoutSessionId' in by
        ? eb('id', '=', by.checkoutSessionId)
        : eb('setup_intent_id', '=', by.setupIntentId),
    )
    .executeTakeFirst();
  return row === undefined
    ? null
    : { checkoutSessionId: row.id, enrollmentId: row.enrollment_id, status: row.status };
}

export async function findChargeFacts(db: Kysely<Database>, chargeId: string): Promise<ChargeFacts | null> {
  const row = await db
    .selectFrom('charges')
    .select(['enrollment_id', 'payment_intent_id', 'status'])
    .where('id', '=', chargeId)
    .executeTakeFirst();
  return row === undefined
    ? null
    : { enrollmentId: row.enrollment_id, paymentIntentId: row.payment_intent_id, status: row.status };
}

/** The enrollment that a payment method was saved for; null when it is nobody's. */
export async function findMethodOwner(db: Kysely<Database>, paymentMethodId: string): Promise<string | null> {
  const row = await db
    .selectFrom('payment_methods')
    .select('enrollment_id')
    .where('id', '=', paymentMethodId)
    .executeTakeFirst();
  return row?.enrollment_id ?? null;
}
