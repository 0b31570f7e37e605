/**
 * Keeps the caller's key with each refund, so that a repeat is answered from the row for ever. Not unique: what Stripe
 * lists under one key is told, never refused. Immutable.
 */
import { type Kysely, sql } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`alter table refunds add column request_key text`.execute(db);
}
