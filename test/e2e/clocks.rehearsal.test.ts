/** Hosts whose clocks are wrong: what is due is decided by Temporal's clock, and signatures fail closed. */
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { paymentsOf, payOnCheckout } from '../support/payments.ts';
import { startStack, type TestStack } from '../support/stack.ts';
import { fastForward } from '../support/temporal.ts';
import { waitFor } from '../support/wait.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const SHIFTED_CLOCK = pathToFileURL(path.join(import.meta.dirname, '../support/shifted-clock.mjs')).href;
const MONTHLY = {
  currency: 'jpy',
  schedule: {
    type: 'recurring',
    amount_minor: 980,
    interval: { unit: 'month', count: 1 },
    time_zone: 'UTC',
    trial_days: 10,
  },
};

let stack: TestStack;
beforeAll(async () => {
  stack = await startStack();
}, 120_000);
afterAll(() => stack.stop());

function clockOff(byMs: number): Record<string, string> {
  return { NODE_OPTIONS: `--import=${SHIFTED_CLOCK}`, SHIFT_CLOCK_MS: String(byMs) };
}

async function restartWith(name: 'api' | 'worker', env: Record<string, string>): Promise<void> {
  await stack.running[name].stop();
  await stack.restart(name, env);
}

async function dueAt(id: string): Promise<number> {
  const at = await waitFor(`the next charge of ${id}`, async () => {
    const { next_charge_at } = await stack.db
      .selectFrom('enrollments')
      .select('next_charge_at')
      .where('id', '=', id)
      .executeTakeFirstOrThrow();
    return next_charge_at;
  });
  return at.getTime();
}

describe.each([
  ['an hour behind', -HOUR_MS],
  ['an hour ahead', HOUR_MS],
  ['a day behind', -DAY_MS],
  ['a day ahead', DAY_MS],
])('the clock of the Worker is %s', (_how, byMs) => {
  it('F21: a trial ends, and the next charge is due, when Temporal says so', async () => {
    await restartWith('worker', clockOff(byMs));
    const beganAtMs = Date.now();
    const { id, checkout_url: url } = await stack.enroll({ terms: MONTHLY });
    await payOnCheckout(url);
    const endOfTrialMs = await dueAt(id);
    expect(Math.abs(endOfTrialMs - (beganAtMs + 10 * DAY_MS))).toBeLessThan(60_000);
    expect(await paymentsOf(stack.stripe, id)).toEqual([]);

    await fastForward(stack.temporal, `enrollment/${id}`, 10 * DAY_MS + HOUR_MS / 4);
    await waitFor('the first charge', async () => (await stack.enrollment(id)).charges_succeeded === 1, {
      timeoutMs: 30_000,
    });
    expect(await paymentsOf(stack.stripe, id)).toMatchObject([{ status: 'succeeded' }]);
    expect(await begunAt(id, 'collectCharge')).toBeGreaterThanOrEqual(endOfTrialMs);
    const charge = await stack.db
      .selectFrom('charges')
      .selectAll()
      .where('enrollment_id', '=', id)
      .executeTakeFirstOrThrow();
    expect(charge.due_at.getTime()).toBe(endOfTrialMs);
    expect(await dueAt(id)).toBeGreaterThan(endOfTrialMs + 27 * DAY_MS);
  }, 90_000);
});

/** When Temporal says that the Activity was asked for. */
async function begunAt(id: string, activity: string): Promise<number> {
  const { events } = await stack.temporal.client.workflow.getHandle(`enrollment/${id}`).fetchHistory();
  const scheduled = events?.find(
    ({ activityTaskScheduledEventAttributes: asked }) => asked?.activityType?.name === activity,
  );
  const { seconds, nanos } = scheduled?.eventTime ?? {};
  return Number(seconds ?? 0) * 1_000 + Number(nanos ?? 0) / 1_000_000;
}

describe('the clock of the API is wrong', () => {
  // The Worker's stays as it was last: a host of its own.
  it.each([
    ['behind', -HOUR_MS],
    ['ahead', HOUR_MS],
  ])(
    'F21: an hour %s, it refuses every signature, and takes the events when its clock is right',
    async (_how, byMs) => {
      await restartWith('api', clockOff(byMs));
      await expect(stack.webhook(event('evt_clock'))).rejects.toThrow('answered 400');
      const { id, checkout_url: url } = await stack.enroll({
        terms: { currency: 'jpy', schedule: { type: 'once', amount_minor: 1200 } },
      });
      // Commands are timed by Temporal: the customer is charged now, not when this host thinks it is.
      await payOnCheckout(url);
      await restartWith('api', {});
      await stack.webhook(event('evt_clock'));
      await waitFor('the charge', async () => (await stack.enrollment(id)).charges_succeeded === 1, {
        timeoutMs: 60_000,
      });
      expect(await paymentsOf(stack.stripe, id)).toHaveLength(1);
    },
    120_000,
  );
});

function event(id: string) {
  return { id, object: 'event', type: 'customer.created', livemode: false, created: 1, data: { object: {} } };
}
