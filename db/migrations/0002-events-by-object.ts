/** Finds the events of one Stripe object: the return page asks whether a webhook has told of its session. Immutable. */
import { type Kysely, sql } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`create index stripe_events_by_object on stripe_events (object_id)`.execute(db);
}
