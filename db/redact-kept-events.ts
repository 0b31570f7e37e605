/**
 * Takes out of the webhooks that were kept before migration 0013 what is left out since. Run by `db/migrate.ts` after the
 * migrations have been committed, for minutes where there are a million.
 */
import { type Kysely, sql } from 'kysely';
import { onlyRow, runBackfill } from './backfills.ts';
import { HOLDS_SUCH } from './migrations/0013-no-links-in-events.ts';
import type { Database } from './schema.ts';

/**
 * A slice is a statement and a transaction. On two busy cores, of payloads of 3 kB: 25 ms where none holds such a thing,
 * 0.13 s where every other does, 0.6 s at most.
 */
const SLICE_ROWS = 200;

/**
 * Walks through all kept webhooks, as {@link runBackfill} does.
 * @param say told how far it is, and what it waits for
 */
export async function redactKeptEvents(db: Kysely<Database>, say: (text: string) => void): Promise<void> {
  let looked = 0;
  let redacted = 0;
  await runBackfill(db, {
    name: 'redact_kept_events',
    sliceRows: SLICE_ROWS,
    slicesUntilWord: 50,
    async doSlice(after) {
      const slice = await redactSlice(db, after);
      for (const id of slice.locked) {
        say(`Waits for the kept webhook ${id}, which somebody else has locked.`);
        redacted += await redactOne(db, id);
      }
      looked += slice.looked;
      redacted += slice.redacted;
      return slice;
    },
    tell(isLast) {
      if (looked > 0) {
        say(`Looked at ${looked} kept webhooks, and redacted ${redacted}${isLast ? '' : ' so far'}.`);
      }
    },
  });
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
  return onlyRow(rows);
}

/** Waits for its row, and holds nothing meanwhile. @returns how many were written: none where somebody else was first */
async function redactOne(db: Kysely<Database>, id: string): Promise<number> {
  const { numAffectedRows = 0n } = await sql`
    update stripe_events set payload = redacted_event(payload)
    where id = ${id} and payload::text ~ ${HOLDS_SUCH}`.execute(db);
  return Number(numAffectedRows);
}
