/** Movements of money given back, by time: few among all that are booked. Immutable. */
import { type Kysely, sql } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create index ledger_entries_given_back on ledger_entries (currency, at) include (charge_id)
      where kind in ('refund', 'refund_failed');
  `.execute(db);
}
