/**
 * A payment that came in after a cancel and cannot go back yet: why. Immutable. A charge of which nothing is refused has no
 * place in the index, and what comes of a charge changes nothing that it holds.
 */
import { type Kysely, sql } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    alter table charges add column refund_refused text;
    create index charges_refund_refused on charges (due_at) include (enrollment_id, currency, amount_minor, dispute_status)
      where refund_refused is not null;
  `.execute(db);
}
