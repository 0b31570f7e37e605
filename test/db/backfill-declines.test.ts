/** Charges that were declined before the sums were kept are found, also one that somebody has locked. */
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { sql } from 'kysely';
import pg from 'pg';
import { findDeclines } from '../../db/backfill-declines.ts';
import { dunningFunnel } from '../../db/figure-series.ts';
import { makeCharge } from '../ops/rows.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { waitFor } from '../support/wait.ts';

const DAY_MS = 86_400_000;
const DECLINED = 205;

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

it('find each charge once, wait for one that is locked, and are over then', async () => {
  const { db } = database;
  const dueAt = new Date(Date.now() - 2 * DAY_MS);
  await db.transaction().execute(async (trx) => {
    // As before the migration: no trigger looks.
    await sql`set local session_replication_role = replica`.execute(trx);
    for (let n = 0; n < DECLINED; n++) {
      const declines = n % 2 === 0 ? ['do_not_honor'] : ['do_not_honor', 'insufficient_funds'];
      await makeCharge(trx, { currency: 'jpy', amountMinor: 10, status: 'succeeded', declines, dueAt });
    }
    await makeCharge(trx, { currency: 'jpy', amountMinor: 10, status: 'succeeded', dueAt });
    await sql`update backfills set place = '', finished_at = null where name = 'last_declined_at'`.execute(
      trx,
    );
  });
  const since = { from: new Date(Date.now() - 3 * DAY_MS) };
  expect(await dunningFunnel(db, since)).toEqual([]);

  const somebody = new pg.Client({ connectionString: database.url });
  await somebody.connect();
  await somebody.query('begin');
  await somebody.query('update charges set updated_at = now() where id = (select min(id) from charges)');
  const said: string[] = [];
  const finding = findDeclines(db, (text) => said.push(text));
  await waitFor('the others to be found', async () => (await dunningFunnel(db, since))[0]?.declined === 199);
  // Declined once more meanwhile, by a newer attempt, which is not undone.
  await somebody.query(
    `insert into charge_attempts (charge_id, attempt, enrollment_id, idempotency_key, payment_method_id, outcome, attempted_at)
     select id, 9, enrollment_id, id || '/9', 'pm_1', 'declined', now() from charges where id = (select min(id) from charges)`,
  );
  await somebody.query('commit');
  await somebody.end();
  await finding;
  expect(said).toEqual([`Found ${DECLINED} charges that were declined.`]);
  expect(await dunningFunnel(db, since)).toMatchObject([
    { declined: DECLINED, declinedMinor: 10 * DECLINED },
  ]);
  const today = { from: new Date(Math.floor(Date.now() / 3_600_000) * 3_600_000) };
  expect(await dunningFunnel(db, today)).toMatchObject([{ declined: 1 }]);

  await findDeclines(db, (text) => said.push(text));
  expect(said).toHaveLength(1);
});
