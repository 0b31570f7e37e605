/**
 * Says of charges that were declined before migration 0023 when they were declined last, whose triggers add them to the sums
 * of figures. Run by `db/migrate.ts` after the migrations have been committed, for a minute where there are a million: it
 * locks few rows for a short time, and no table.
 */
import { type Kysely, sql } from 'kysely';
import { onlyRow, runBackfill } from './backfills.ts';
import type { Database } from './schema.ts';

const SLICE_CHARGES = 200;

/**
 * Walks through all charges with a decline, as {@link runBackfill} does.
 * @param say told how far it is
 */
export async function findDeclines(db: Kysely<Database>, say: (text: string) => void): Promise<void> {
  let found = 0;
  await runBackfill(db, {
    name: 'last_declined_at',
    sliceRows: SLICE_CHARGES,
    slicesUntilWord: 100,
    async doSlice(after) {
      const slice = await findSlice(db, after);
      for (const id of slice.locked) {
        await findOne(db, id);
      }
      found += slice.looked;
      return slice;
    },
    tell(isLast) {
      if (found > 0) {
        say(`Found ${found} charges that were declined${isLast ? '' : ' so far'}.`);
      }
    },
  });
}

interface Slice {
  looked: number;
  /** The last id that was looked at; null when there was none. */
  last: string | null;
  /** Ids of charges that somebody else has locked. */
  locked: string[];
}

/** Waits for no row: who waits while it holds others may be waited for. */
async function findSlice(db: Kysely<Database>, after: string): Promise<Slice> {
  const { rows } = await sql<Slice>`
    with declined as materialized (
      select charge_id, max(attempted_at) as at from charge_attempts
      where outcome = 'declined' and charge_id > ${after} group by charge_id order by charge_id limit ${SLICE_CHARGES}
    ), free as materialized (
      select id from charges where id = any (array(select charge_id from declined)) for no key update skip locked
    ), written as (
      update charges set last_declined_at = at from declined
      where charges.id = charge_id and charge_id = any (array(select id from free))
        and (last_declined_at is null or last_declined_at < at)
    )
    select (select count(*) from declined) as looked, (select max(charge_id) from declined) as last,
      array(select charge_id from declined except select id from free order by charge_id) as locked`.execute(
    db,
  );
  return onlyRow(rows);
}

/** Waits for its row, and holds nothing meanwhile. */
async function findOne(db: Kysely<Database>, id: string): Promise<void> {
  await sql`
    update charges set last_declined_at = at
    from (select max(attempted_at) as at from charge_attempts where charge_id = ${id} and outcome = 'declined') as declined
    where id = ${id} and (last_declined_at is null or last_declined_at < at)`.execute(db);
}
