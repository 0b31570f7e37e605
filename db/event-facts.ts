/** What our rows tell of the objects that Stripe events are about. Reads only. */
import { type Kysely, sql } from 'kysely';
import type { ChargeFacts, SessionFacts } from '../domain/stripe-event-decision.ts';
import type { Database } from './schema.ts';

export type SessionName = { checkoutSessionId: string } | { setupIntentId: string };

/**
 * Checkout Sessions by either of their names, in one statement.
 * @returns for each name, in their order; null where we have none
 */
export async function findSessionFacts(
  db: Kysely<Database>,
  names: readonly SessionName[],
): Promise<(SessionFacts | null)[]> {
  const ids = names.flatMap((name) => ('checkoutSessionId' in name ? [name.checkoutSessionId] : []));
  const setupIntents = names.flatMap((name) => ('setupIntentId' in name ? [name.setupIntentId] : []));
  const { rows } = await sql<SessionFacts & { setupIntentId: string | null }>`
    select id as "checkoutSessionId", enrollment_id as "enrollmentId", status, setup_intent_id as "setupIntentId",
      status = 'open' and url is null as "isBeingProven"
    from checkout_sessions
    where id = any(${ids}::text[]) or setup_intent_id = any(${setupIntents}::text[])`.execute(db);
  return names.map((name) => {
    const row = rows.find((one) =>
      'checkoutSessionId' in name
        ? one.checkoutSessionId === name.checkoutSessionId
        : one.setupIntentId === name.setupIntentId,
    );
    if (row === undefined) {
      return null;
    }
    const { checkoutSessionId, enrollmentId, status, isBeingProven } = row;
    return { checkoutSessionId, enrollmentId, status, isBeingProven };
  });
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
