/** The API has figures summed while it runs, whatever happens to the database meanwhile. */
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { sql } from 'kysely';
import { createFigureSums } from '../../api/figure-sums.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { waitFor } from '../support/wait.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

async function summedUntil(): Promise<string> {
  const { rows } = await sql<{ until: string }>`select until::text from figure_sums`.execute(database.db);
  return rows[0]?.until ?? '';
}

it('sums again and again, also after a failure, until it is stopped', async () => {
  const { db } = database;
  const warned: string[] = [];
  const sums = createFigureSums(
    db,
    { warn: (_: object, text?: string) => void warned.push(String(text)) },
    10,
  );
  const moves = async () => {
    const before = await summedUntil();
    await waitFor('the sums to go on', async () => (await summedUntil()) !== before);
  };
  sums.start();
  await moves();
  await moves();
  await sql`alter table summed_money rename to away`.execute(db);
  await waitFor('a failure', () => warned.length > 0);
  expect(new Set(warned)).toEqual(new Set(['figures could not be summed']));
  await sql`alter table away rename to summed_money`.execute(db);
  await moves();
  await sql`update figure_sums set until = now() + interval '1 hour'`.execute(db);
  const setBack = "the database's clock was set back: figures are summed anew, and take longer meanwhile";
  await waitFor('a word of the clock', () => warned.includes(setBack));
  await moves();
  await sums.stop();
  const stopped = await summedUntil();
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(await summedUntil()).toBe(stopped);
});
