/** A limit of statements that the role, the database or the address sets, for the sake of those whom somebody waits for. */
import { type Kysely, sql } from 'kysely';

/** Lets the further statements of a transaction take what they take. Its connection is left as it was. */
export async function liftTimeLimit<DB>(transaction: Kysely<DB>): Promise<void> {
  await sql`select set_config('statement_timeout', '0', true)`.execute(transaction);
}
