/**
 * Turns for requests to somebody who limits their rate, shared by all processes that use this database: one row says when
 * the next turn is, by the database's own clock. Called by the Worker only.
 */
import { type Kysely, sql } from 'kysely';
import type { Database } from './schema.ts';

/** Beyond what Workers that wait for their turns can have reserved. */
const FURTHEST = sql`interval '30 seconds'`;

/**
 * Reserves so many turns, one after the other and evenly spaced (the generic cell rate algorithm without a burst). Nobody
 * else gets them; what is not made use of is lost. Not safe to repeat: a repeat reserves further ones. Should the database's
 * clock be set back, nobody waits for it to catch up: turns are never further away than half a minute.
 * @param name of whoever is asked, e.g. `stripe`
 * @param perSecond turns in a second, of all processes together; who says another number spaces its own turns by it
 * @returns milliseconds until the first of them; the others follow 1000 / `perSecond` milliseconds apart
 * @throws database errors unchanged; nothing is reserved then, or nobody uses it
 */
export async function reserveTurns(
  db: Kysely<Database>,
  name: string,
  count: number,
  perSecond: number,
): Promise<number> {
  const span = sql`make_interval(secs => ${count / perSecond}::float8)`;
  const { waitMs } = await db
    .insertInto('request_turns')
    .values({ name, next_at: sql<Date>`clock_timestamp() + ${span}` })
    .onConflict((conflict) =>
      conflict.column('name').doUpdateSet({
        next_at: sql<Date>`least(greatest(request_turns.next_at, clock_timestamp()),
            clock_timestamp() + ${FURTHEST}) + ${span}`,
      }),
    )
    .returning(
      sql<number>`(extract(epoch from request_turns.next_at - ${span} - clock_timestamp()) * 1000)::float8`.as(
        'waitMs',
      ),
    )
    .executeTakeFirstOrThrow();
  return Math.max(0, waitMs);
}
