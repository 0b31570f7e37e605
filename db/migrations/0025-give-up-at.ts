/** Until when a charge waits for its customer. Immutable. */
import { type Kysely, sql } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`alter table charges add column give_up_at timestamptz`.execute(db);
}
