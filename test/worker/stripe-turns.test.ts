import { describe, expect, it, jest } from '@jest/globals';
import { MockActivityEnvironment } from '@temporalio/testing';
import { NoTurn } from '../../domain/errors.ts';
import { startInterceptor } from '../../worker/overdue.ts';
import { createTurns, turnOfActivity } from '../../worker/stripe-turns.ts';
import { activitySlotsFor } from '../../worker/worker.ts';

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
    jest.useFakeTimers();
    try {
      const turns = createTurns(100, oneRow(100).reserve);
      const startedMs = performance.now();
      const gone: { number: number; atMs: number }[] = [];
      for (let number = 0; number < 40; number++) {
        void turns.take(false).then(() => gone.push({ number, atMs: performance.now() - startedMs }));
      }
      await jest.advanceTimersByTimeAsync(389);
      expect(gone).toHaveLength(39);
      await jest.advanceTimersByTimeAsync(1);
      expect(gone).toEqual([...Array(40).keys()].map((number) => ({ number, atMs: 10 * number })));
    } finally {
      jest.useRealTimers();
    }
  });

  it('makes up at once for what the process was late for', async () => {
    const turns = createTurns(100, oneRow(100).reserve);
    const startedMs = performance.now();
    // Not by the clock, which a busy machine stops for everybody: what goes at once goes in one turn of the event loop.
    let loop = 0;
    const nextLoop = () => {
      loop += 1;
      ticking = setImmediate(nextLoop);
    };
    let ticking = setImmediate(nextLoop);
    const gone: number[] = [];
    const all = Array.from({ length: 40 }, () => turns.take(false).then(() => gone.push(loop)));
    await all[4];
    const goneBefore = gone.length;
    for (const stalledMs = performance.now(); performance.now() < stalledMs + 150; );
    // Of twenty turns that are reserved: those whose time came while it stood still.
    const dueBy = Math.min(20, Math.floor((performance.now() - startedMs) / 10) - 1);
    await Promise.all(all);
    clearImmediate(ticking);
    const late = gone.slice(goneBefore, dueBy);
    expect(late.length).toBeGreaterThanOrEqual(3);
    expect(new Set(late).size).toBe(1);
    expect(performance.now() - startedMs).toBeGreaterThanOrEqual(385);
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
    // The slice of ten that was reserved first is over: thirty turns take thirty milliseconds, but for the last ten together.
    expect(performance.now() - startedMs).toBeGreaterThanOrEqual(19);
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
    for (const one of waiting) {
      expect(one).toMatchObject({ status: 'rejected', reason: expect.any(NoTurn) });
    }
    isAway = false;
    await turns.take(false);
  });

  it('leaves a turn now and then to what a schedule made, however many customers come', async () => {
    const turns = createTurns(200, oneRow(200).reserve);
    const gone: string[] = [];
    const take = (name: string, urgent: boolean) => turns.take(urgent).then(() => gone.push(name));
    await Promise.all([
      take('scheduled', false),
      ...Array.from({ length: 12 }, (_, at) => take(`customer ${at}`, true)),
    ]);
    expect(gone.indexOf('scheduled')).toBeLessThanOrEqual(4);
  });

  it('lets who gives up go, and spends no turn on them', async () => {
    const row = oneRow(4);
    const turns = createTurns(4, row.reserve);
    const given = new AbortController();
    const first = turns.take(false);
    const second = turns.take(false, given.signal);
    const third = turns.take(false);
    given.abort(new Error('it has timed out'));
    await expect(second).rejects.toThrow('it has timed out');
    await Promise.all([first, third]);
    expect(row.asked).toEqual([1, 1]);
    await expect(turns.take(true, given.signal)).rejects.toThrow(NoTurn);
  });
});

describe('turnOfActivity', () => {
  it.each([
    [1, true],
    [3, false],
    [undefined, false],
  ])('asks with the urgency of an Activity of priority %p', async (priorityKey, urgent) => {
    const asked: boolean[] = [];
    const turn = turnOfActivity({
      take: async (isUrgent) => {
        asked.push(isUrgent);
        return () => {};
      },
    });
    const info = priorityKey === undefined ? {} : { priority: { priorityKey } };
    await new MockActivityEnvironment(info).run(turn);
    expect(asked).toEqual([urgent]);
  });
});

describe('an Activity on a host that was suspended', () => {
  const startToCloseTimeoutMs = 60_000;

  async function takesTurnAfter(sleptMs: number): Promise<{ turn: Promise<() => void>; answered: number }> {
    let answered = 0;
    const take = async () => {
      mock.now += sleptMs;
      return () => {
        answered += 1;
      };
    };
    const mock = { now: 1_000_000 };
    const clock = jest.spyOn(Date, 'now').mockImplementation(() => mock.now);
    const environment = new MockActivityEnvironment({ startToCloseTimeoutMs });
    const started: () => Promise<unknown> = () =>
      startInterceptor().execute({ args: [], headers: {} }, turnOfActivity({ take }));
    const turn: Promise<() => void> = environment.run(started as () => Promise<() => void>);
    await turn.catch(() => undefined);
    clock.mockRestore();
    return { turn, answered };
  }

  it('sends nothing once its time is over', async () => {
    const { turn, answered } = await takesTurnAfter(startToCloseTimeoutMs + 1);
    await expect(turn).rejects.toThrow(NoTurn);
    expect(answered).toBe(1);
  });

  it('goes on within its time', async () => {
    const { turn, answered } = await takesTurnAfter(startToCloseTimeoutMs);
    expect(await turn).toBeInstanceOf(Function);
    expect(answered).toBe(0);
  });
});

describe('activitySlotsFor', () => {
  it.each([
    [0.1, 2],
    [5, 10],
    [80, 50],
    [100_000, 50],
  ])('at %p requests a second, lets %p Activities run', (perSecond, slots) => {
    expect(activitySlotsFor(perSecond)).toBe(slots);
  });
});
