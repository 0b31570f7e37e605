/**
 * Counts who has written a customer's contact details, so that a request that is refused takes back its own alone. Adds
 * a column with a constant, which rewrites no row. Immutable.
 */
import { type Kysely, sql } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`alter table customers add column details_version bigint not null default 0`.execute(db);
}
