/** Processes that are asked to stop (SIGTERM) finish what they have begun, and say that they are going. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { paymentsOf, payOnCheckout } from '../support/payments.ts';
import { startStack, type TestStack } from '../support/stack.ts';
import { waitFor } from '../support/wait.ts';

let stack: TestStack;
beforeAll(async () => {
  stack = await startStack({ settings: { LOG_LEVEL: 'info' } });
}, 120_000);
afterAll(() => stack.stop());

const TERMS = { currency: 'jpy', schedule: { type: 'once', amount_minor: 1200 } };
const SLOW_STRIPE_MS = 3_000;

async function slowNext(pathPrefix: string): Promise<void> {
  const match = { method: 'POST', path_prefix: pathPrefix };
  await stack.control('faults', { match, times: 1, kind: 'delay', when: 'after', delay_ms: SLOW_STRIPE_MS });
}

describe('SIGTERM', () => {
  it('F24: of the Worker during a slow charge: it is made once, and recorded before the process ends', async () => {
    const { id, checkout_url: url } = await stack.enroll({ terms: TERMS });
    await slowNext('/v1/payment_intents');
    await payOnCheckout(url);
    await waitFor('Stripe to have taken the money', async () =>
      (await paymentsOf(stack.stripe, id)).some(({ status }) => status === 'succeeded'),
    );
    expect((await stack.enrollment(id)).latest_charge?.status).not.toBe('succeeded');

    await stack.running.worker.stop();
    expect(await stack.running.worker.exited).toEqual({ code: 0, signal: null });
    expect(stack.running.worker.lastLines()).toContain('worker has stopped');
    const charge = await stack.db
      .selectFrom('charges')
      .selectAll()
      .where('enrollment_id', '=', id)
      .executeTakeFirstOrThrow();
    expect(charge).toMatchObject({ status: 'succeeded', attempts: 1, captured_minor: 1200 });

    await stack.restart('worker');
    await stack.temporal.client.workflow.getHandle(`enrollment/${id}`).result();
    expect(await paymentsOf(stack.stripe, id)).toHaveLength(1);
    const { events } = await stack.temporal.client.workflow.getHandle(`enrollment/${id}`).fetchHistory();
    const retried = events?.filter(
      ({ activityTaskStartedEventAttributes: started }) => Number(started?.attempt ?? 1) > 1,
    );
    expect(retried).toEqual([]);
  }, 120_000);
});
