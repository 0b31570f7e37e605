/**
 * Keeps with each refund whether its request named an amount, so that the same key without one is told from a repeat.
 * Null for refunds of before, which stay as they are answered. Immutable.
 */
import { type Kysely, sql } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`alter table refunds add column asked_for_all boolean`.execute(db);
}
