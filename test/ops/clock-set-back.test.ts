/** Figures are remembered for some seconds, also when the clock of the host is set back meanwhile. */
import { afterAll, afterEach, beforeAll, expect, it, jest } from '@jest/globals';
import { Registry } from 'prom-client';
import { figureSources } from '../../api/figure-source.ts';
import { createOverviews } from '../../ops/overview.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';

const MINUTE_MS = 60_000;

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterEach(() => void jest.restoreAllMocks());
afterAll(() => database.drop());

/** So much time passes, and the clock is set back by an hour. */
function setClockBackAfter(ms: number): void {
  const [now, wallNow] = [performance.now(), Date.now()];
  jest.spyOn(performance, 'now').mockReturnValue(now + ms);
  jest.spyOn(Date, 'now').mockReturnValue(wallNow + ms - 60 * MINUTE_MS);
}

it('asks a source of figures again', async () => {
  const registry = new Registry();
  let asked = 0;
  const ask = async () => {
    asked += 1;
    return asked;
  };
  figureSources(registry, 10_000)('source', ask, (metrics) => {
    const gauge = metrics.gauge('asked', 'How often');
    return (times) => gauge.set(times);
  });
  expect(await registry.metrics()).toContain('asked 1');
  expect(await registry.metrics()).toContain('asked 1');
  setClockBackAfter(MINUTE_MS);
  expect(await registry.metrics()).toContain('asked 2');
});

it("asks for the figures of the operators' page again", async () => {
  const overviewOf = createOverviews(database.db);
  const first = await overviewOf('24h');
  expect(await overviewOf('24h')).toBe(first);
  setClockBackAfter(10 * MINUTE_MS);
  expect(await overviewOf('24h')).not.toBe(first);
});
