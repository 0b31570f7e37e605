/** What an operator does with the inbox of webhooks: look, and have a row delivered again. Used by the command line,
 * by the sweep and by check-books. */
import { type Kysely, sql } from 'kysely';
import type { Database, StripeEventRow } from './schema.ts';

export type InboxState = 'pending' | 'signalled' | 'ignored';

/** @returns undefined for an id that never came in */
export function findStripeEvent(db: Kysely<Database>, id: string): Promise<StripeEventRow | undefined> {
  return db.selectFrom('stripe_events').selectAll().where('id', '=', id).executeTakeFirst();
}

/** The newest first, without their payloads. */
export function listStripeEvents(
  db: Kysely<Database>,
  filter: { state?: InboxState | undefined; enrollmentId?: string | undefined; limit: number },
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
  return query.orderBy('received_at', 'desc').orderBy('id').limit(filter.limit).execute();
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
 * ignored is decided afresh. Any API process that runs delivers it. @returns false for an unknown id
 */
export async function redeliver(db: Kysely<Database>, id: string): Promise<boolean> {
  const row = await db
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
  return row !== undefined;
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
      .where('id', 'in', ids.slice(from, from + 500))
      .execute();
    for (const { id } of known) {
      unknown.delete(id);
    }
  }
  return unknown;
}
