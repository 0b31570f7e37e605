/**
 * What a migration leaves to be done after its commit, in slices, because it takes minutes: how far each has come, so
 * that the next run goes on where one was interrupted. Immutable.
 */
import { type Kysely, sql } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table backfills (
      name text primary key,
      place text not null default '',
      finished_at timestamptz
    );
    insert into backfills (name) values ('redact_kept_events');
  `.execute(db);
}
