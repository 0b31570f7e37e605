/**
 * Processes end, and come back, on one service. Killed at the worst moments (SIGKILL): customers who wait go on, and nobody
 * pays twice. Asked to stop (SIGTERM): they finish what they have begun, and say that they are going.
 */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { tsToMs } from '@temporalio/common/lib/time.js';
import { temporal } from '@temporalio/proto';
import { pause } from '../../dev/processes.ts';
import { paymentsOf, payOnCheckout } from '../support/payments.ts';
import { startStack, type TestStack } from '../support/stack.ts';
import { waitFor } from '../support/wait.ts';

let stack: TestStack;
beforeAll(async () => {
  stack = await startStack({ settings: { LOG_LEVEL: 'info' } });
}, 120_000);
afterAll(() => stack.stop());

const { TimeoutType } = temporal.api.enums.v1;
const TERMS = { currency: 'jpy', schedule: { type: 'once', amount_minor: 1200 } };
const PAYMENT_INTENTS = { method: 'POST', path_prefix: '/v1/payment_intents' };

function paid(id: string, timeoutMs = 90_000) {
  return waitFor(
    `${id} to be paid`,
    async () => (await stack.enrollment(id)).latest_charge?.status === 'succeeded',
    { timeoutMs, everyMs: 250 },
  );
}

async function successesOf(id: string): Promise<number> {
  return (await paymentsOf(stack.stripe, id)).filter(({ status }) => status === 'succeeded').length;
}

/** Which timeout noticed that the Worker was lost, and how long after the Activity was asked for it was begun again. */
async function retryAfterLostWorker(id: string) {
  const handle = stack.temporal.client.workflow.getHandle(`enrollment/${id}`);
  await handle.result();
  const { events } = await handle.fetchHistory();
  const begun = events?.find(
    ({ activityTaskStartedEventAttributes: started }) => Number(started?.attempt ?? 1) > 1,
  );
  const started = begun?.activityTaskStartedEventAttributes;
  const scheduled = events?.find(({ eventId }) => eventId?.eq(started?.scheduledEventId ?? -1));
  return {
    attempt: started?.attempt,
    timeout: started?.lastFailure?.timeoutFailureInfo?.timeoutType,
    afterMs: tsToMs(begun?.eventTime) - tsToMs(scheduled?.eventTime),
  };
}

const MONTHLY = {
  currency: 'jpy',
  schedule: { type: 'recurring', amount_minor: 980, interval: { unit: 'month' }, trial_days: 7 },
};

/** An enrollment whose first charge is days away. @returns its id */
async function active(): Promise<string> {
  const { id, checkout_url: url } = await stack.enroll({ terms: MONTHLY });
  await payOnCheckout(url);
  await waitFor(`${id} to be active`, async () => (await stack.enrollment(id)).status === 'active');
  return id;
}

describe('SIGKILL of the Worker', () => {
  let cached: string[];
  /** Stripe has taken the money of it, and nobody knows yet. */
  let inFlight: string;
  let restarted: Promise<void>;

  // One Worker for both: each waits for a timeout of its own.
  beforeAll(async () => {
    // The first may be handed to a poll that died with the Worker, and is timed out sooner than those that wait for one.
    cached = await Promise.all([1, 2, 3].map(() => active()));
    const enrolled = await stack.enroll({ terms: TERMS });
    inFlight = enrolled.id;
    await stack.control('faults', {
      match: PAYMENT_INTENTS,
      times: 1,
      kind: 'delay',
      when: 'after',
      delay_ms: 4_000,
    });
    await payOnCheckout(enrolled.checkout_url);
    await waitFor('Stripe to have taken the money', async () => (await successesOf(inFlight)) === 1);
    await stack.kill('worker');
    restarted = stack.restart('worker');
    // Each test hears of it.
    restarted.catch(() => undefined);
  }, 90_000);

  it.concurrent('that has enrollments in its cache: commands are answered by the next one, in time', async () => {
    const answers = cached.map(async (id) => {
      await pause(2_000);
      return stack.ask('POST', `/v1/enrollments/${id}/pause`, {});
    });
    await restarted;
    for (const answer of answers) {
      expect(await answer).toMatchObject({ status: 200, body: { status: 'paused' } });
    }
  }, 90_000);

  it.concurrent('F1: after Stripe took the money and before the Activity reported it', async () => {
    await restarted;
    await paid(inFlight);
    expect(await successesOf(inFlight)).toBe(1);
    expect(await stack.enrollment(inFlight)).toMatchObject({
      charges_succeeded: 1,
      amount_collected_minor: 1200,
    });
    const retry = await retryAfterLostWorker(inFlight);
    expect(retry.timeout).toBe(TimeoutType.TIMEOUT_TYPE_HEARTBEAT);
    expect(retry.attempt).toBe(2);
    // Not the minute that a request may take: a customer may be waiting.
    expect(retry.afterMs).toBeLessThan(30_000);
  }, 150_000);
});

describe('SIGKILL of the API', () => {
  it('while it is down, Stripe keeps its webhooks and delivers them later', async () => {
    const enrolled = await stack.enroll({ terms: TERMS });
    await stack.kill('api');
    await payOnCheckout(enrolled.checkout_url);
    await stack.restart('api');
    await paid(enrolled.id);
    expect(await successesOf(enrolled.id)).toBe(1);
  }, 150_000);

  it('F14: right after the start, a repeated request reaches the same enrollment', async () => {
    const lost = stack.enroll({ terms: TERMS }, 'killed-while-answering').catch(() => null);
    await stack.kill('api');
    await lost;
    await stack.restart('api');
    const again = await stack.enroll({ terms: TERMS }, 'killed-while-answering');
    const third = await stack.enroll({ terms: TERMS }, 'killed-while-answering');
    expect(third.id).toBe(again.id);
    expect(third.checkout_url).toBe(again.checkout_url);
    await payOnCheckout(again.checkout_url);
    await paid(again.id);
    expect(await successesOf(again.id)).toBe(1);
  }, 150_000);
});

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
    expect(await stack.running.worker.lastWords()).toContain('worker has stopped');
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
