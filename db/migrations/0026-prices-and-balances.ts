/** What an enrollment's answer has from its timeline: a few facts, or none, among all of its years. Immutable. */
import { type Kysely, sql } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create index enrollment_events_answered on enrollment_events (enrollment_id, seq)
      where what in ('schedule.amount_changed', 'schedule.paid_from_balance', 'charge.balance_returned',
        'enrollment.cancel_accepted');
  `.execute(db);
}
