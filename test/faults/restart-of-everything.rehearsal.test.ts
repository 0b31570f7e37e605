/** The machine is switched off and on again (SIGKILL of everything), and many charges have fallen due meanwhile. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { checkBooks } from '../../check-books/check.ts';
import { TARGETS } from '../../dev/chaos/plan.ts';
import { openWorld, type World } from '../../dev/chaos/world.ts';
import { atOnce } from '../support/at-once.ts';
import { paymentsOf, payOnCheckout } from '../support/payments.ts';
import { waitFor } from '../support/wait.ts';

const CUSTOMERS = 30;
const REQUESTS_PER_SECOND = 5;
/** Turns are even; one that somebody was late for may come close to the next. */
const BURST = 1;
/** Until then all are enrolled, also on a busy machine. */
const DUE_IN_MS = 60_000;

let world: World;
beforeAll(async () => {
  world = await openWorld(() => undefined, { STRIPE_REQUESTS_PER_SECOND: String(REQUESTS_PER_SECOND) });
}, 180_000);
afterAll(() => world.close(false), 60_000);

async function enroll(index: number, dueAt: string): Promise<string> {
  const answer = await fetch(`${world.api}/v1/enrollments`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${world.apiKey}`,
      'content-type': 'application/json',
      'idempotency-key': `restart-${index}`,
    },
    body: JSON.stringify({
      terms: { currency: 'jpy', schedule: { type: 'once', amount_minor: 1_000 + index, at: dueAt } },
    }),
  });
  const { id, checkout_url: url } = (await answer.json()) as { id: string; checkout_url: string };
  await payOnCheckout(url);
  return id;
}

async function countOf(status: 'active' | 'completed'): Promise<number> {
  const rows = await world.db.selectFrom('enrollments').select('id').where('status', '=', status).execute();
  return rows.length;
}

/** When Stripe got each request to make a payment, in epoch milliseconds, the oldest first. */
async function charges(): Promise<number[]> {
  const { data } = await world.control<{ data: { method: string; path: string; at: number }[] }>(
    'GET',
    'requests?limit=10000&path_prefix=/v1/payment_intents',
  );
  return data
    .filter(({ method, path }) => method === 'POST' && path === '/v1/payment_intents')
    .map(({ at }) => at)
    .sort((a, b) => a - b);
}

/** The most of them within any second. */
function mostInASecond(instants: readonly number[]): number {
  return Math.max(...instants.map((from) => instants.filter((at) => at >= from && at < from + 1_000).length));
}

describe('everything is killed, and thirty charges fall due before it is back', () => {
  it('F36: all are made, each once, no faster than the rate that is set', async () => {
    const dueAtMs = Date.now() + DUE_IN_MS;
    const numbers = Array.from({ length: CUSTOMERS }, (_, index) => index);
    const ids = await atOnce(4, numbers, (index) => enroll(index, new Date(dueAtMs).toISOString()));
    await waitFor('all to be active', async () => (await countOf('active')) === CUSTOMERS, {
      timeoutMs: 60_000,
      everyMs: 500,
    });
    expect(await charges()).toEqual([]);
    await Promise.all(TARGETS.map((target) => world.kill(target)));
    await waitFor('the charges to be due', () => Date.now() > dueAtMs + 1_000, {
      timeoutMs: DUE_IN_MS + 5_000,
    });

    await Promise.all([world.start('postgres'), world.start('temporal')]);
    await Promise.all([world.start('api'), world.start('worker')]);
    await waitFor('all to be charged', async () => (await countOf('completed')) === CUSTOMERS, {
      timeoutMs: 90_000,
      everyMs: 500,
    });
    const instants = await charges();
    expect(instants).toHaveLength(CUSTOMERS);
    const tookS = (Number(instants.at(-1)) - Number(instants[0])) / 1_000;
    expect(mostInASecond(instants)).toBeLessThanOrEqual(BURST + REQUESTS_PER_SECOND);
    expect((CUSTOMERS - BURST) / tookS).toBeLessThanOrEqual(1.1 * REQUESTS_PER_SECOND);
    for (const id of ids) {
      expect(await paymentsOf(world.stripe, id)).toMatchObject([{ status: 'succeeded' }]);
    }
    const { db, stripe, client, taskQueue } = world;
    expect((await checkBooks({ db, stripe, client, taskQueue }, { settleMs: 1_000 })).differences).toEqual(
      [],
    );
  }, 300_000);
});
