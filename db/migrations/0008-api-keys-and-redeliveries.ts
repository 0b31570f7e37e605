/** Keys that expire; a scope of its own for what moves money back; who had a webhook delivered again. Immutable. */
import { type Kysely, sql } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    alter table api_keys add column expires_at timestamptz;

    -- What needs 'operate' from now on needed 'write' before: keys that are in use go on as they did.
    update api_keys set scopes = array_append(scopes, 'operate')
      where 'write' = any (scopes) and not 'operate' = any (scopes);

    -- The operator's list runs from new to old over all of them.
    create index stripe_events_newest on stripe_events (received_at desc, id desc);

    create table stripe_event_redeliveries (
      seq bigint generated always as identity primary key,
      stripe_event_id text not null references stripe_events (id) on delete cascade,
      at timestamptz not null default now(),
      who text not null,
      why text
    );
    create index stripe_event_redeliveries_by_event on stripe_event_redeliveries (stripe_event_id, seq);
  `.execute(db);
}
