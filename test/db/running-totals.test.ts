/** Totals since the beginning are exact, whatever of them is remembered, and no statement of theirs is of all time. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { sql } from 'kysely';
import { createRunningTotals } from '../../db/running-totals.ts';
import { makeCharge } from '../ops/rows.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { recordStatements } from '../support/plans.ts';
import { waitFor } from '../support/wait.ts';

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
const NOW_MS = Date.UTC(2027, 0, 10, 12, 7);
/** Where days are three weeks old, and where the last minutes begin. */
const CLOSED_MS = Date.UTC(2026, 11, 20);
const RECENT_MS = Date.UTC(2027, 0, 10, 11, 50);

const recorded = recordStatements();
let database: TestDatabase;
let nowMs = NOW_MS;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(async () => {
  recorded.stop();
  await database.drop();
});
beforeEach(() => {
  nowMs = NOW_MS;
  jest.spyOn(Date, 'now').mockImplementation(() => nowMs);
});
afterEach(() => {
  jest.restoreAllMocks();
});

const paidAt = (ms: number) =>
  makeCharge(database.db, { currency: 'jpy', amountMinor: 100, status: 'succeeded', dueAt: new Date(ms) });

describe('createRunningTotals', () => {
  it('counts each payment once: of the beginning, around each border, and of a clock that is ahead', async () => {
    const instants = [
      NOW_MS - 500 * DAY_MS,
      NOW_MS - 470 * DAY_MS,
      NOW_MS - 100 * DAY_MS,
      CLOSED_MS - 1,
      CLOSED_MS,
      RECENT_MS - 1,
      RECENT_MS,
      NOW_MS,
      NOW_MS + DAY_MS,
    ];
    await Promise.all(instants.map(paidAt));
    recorded.sent.clear();
    const { collected, attempts } = await createRunningTotals(database.db)();
    expect(collected).toEqual([{ currency: 'jpy', charges: 9, amountMinor: 900 }]);
    expect(attempts).toEqual([{ outcome: 'succeeded', declineCode: null, attempts: 9 }]);
    const longMs = [...recorded.sent.values()]
      .flat()
      .map(([from, until]) => [Date.parse(String(from)), Date.parse(String(until))] as const)
      .filter(([from]) => from < CLOSED_MS)
      .map(([from, until]) => until - from);
    expect(longMs.length).toBeGreaterThan(2);
    expect(Math.max(...longMs)).toBeLessThanOrEqual(30 * DAY_MS);
  });

  it('tells what is booked now at once, what is booked late ten minutes later, and weeks late on the next day', async () => {
    const totals = createRunningTotals(database.db);
    const charges = async () => (await totals()).collected[0]?.charges ?? 0;
    const before = await charges();
    await paidAt(NOW_MS);
    expect(await charges()).toBe(before + 1);
    await paidAt(NOW_MS - DAY_MS);
    await paidAt(CLOSED_MS - DAY_MS);
    expect(await charges()).toBe(before + 1);
    nowMs += 10 * MINUTE_MS;
    await waitFor('the late one', async () => (await charges()) === before + 2);
    nowMs += DAY_MS;
    await waitFor('the one that is weeks late', async () => (await charges()) === before + 3);
  });

  it('tells all that came since while it sums anew, and nothing of it twice afterwards', async () => {
    const totals = createRunningTotals(database.db);
    const charges = async () => (await totals()).collected[0]?.charges ?? 0;
    const before = await charges();
    nowMs += 2 * DAY_MS;
    await Promise.all([NOW_MS + DAY_MS, nowMs - 30 * MINUTE_MS, nowMs].map(paidAt));
    recorded.sent.clear();
    expect(await charges()).toBe(before + 3);
    const sums = () => [...recorded.sent.values()].flat().map(([from]) => Date.parse(String(from)));
    await waitFor(
      'the new sum',
      async () => (await charges()) > 0 && sums().at(-1) === nowMs - 17 * MINUTE_MS,
    );
    expect(await charges()).toBe(before + 3);
  });

  it('sums again what could not be summed', async () => {
    const totals = createRunningTotals(database.db);
    const rename = (from: string, to: string) =>
      sql`alter table ${sql.table(from)} rename to ${sql.table(to)}`.execute(database.db);
    await rename('charge_attempts', 'away');
    await expect(totals()).rejects.toThrow('does not exist');
    await rename('away', 'charge_attempts');
    expect((await totals()).attempts).not.toEqual([]);
  });
});
