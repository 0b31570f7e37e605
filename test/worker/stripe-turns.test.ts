import { describe, expect, it } from '@jest/globals';
import { createTurns } from '../../worker/stripe-turns.ts';

/** One row for all processes, in memory: reserves like `db/request-turns.ts`. */
function oneRow(perSecond: number) {
  let nextAt = 0;
  const asked: number[] = [];
  return {
    asked,
    async reserve(count: number): Promise<number> {
      const now = performance.now();
      const first = Math.max(nextAt, now);
      nextAt = first + (1_000 * count) / perSecond;
      asked.push(count);
      return first - now;
    },
  };
}

describe('createTurns', () => {
  it('lets what comes at once go evenly, in its order', async () => {
    const turns = createTurns(100, oneRow(100).reserve);
    const gone: { number: number; atMs: number }[] = [];
    await Promise.all(
      Array.from({ length: 40 }, async (_, number) => {
        await turns.take(false);
        gone.push({ number, atMs: performance.now() });
      }),
    );
    expect(gone.map(({ number }) => number)).toEqual([...Array(40).keys()]);
    for (const { atMs } of gone) {
      const within = gone.filter((other) => other.atMs >= atMs && other.atMs < atMs + 100);
      // Ten, and the grain of the clock and its timers.
      expect(within.length).toBeLessThanOrEqual(13);
    }
    expect((gone.at(-1)?.atMs ?? 0) - (gone[0]?.atMs ?? 0)).toBeGreaterThanOrEqual(385);
  });

  it('keeps two processes to one rate together', async () => {
    const row = oneRow(100);
    const startedMs = performance.now();
    await Promise.all(
      [createTurns(100, row.reserve), createTurns(100, row.reserve)].flatMap((turns) =>
        Array.from({ length: 20 }, () => turns.take(false)),
      ),
    );
    expect(performance.now() - startedMs).toBeGreaterThanOrEqual(385);
  });

  it('lets a customer go before what a schedule made, whoever came first', async () => {
    const turns = createTurns(100, oneRow(100).reserve);
    const gone: string[] = [];
    const take = (name: string, urgent: boolean) => turns.take(urgent).then(() => gone.push(name));
    await Promise.all([
      ...Array.from({ length: 10 }, (_, at) => take(`scheduled ${at}`, false)),
      take('customer', true),
    ]);
    expect(gone.indexOf('customer')).toBeLessThanOrEqual(1);
  });

  it('asks the database once for many requests at a high rate, and once for each at a low one', async () => {
    const high = oneRow(10_000);
    const fast = createTurns(10_000, high.reserve);
    for (let made = 0; made < 20; made += 1) {
      await fast.take(false);
    }
    expect(high.asked.length).toBeLessThan(10);
    const low = oneRow(50);
    const slow = createTurns(50, low.reserve);
    for (let made = 0; made < 3; made += 1) {
      await slow.take(false);
    }
    expect(low.asked).toEqual([1, 1, 1]);
  });

  it('does not save up what nobody used', async () => {
    const turns = createTurns(1_000, oneRow(1_000).reserve);
    await turns.take(false);
    await new Promise((resolve) => setTimeout(resolve, 100));
    const startedMs = performance.now();
    await Promise.all(Array.from({ length: 30 }, () => turns.take(false)));
    // The slice of ten that was reserved first is over: thirty turns take thirty milliseconds.
    expect(performance.now() - startedMs).toBeGreaterThanOrEqual(28);
  });

  it('tells everybody who waits when none can be reserved, and goes on afterwards', async () => {
    const row = oneRow(100);
    let isAway = true;
    const turns = createTurns(100, async (count) => {
      if (isAway) {
        throw new Error('the database is away');
      }
      return row.reserve(count);
    });
    const waiting = await Promise.allSettled([turns.take(false), turns.take(true), turns.take(false)]);
    expect(waiting.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected']);
    isAway = false;
    await turns.take(false);
  });
});
