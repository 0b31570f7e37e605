import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { reserveTurns } from '../../db/request-turns.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase({ poolSize: 10 });
});
afterAll(() => database.drop());

describe('reserveTurns', () => {
  it('gives the first at once, and the next after what was reserved before', async () => {
    expect(await reserveTurns(database.db, 'one', 3, 2)).toBeLessThan(50);
    const next = await reserveTurns(database.db, 'one', 1, 2);
    expect(next).toBeGreaterThan(1_300);
    expect(next).toBeLessThanOrEqual(1_500);
  });

  it('gives each turn to one caller, however many ask at once', async () => {
    const waits = await Promise.all(
      Array.from({ length: 14 }, () => reserveTurns(database.db, 'many', 1, 0.5)),
    );
    // Two seconds apart, by a clock that went on while they were asked.
    const places = waits.map((waitMs) => Math.ceil(waitMs / 2_000));
    expect(new Set(places).size).toBe(14);
  });

  it('does not count who is asked under another name', async () => {
    await reserveTurns(database.db, 'busy', 100, 1);
    expect(await reserveTurns(database.db, 'idle', 1, 1)).toBeLessThan(50);
  });

  it('gives no more at once for having been left alone', async () => {
    await reserveTurns(database.db, 'rested', 1, 100);
    await new Promise((resolve) => setTimeout(resolve, 60));
    await reserveTurns(database.db, 'rested', 10, 100);
    expect(await reserveTurns(database.db, 'rested', 1, 100)).toBeGreaterThan(50);
  });

  it('does not wait for a clock that was set back', async () => {
    await database.db
      .insertInto('request_turns')
      .values({ name: 'ahead', next_at: new Date(Date.now() + 3_600_000) })
      .execute();
    expect(await reserveTurns(database.db, 'ahead', 1, 100)).toBeLessThanOrEqual(30_000);
  });
});
