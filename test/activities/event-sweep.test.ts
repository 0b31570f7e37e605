/** How the sweep gets on while Stripe is slow and much was missed: by Stripe's lists as they page, on a clock of the test's. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import type { Stripe } from 'stripe';
import { createEventSweepActivities } from '../../activities/event-sweep.ts';
import { moveCursor, readCursor } from '../../db/sweep-cursors.ts';
import { STRIPE_EVENT_TYPES } from '../../domain/stripe-event.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';

const NOW_MS = Date.UTC(2027, 0, 10, 12);
const NOW_S = NOW_MS / 1000;
const HOUR_S = 3_600;
/** What the Workflow gives the Activity. */
const START_TO_CLOSE_MS = 60_000;

let database: TestDatabase;
let nowMs = NOW_MS;
/** A type of event that cannot be listed. */
let refused = 'none';
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());
beforeEach(async () => {
  await database.db.deleteFrom('stripe_events').execute();
  await database.db.deleteFrom('sweep_cursors').execute();
  nowMs = NOW_MS;
  refused = 'none';
  jest.spyOn(Date, 'now').mockImplementation(() => nowMs);
});
afterEach(() => {
  jest.restoreAllMocks();
});

/** An account with one event at each of these instants, each of whose pages takes that long. */
function account(instants: readonly number[], pageMs: number, type = 'payment_intent.succeeded') {
  const events = instants.map((created, at) => ({
    id: `evt_${at}`,
    object: 'event',
    type,
    api_version: null,
    livemode: false,
    created,
    data: { object: { id: `pi_${at}`, object: 'payment_intent', metadata: {} } },
  }));
  const newestFirst = events.sort((one, other) => other.created - one.created);
  const list = async (asked: {
    created?: { gte?: number; lt?: number; lte?: number };
    limit: number;
    types: string[];
    starting_after?: string;
    ending_before?: string;
  }) => {
    expect(asked.types.length).toBeLessThanOrEqual(20);
    if (asked.types.includes(refused)) {
      throw new Error('refused');
    }
    // Those of other types are listed side by side with these.
    nowMs += asked.types.includes(type) ? pageMs : 0;
    const { gte = 0, lt = Infinity, lte = Infinity } = asked.created ?? {};
    const inside = newestFirst.filter(
      ({ created }) => asked.types.includes(type) && created >= gte && created < lt && created <= lte,
    );
    const place = (id: string | undefined) => inside.findIndex((event) => event.id === id);
    if (asked.ending_before !== undefined) {
      // As Stripe pages back: those right before the cursor.
      const end = place(asked.ending_before);
      return { data: inside.slice(Math.max(0, end - asked.limit), end), has_more: end > asked.limit };
    }
    const begin = place(asked.starting_after) + 1;
    const data = inside.slice(begin, begin + asked.limit);
    return { data, has_more: begin + data.length < inside.length };
  };
  const { sweepStripeEvents } = createEventSweepActivities({
    db: database.db,
    stripe: { events: { list } } as unknown as Stripe,
    links: { create: async () => 'http://127.0.0.1:3000/c/link' },
    livemode: false,
  });
  return async () => {
    const beganMs = nowMs;
    const report = await sweepStripeEvents({ travelMs: 60_000 });
    expect(nowMs - beganMs).toBeLessThan(START_TO_CLOSE_MS);
    return report;
  };
}

async function kept(): Promise<number> {
  const rows = await database.db.selectFrom('stripe_events').select('deliveries').execute();
  expect(rows.every(({ deliveries }) => deliveries === 1)).toBe(true);
  return rows.length;
}

const between = (fromS: number, toS: number, count: number) =>
  Array.from({ length: count }, (_, at) => fromS + Math.floor(((toS - fromS) * at) / count));

