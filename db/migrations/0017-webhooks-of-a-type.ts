/**
 * Webhooks of one type in one state. Of the types that our own requests make nearly all are ignored, as echoes, and of
 * others none: who looks for the few would read all of a type. Each webhook that is done has a place in one of the two;
 * those that are pending are few. Immutable.
 */
import { type Kysely, sql } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create index stripe_events_signalled_by_type on stripe_events (type, received_at desc, id desc)
      where signalled_at is not null;
    create index stripe_events_ignored_by_type on stripe_events (type, received_at desc, id desc)
      where ignored_reason is not null;
  `.execute(db);
}
