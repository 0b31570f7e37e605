/** What the timeline tells of prices and balances: a few facts of an enrollment, or none, among all of its years. Immutable. */
import { type Kysely, sql } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create index enrollment_events_of_price on enrollment_events (enrollment_id, seq)
      where what in ('schedule.amount_changed', 'schedule.paid_from_balance', 'charge.balance_returned');
  `.execute(db);
}
