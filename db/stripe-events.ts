/**
 * The inbox of webhooks. A row is written before the webhook is answered and is done once it was signalled or ignored
 * with a reason. Written by the API only.
 */
import { type Kysely, sql } from 'kysely';
import { redactEvent } from '../domain/event-redaction.ts';
import type { Database, StripeEventRow } from './schema.ts';

export interface ReceivedEvent {
  id: string;
  type: string;
  apiVersion: string | null;
  livemode: boolean;
  objectId: string | null;
  /** The event as Stripe sent it; contact details and client secrets are left out of what is kept. */
  payload: unknown;
  /** By Stripe's clock. */
  stripeCreatedAt: Date;
  /** Set when the event alone tells that nothing follows from it. */
  ignoredReason: string | null;
}

/** How long a delivery may take before another process may try it, and how long a second word waits. */
const LEASE = sql`interval '20 seconds'`;

export interface Arrival {
  event: ReceivedEvent;
  /** Nobody tries before the lease is over: the caller delivers it itself, or it should wait a while. */
  leased: boolean;
}

/**
 * Keeps an event, once: a repeat only counts the delivery. When it returns, the event is durable.
 * @param leased see {@link Arrival}
 * @returns whether it is new
 */
export async function receiveStripeEvent(
  db: Kysely<Database>,
  event: ReceivedEvent,
  leased: boolean,
): Promise<boolean> {
  const [isNew] = await receiveStripeEvents(db, [{ event, leased }]);
  return isNew ?? false;
}

/**
 * Keeps events in one statement, each once, as {@link receiveStripeEvent} does; all or none.
 * @param arrivals with different ids
 * @returns for each, in their order, whether it is new
 */
export async function receiveStripeEvents(
  db: Kysely<Database>,
  arrivals: readonly Arrival[],
): Promise<boolean[]> {
  const rows = arrivals.map(({ event, leased }) => ({
    id: event.id,
    type: event.type,
    api_version: event.apiVersion,
    livemode: event.livemode,
    object_id: event.objectId,
    payload: redactEvent(event.payload),
    stripe_created_at: event.stripeCreatedAt,
    ignored_reason: event.ignoredReason,
    leased,
  }));
  // The same text for any number of rows, with one parameter.
  const { rows: kept } = await sql<{ id: string; deliveries: number }>`
    insert into stripe_events (id, type, api_version, livemode, object_id, payload, stripe_created_at, ignored_reason,
      signal_attempts, next_signal_at)
    select id, type, api_version, livemode, object_id, payload, stripe_created_at, ignored_reason,
      case when leased then 1 else 0 end, case when leased then now() + ${LEASE} else now() end
    from json_to_recordset(${storableJson(rows)}::json) as arrived (id text, type text, api_version text,
      livemode boolean, object_id text, payload jsonb, stripe_created_at timestamptz, ignored_reason text, leased boolean)
    -- In one order everywhere, so that two batches never wait for each other.
    order by id
    on conflict (id) do update set deliveries = stripe_events.deliveries + 1
    returning id, deliveries`.execute(db);
  const deliveries = new Map(kept.map((row) => [row.id, row.deliveries]));
  return arrivals.map(({ event }) => deliveries.get(event.id) === 1);
}

/**
 * Takes rows that are due and leases them to the caller; no two callers get the same row.
 * @param id only this row, if it is due
 */
export function claimStripeEvents(
  db: Kysely<Database>,
  limit: number,
  id?: string,
): Promise<StripeEventRow[]> {
  return db
    .updateTable('stripe_events')
    .set((eb) => ({
      next_signal_at: sql<Date>`now() + ${LEASE}`,
      signal_attempts: eb('signal_attempts', '+', 1),
    }))
    .where('id', 'in', (eb) => {
      const due = eb
        .selectFrom('stripe_events')
        .select('id')
        .where('signalled_at', 'is', null)
        .where('ignored_reason', 'is', null)
        .where('next_signal_at', '<=', sql<Date>`now()`)
        .orderBy('next_signal_at')
        .limit(limit)
        .forUpdate()
        .skipLocked();
      return id === undefined ? due : due.where('id', '=', id);
    })
    .returningAll()
    .execute();
}

/** The Workflows have them. Safe to call twice. */
export async function markSignalled(
  db: Kysely<Database>,
  delivered: readonly { id: string; enrollmentId: string }[],
): Promise<void> {
  await sql`
    update stripe_events set signalled_at = coalesce(signalled_at, now()), enrollment_id = told.enrollment_id,
      last_error = null
    from unnest(${delivered.map(({ id }) => id)}::text[], ${delivered.map(({ enrollmentId }) => enrollmentId)}::text[])
      as told (id, enrollment_id)
    where stripe_events.id = told.id`.execute(db);
}

/** Nothing follows from them, because. Safe to call twice; the first reason stays. */
export async function markIgnored(
  db: Kysely<Database>,
  ignored: readonly { id: string; reason: string; enrollmentId: string | null }[],
): Promise<void> {
  await sql`
    update stripe_events set ignored_reason = told.reason, enrollment_id = told.enrollment_id, last_error = null
    from unnest(${ignored.map(({ id }) => id)}::text[], ${ignored.map(({ reason }) => reason)}::text[],
      ${ignored.map(({ enrollmentId }) => enrollmentId)}::text[]) as told (id, reason, enrollment_id)
    where stripe_events.id = told.id and signalled_at is null and ignored_reason is null`.execute(db);
}

/** The delivery failed: it is due again after a wait that doubles with every attempt, up to five minutes. */
export async function postponeStripeEvent(db: Kysely<Database>, id: string, error: string): Promise<void> {
  await db
    .updateTable('stripe_events')
    .set({
      last_error: error.slice(0, 500),
      next_signal_at: sql<Date>`now() + least(300, power(2, least(signal_attempts, 9) - 1)) * interval '1 second'`,
    })
    .where('id', '=', id)
    .where('signalled_at', 'is', null)
    .where('ignored_reason', 'is', null)
    .execute();
}

/** How many rows wait for their delivery. */
export async function countPendingStripeEvents(db: Kysely<Database>): Promise<number> {
  const { pending } = await db
    .selectFrom('stripe_events')
    .select((eb) => eb.fn.countAll<number>().as('pending'))
    .where('signalled_at', 'is', null)
    .where('ignored_reason', 'is', null)
    .executeTakeFirstOrThrow();
  return pending;
}

/**
 * PostgreSQL's jsonb has no NUL and no half of a surrogate pair; a stray one must not lose the event. JSON.stringify
 * writes both as escapes, which are told from an escaped backslash by the number of backslashes before them.
 */
function storableJson(payload: unknown): string {
  return JSON.stringify(payload).replace(/(?<!\\)((?:\\\\)*)\\u(?:0000|d[89a-f][0-9a-f]{2})/g, '$1\\ufffd');
}

/** Whether a webhook says that this Checkout Session is complete: the inbox tells the Workflow, whatever happens. */
export async function completionIsTold(db: Kysely<Database>, checkoutSessionId: string): Promise<boolean> {
  const told = await db
    .selectFrom('stripe_events')
    .select('id')
    .where('object_id', '=', checkoutSessionId)
    .where('type', '=', 'checkout.session.completed')
    .executeTakeFirst();
  return told !== undefined;
}
