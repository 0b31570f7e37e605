/**
 * Takes out of the webhooks that were kept before migration 0013 what is left out since. Run by `db/migrate.ts` after the
 * migrations have been committed, for minutes where there are a million: it locks few rows for a short time, and no table.
 */
import { type Kysely, sql } from 'kysely';
import { HOLDS_SUCH } from './migrations/0013-no-links-in-events.ts';
import type { Database } from './schema.ts';

const NAME = 'redact_kept_events';
/**
 * A slice is a statement and a transaction. On two busy cores, of payloads of 3 kB: 25 ms where none holds such a thing,
 * 0.13 s where every other does, 0.6 s at most.
 */
const SLICE_ROWS = 200;
const SLICES_UNTIL_WORD = 50;

/**
 * Walks through all kept webhooks in the order of their ids, once: a later call does nothing, and one after an
 * interruption goes on with the slice that was not finished. Safe to run from several processes at once.
 * @param say told how far it is, and what it waits for
 * @throws database errors unchanged; what was done until then stays done
 */
export async function redactKeptEvents(db: Kysely<Database>, say: (text: string) => void): Promise<void> {
  const known = await db
    .selectFrom('backfills')
    .select(['place', 'finished_at'])
    .where('name', '=', NAME)
    .executeTakeFirst();
  if (known === undefined || known.finished_at !== null) {
    return;
  }
  let { place } = known;
  let looked = 0;
  let redacted = 0;
  for (let slices = 1; ; slices++) {
    const slice = await redactSlice(db, place);
    for (const id of slice.locked) {
      say(`Waits for the kept webhook ${id}, which somebody else has locked.`);
      redacted += await redactOne(db, id);
    }
    looked += slice.looked;
    redacted += slice.redacted;
    place = slice.last ?? place;
    const isLast = slice.looked < SLICE_ROWS;
    await keepPlace(db, place, isLast);
    if (looked > 0 && (isLast || slices % SLICES_UNTIL_WORD === 0)) {
      say(`Looked at ${looked} kept webhooks, and redacted ${redacted}${isLast ? '' : ' so far'}.`);
    }
    if (isLast) {
      return;
    }
  }
}

interface Slice {
  looked: number;
  redacted: number;
  /** Ids that hold such a thing and are locked by somebody else. */
  locked: string[];
  /** The last id that was looked at; null when there was none. */
  last: string | null;
}

/** Waits for no row: who waits while it holds others may be waited for, by a delivery that marks several webhooks. */
async function redactSlice(db: Kysely<Database>, after: string): Promise<Slice> {
  const { rows } = await sql<Slice>`
    with looked as materialized (
      select id, payload::text ~ ${HOLDS_SUCH} as holds from stripe_events where id > ${after} order by id
      limit ${SLICE_ROWS}
    ), free as materialized (
      select id from stripe_events where id = any (array(select id from looked where holds))
      for no key update skip locked
    ), redacted as (
      update stripe_events set payload = redacted_event(payload) where id = any (array(select id from free))
      returning id
    )
    select (select count(*) from looked) as looked, (select count(*) from redacted) as redacted,
      (select max(id) from looked) as last,
      array(select id from looked where holds except select id from redacted order by id) as locked`.execute(
    db,
  );
  const [slice] = rows;
  if (slice === undefined) {
    throw new Error('a select without a table answered no row');
  }
  return slice;
}

/** Waits for its row, and holds nothing meanwhile. @returns how many were written: none where somebody else was first */
async function redactOne(db: Kysely<Database>, id: string): Promise<number> {
  const { numAffectedRows = 0n } = await sql`
    update stripe_events set payload = redacted_event(payload)
    where id = ${id} and payload::text ~ ${HOLDS_SUCH}`.execute(db);
  return Number(numAffectedRows);
}

/** Never back: another process may be ahead. */
async function keepPlace(db: Kysely<Database>, place: string, isLast: boolean): Promise<void> {
  await sql`
    update backfills set place = greatest(place, ${place}),
      finished_at = coalesce(finished_at, case when ${isLast} then now() end)
    where name = ${NAME}`.execute(db);
}
