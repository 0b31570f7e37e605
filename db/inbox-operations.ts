/**
 * What an operator does with the inbox of webhooks: look, and have a row delivered again. Used by the command line, by
 * the API, by the sweep and by check-books.
 */
import { type Kysely, sql } from 'kysely';
import type { Database, Redelivery, StripeEventRow } from './schema.ts';

export type InboxState = 'pending' | 'signalled' | 'ignored';

/** @returns undefined for an id that never came in */
export function findStripeEvent(db: Kysely<Database>, id: string): Promise<StripeEventRow | undefined> {
  return db.selectFrom('stripe_events').selectAll().where('id', '=', id).executeTakeFirst();
}

export interface InboxFilter {
  state?: InboxState | undefined;
  /** Stripe's word for it, e.g. `checkout.session.completed`. */
  type?: string | undefined;
  enrollmentId?: string | undefined;
  /** Only what came in before this event; nothing when there is no such event. */
  beforeId?: string | undefined;
  limit: number;
}

/** The newest first, without their payloads. */
export function listStripeEvents(
  db: Kysely<Database>,
  filter: InboxFilter,
): Promise<Omit<StripeEventRow, 'payload'>[]> {
  let query = db
    .selectFrom('stripe_events')
    .select([
      'id',
      'type',
      'api_version',
      'livemode',
      'object_id',
      'enrollment_id',
      'stripe_created_at',
      'received_at',
      'deliveries',
      'signalled_at',
      'ignored_reason',
      'signal_attempts',
      'next_signal_at',
      'last_error',
    ]);
  if (filter.state === 'pending') {
    query = query.where('signalled_at', 'is', null).where('ignored_reason', 'is', null);
  } else if (filter.state === 'signalled') {
    query = query.where('signalled_at', 'is not', null);
  } else if (filter.state === 'ignored') {
    query = query.where('ignored_reason', 'is not', null);
  }
  if (filter.enrollmentId !== undefined) {
    query = query.where('enrollment_id', '=', filter.enrollmentId);
  }
  if (filter.type !== undefined) {
    query = query.where('type', '=', filter.type);
  }
  const { beforeId } = filter;
  if (beforeId !== undefined) {
    // Instants have more digits in the database than here, so the place is looked up and not carried by the caller.
    query = query.where((eb) =>
      eb(
        eb.refTuple('received_at', 'id'),
        '<',
        eb
          .selectFrom('stripe_events as last')
          .select(['last.received_at', 'last.id'])
          .where('last.id', '=', beforeId)
          .$asTuple('received_at', 'id'),
      ),
    );
  }
  return query.orderBy('received_at', 'desc').orderBy('id', 'desc').limit(filter.limit).execute();
}

/** A row that is not done is delivered next, however long it should have waited. A row that is done stays so. */
export async function makeDueNow(db: Kysely<Database>, id: string): Promise<void> {
  await db
    .updateTable('stripe_events')
    .set({ next_signal_at: sql<Date>`now()` })
    .where('id', '=', id)
    .where('signalled_at', 'is', null)
    .where('ignored_reason', 'is', null)
    .execute();
}

/**
 * Has an event delivered once more, also one that was signalled or ignored: Workflows accept repeats, and what was
 * ignored is decided afresh. Any API process that runs delivers it. Who asked and why is kept beside it.
 * @returns false for an unknown id
 */
export function redeliver(
  db: Kysely<Database>,
  id: string,
  requested: { by: string; reason: string | null } = { by: 'operator', reason: null },
): Promise<boolean> {
  return db.transaction().execute(async (transaction) => {
    const row = await transaction
      .updateTable('stripe_events')
      .set({
        signalled_at: null,
        ignored_reason: null,
        last_error: null,
        signal_attempts: 0,
        next_signal_at: sql<Date>`now()`,
      })
      .where('id', '=', id)
      .returning('id')
      .executeTakeFirst();
    if (row === undefined) {
      return false;
    }
    await transaction
      .insertInto('stripe_event_redeliveries')
      .values({ stripe_event_id: id, who: requested.by, why: requested.reason })
      .execute();
    return true;
  });
}

/** Who had an event delivered again, the first time first. */
export function listRedeliveries(db: Kysely<Database>, id: string): Promise<Redelivery[]> {
  return db
    .selectFrom('stripe_event_redeliveries')
    .selectAll()
    .where('stripe_event_id', '=', id)
    .orderBy('seq')
    .execute();
}

/** Which of these events the inbox has never seen. */
export async function unknownStripeEvents(
  db: Kysely<Database>,
  ids: readonly string[],
): Promise<Set<string>> {
  const unknown = new Set(ids);
  for (let from = 0; from < ids.length; from += 500) {
    const known = await db
      .selectFrom('stripe_events')
      .select('id')
      .where((eb) => eb('id', '=', eb.fn.any(eb.val(ids.slice(from, from + 500)))))
      .execute();
    for (const { id } of known) {
      unknown.delete(id);
    }
  }
  return unknown;
}
