/** Sums of figures, made now: elsewhere the API makes them every half a minute. */
import { type Kysely, sql } from 'kysely';
import type { Database } from '../../db/schema.ts';
import { sumFigures } from '../../db/sum-figures.ts';
import { waitFor } from './wait.ts';

/** All that is old enough by now. Transactions of other tests, on the same server, are waited for. */
export async function sumUntilNow(db: Kysely<Database>): Promise<void> {
  const { rows } = await sql<{ now: string }>`select now()::text as now`.execute(db);
  await waitFor('figures to be summed', async () => {
    while (await sumFigures(db)) {
      // The next slice.
    }
    const { rows: sums } = await sql<{ done: boolean }>`
      select until >= ${rows[0]?.now}::timestamptz - late_after() as done from figure_sums`.execute(db);
    return sums[0]?.done;
  });
}