describe('sweepStripeEvents', () => {
  it('gets through what an outage has left, the oldest first, in as many sweeps as it takes', async () => {
    const outage = between(NOW_S - 5 * HOUR_S, NOW_S - HOUR_S, 2_500);
    const sweep = account([NOW_S - 4 * 86_400, ...outage], 4_000);
    let cursor = 0;
    let found = 0;
    let sweeps = 0;
    while (found < outage.length) {
      found += (await sweep()).found;
      const reached = (await readCursor(database.db, 'stripe-events'))?.getTime() ?? 0;
      expect(reached).toBeGreaterThan(cursor);
      cursor = reached;
      sweeps += 1;
      expect(sweeps).toBeLessThan(20);
    }
    expect(await kept()).toBe(outage.length);
  }, 60_000);

  it('begins with the first events of an account that has none from before', async () => {
    const all = between(NOW_S - 5 * HOUR_S, NOW_S - HOUR_S, 2_500);
    const sweep = account(all, 1_000);
    let found = 0;
    for (let sweeps = 0; found < all.length; sweeps++) {
      found += (await sweep()).found;
      expect(sweeps).toBeLessThan(10);
    }
    expect(await kept()).toBe(all.length);
  }, 60_000);

  it('gets through a second that has more events than a page', async () => {
    const burst = NOW_S - 2 * HOUR_S;
    const sweep = account([...between(burst, burst + 1, 700), burst - 1, burst + 1], 3_000);
    for (let sweeps = 0; (await kept()) < 702; sweeps++) {
      await sweep();
      expect(sweeps).toBeLessThan(10);
    }
  }, 60_000);

  it('reaches back three days in one sweep where little happens', async () => {
    const sweep = account([NOW_S - 3 * 86_400 + 1, NOW_S - 600, NOW_S - 30], 1_000);
    // The youngest may still be on its way.
    expect(await sweep()).toEqual({ found: 2, sweptUntil: new Date(NOW_MS - 59_000).toISOString() });
  });

  it.each(STRIPE_EVENT_TYPES)('finds %s, from where it ended the last time', async (type) => {
    const sweep = account([NOW_S - 4 * HOUR_S, NOW_S - 2 * HOUR_S], 100, type);
    expect((await sweep()).found).toBe(2);
    expect((await sweep()).found).toBe(0);
    const cursors = await database.db.selectFrom('sweep_cursors').select('swept_until').execute();
    expect(cursors).toEqual([{ swept_until: new Date(NOW_MS - 2 * HOUR_S * 1_000) }]);
  });

  it('ends when all that it has begun is over, and has kept what can be listed where some cannot', async () => {
    const missed = between(NOW_S - 5 * HOUR_S, NOW_S - HOUR_S, 350);
    const sweep = account([NOW_S - 4 * 86_400, ...missed], 100);
    refused = 'mandate.updated';
    await expect(sweep()).rejects.toThrow('refused');
    expect(await kept()).toBe(350);
    refused = 'none';
    expect((await sweep()).found).toBe(0);
  });

  it('looks again at what is young, where Stripe may list an event late', async () => {
    const sweep = account([NOW_S - 300], 100);
    expect((await sweep()).found).toBe(1);
    const late = account([NOW_S - 300, NOW_S - 240], 100);
    expect((await late()).found).toBe(1);
    expect(await readCursor(database.db, 'stripe-events')).toEqual(new Date(NOW_MS - 600_000));
  });

  it('looks at nothing, and forgets nothing, on a host whose clock is a day behind', async () => {
    const sweep = account(between(NOW_S - 5 * HOUR_S, NOW_S - HOUR_S, 20), 100);
    await sweep();
    const before = await readCursor(database.db, 'stripe-events');
    nowMs = NOW_MS - 86_400_000;
    expect((await sweep()).found).toBe(0);
    expect(await readCursor(database.db, 'stripe-events')).toEqual(before);
  });

  describe('on a host whose clock is a day ahead', () => {
    const DAY_MS = 86_400_000;

    it('keeps nothing from the sweeps of the others', async () => {
      const before = between(NOW_S - 5 * HOUR_S, NOW_S - HOUR_S, 20);
      nowMs = NOW_MS + DAY_MS;
      expect((await account(before, 100)()).found).toBe(20);
      nowMs = NOW_MS + 2 * HOUR_S * 1_000;
      // Older than what the wrong clock calls settled, newer than anything that its sweep has seen.
      expect((await account([...before, NOW_S, NOW_S + HOUR_S], 100)()).found).toBe(2);
    });

    it('is got over where it has left the cursor ahead', async () => {
      await moveCursor(database.db, 'stripe-events', new Date(NOW_MS + DAY_MS), 0);
      const sweep = account([NOW_S - 2 * 86_400, NOW_S - HOUR_S], 100);
      expect((await sweep()).found).toBe(2);
      const reached = await readCursor(database.db, 'stripe-events');
      expect(reached).toEqual(new Date((NOW_S - HOUR_S) * 1_000));
    });
  });
});
