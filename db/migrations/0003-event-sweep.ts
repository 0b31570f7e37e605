/** How far the sweep over Stripe's events has come. Immutable. */
import { type Kysely, sql } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table sweep_cursors (
      name text primary key,
      swept_until timestamptz not null,
      swept_at timestamptz not null default now(),
      found bigint not null default 0
    );
  `.execute(db);
}
