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

  it('of the API: it says so first, still answers, and finishes a command that waits for Stripe', async () => {
    await stack.running.api.stop();
    await stack.restart('api', { API_DRAIN_SECONDS: '2' });
    await slowNext('/v1/checkout/sessions');
    const slow = stack.enroll({ terms: TERMS });
    const stopped = stack.running.api.stop();
    const said = await waitFor('readiness to be false', async () => {
      const { status, body } = await stack.ask('GET', '/readyz');
      return status === 503 ? body : false;
    });
    expect(said).toMatchObject({ status: 'stopping', checks: { database: 'ok', temporal: 'ok' } });
    // Whoever has not heard of it yet is served.
    expect((await stack.ask('GET', '/v1/enrollments')).status).toBe(200);
    expect((await slow).checkout_url).toContain('cs_test_');
    await stopped;
    expect(await stack.running.api.exited).toEqual({ code: 0, signal: null });
    await expect(stack.ask('GET', '/healthz')).rejects.toThrow();
    await stack.restart('api');
  }, 120_000);

  it('of the API without that time: nobody new is let in, what runs is finished', async () => {
    await slowNext('/v1/checkout/sessions');
    const slow = stack.enroll({ terms: TERMS });
    await waitFor('Stripe to be asked', async () => (await openFaults()) === 0);
    const stopped = stack.running.api.stop();
    await waitFor('new connections to be refused', () =>
      stack.ask('GET', '/healthz').then(
        () => false,
        () => true,
      ),
    );
    expect((await slow).checkout_url).toContain('cs_test_');
    await stopped;
    expect(await stack.running.api.exited).toEqual({ code: 0, signal: null });
    await stack.restart('api');
  }, 120_000);
});

/** Faults that were ordered and have met nobody yet. */
async function openFaults(): Promise<number> {
  const answer = await fetch(`${stack.standIn.url}/_control/faults`);
  return ((await answer.json()) as { data: unknown[] }).data.length;
}
