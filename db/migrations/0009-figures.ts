/** What figures are counted from: movements and attempts by time, and the charges that are open, oldest first. Immutable. */
import { type Kysely, sql } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create index ledger_entries_by_time on ledger_entries (at) include (kind, currency, amount_minor, charge_id);
    create index charge_attempts_by_time on charge_attempts (attempted_at)
      include (outcome, code, decline_code, charge_id);
    create index charge_attempts_declined on charge_attempts (charge_id) where outcome = 'declined';
    create index charges_waiting on charges (due_at) include (status, currency, amount_minor)
      where status in ('requires_payment_method', 'requires_confirmation', 'requires_action', 'requires_capture',
                       'processing', 'needs_attention');
  `.execute(db);
}
