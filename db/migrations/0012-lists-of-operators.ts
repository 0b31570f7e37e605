/**
 * What operators list: disputes that are open, webhooks of one type, and those that wait. Immutable.
 *
 * A charge without a dispute has no place in the first, and what comes of a charge changes nothing that it holds. The third
 * holds only what is still to be delivered; the second takes a place for each webhook.
 */
import { type Kysely, sql } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create index charges_disputed on charges (dispute_status, enrollment_id) where dispute_status is not null;
    create index stripe_events_by_type on stripe_events (type, received_at desc, id desc);
    create index stripe_events_pending_newest on stripe_events (received_at desc, id desc)
      where signalled_at is null and ignored_reason is null;
  `.execute(db);
}
