/**
 * What a migration leaves to be done once it has been committed: a walk through many rows, some at a time, so that few are
 * locked for a short time and no table is. Each has a row of `backfills`. Called by what `db/migrate.ts` runs afterwards.
 */
import { type Kysely, sql } from 'kysely';
import type { Database } from './schema.ts';

export interface Backfill {
  /** Of its row; a migration has written it. */
  name: string;
  sliceRows: number;
  slicesUntilWord: number;
  /** Does what there is to do with the next `sliceRows` rows after an id, in the order of their ids; safe to do twice. */
  doSlice(after: string): Promise<{ looked: number; last: string | null }>;
  /** Tells how far it is, when there is something to tell. */
  tell(isLast: boolean): void;
}

/**
 * Walks to the end, once: a later call does nothing, and one after an interruption goes on with the slice that was not
 * finished. Safe to run from several processes at once.
 * @throws database errors unchanged; what was done until then stays done
 */
export async function runBackfill(db: Kysely<Database>, backfill: Backfill): Promise<void> {
  const { name, sliceRows, slicesUntilWord } = backfill;
  const known = await db
    .selectFrom('backfills')
    .select(['place', 'finished_at'])
    .where('name', '=', name)
    .executeTakeFirst();
  if (known === undefined || known.finished_at !== null) {
    return;
  }
  let { place } = known;
  let isLast = false;
  for (let slices = 1; !isLast; slices++) {
    const { looked, last } = await backfill.doSlice(place);
    place = last ?? place;
    isLast = looked < sliceRows;
    await keepPlace(db, name, place, isLast);
    if (isLast || slices % slicesUntilWord === 0) {
      backfill.tell(isLast);
    }
  }
}

/** Never back: another process may be ahead. */
async function keepPlace(db: Kysely<Database>, name: string, place: string, isLast: boolean): Promise<void> {
  await sql`
    update backfills set place = greatest(place, ${place}),
      finished_at = coalesce(finished_at, case when ${isLast} then now() end)
    where name = ${name}`.execute(db);
}

/** Of a statement that always has one. */
export function onlyRow<Row>([row]: readonly Row[]): Row {
  if (row === undefined) {
    throw new Error('a select without a table answered no row');
  }
  return row;
}
