/** Charges whose first attempt has begun and has had no answer: mostly for seconds, for long while something is away. Immutable. */
import { type Kysely, sql } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create index charges_unanswered on charges (created_at) include (status, due_at, currency, amount_minor)
      where status = 'scheduled';
  `.execute(db);
}
