/**
 * When the next request may be sent to somebody who limits their rate. Unlogged: it is worth nothing after a crash, and
 * commits of it wait for no disk. Immutable.
 */
import { type Kysely, sql } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create unlogged table request_turns (
      name text primary key,
      next_at timestamptz not null
    ) with (fillfactor = 10);
  `.execute(db);
}
