/** Commands under an Idempotency-Key, through the API: a repeat whose first answer was lost is not carried out again. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createTemporalBillingClient } from '../../api/temporal-billing-client.ts';
import { startApi, type TestApi } from '../api/test-api.ts';
import { MONTHLY, startBilling, type TestBilling } from '../support/billing.ts';
import { waitFor } from '../support/wait.ts';

let billing: TestBilling;
let api: TestApi;
beforeAll(async () => {
  billing = await startBilling();
  const { db, databaseUrl } = billing;
  api = await startApi({ over: { db, databaseUrl, billing: billing.billing } });
}, 60_000);
afterAll(async () => {
  await api.close();
  await billing.stop();
}, 60_000);

const DECLINES = '4000000000000341';
const ALWAYS_3DS = '4000002760003184';

/** A charge in dunning, and how its commands are asked for. */
async function declined(card = DECLINES) {
  const { enrollmentId } = await billing.enrolledWith(MONTHLY, { number: card });
  const { id } = await billing.charged(enrollmentId, 1, 'requires_payment_method');
  await billing.known(enrollmentId, id, 'requires_payment_method');
  const route = `/v1/enrollments/${enrollmentId}/charges/${id}`;
  const ask = (command: string, idempotencyKey: string, body: object = {}) =>
    api.request('POST', `${route}/${command}`, { body, idempotencyKey });
  return { enrollmentId, id, ask };
}

const told = async (id: string, what: string) =>
  (await billing.timeline(id)).filter((fact) => fact.what === what).length;

const tries = async (id: string) =>
  ((await billing.history(id)).events ?? []).filter(
    (event) => event.activityTaskScheduledEventAttributes?.activityType?.name === 'collectCharge',
  ).length;

const MISMATCH = { status: 409, body: { error: { code: 'idempotency_mismatch', param: 'Idempotency-Key' } } };

describe('a command under a key', () => {
  it('is carried out once, however often it was repeated while no Worker was there', async () => {
    const { enrollmentId, ask } = await declined();
    await billing.workers.stop();
    const { client } = billing.temporal;
    const hasty = createTemporalBillingClient({
      client,
      taskQueue: billing.taskQueue,
      commandTimeoutMs: 1_000,
    });
    api.answers.extendDunning = hasty.extendDunning;
    for (let times = 0; times < 3; times += 1) {
      expect(await ask('extend-dunning', 'patience', { days: 3 })).toMatchObject({ status: 503 });
    }
    delete api.answers.extendDunning;
    await billing.addWorkers(billing.bundle);
    expect(await ask('extend-dunning', 'patience', { days: 3 })).toMatchObject({ status: 200 });
    expect(await told(enrollmentId, 'charge.dunning_extended')).toBe(1);
  }, 60_000);

  it('is answered from the timeline later on, and refused for anything else', async () => {
    const { enrollmentId, ask } = await declined();
    expect(await ask('extend-dunning', 'more', { days: 3 })).toMatchObject({ status: 200 });
    const before = api.asked.length;
    expect(await ask('extend-dunning', 'more', { days: 3, reason: 'again' })).toMatchObject({ status: 200 });
    expect(await ask('extend-dunning', 'more', { days: 4 })).toMatchObject(MISMATCH);
    expect(await ask('retry', 'more')).toMatchObject(MISMATCH);
    expect(api.asked).toHaveLength(before);
    expect(await told(enrollmentId, 'charge.dunning_extended')).toBe(1);
    const paused = await api.request('POST', `/v1/enrollments/${enrollmentId}/pause`, {
      idempotencyKey: 'more',
    });
    expect(paused).toMatchObject(MISMATCH);
  }, 60_000);

  it('is refused for another body also while the first one is being carried out', async () => {
    const { ask } = await declined();
    const days = [1, 2, 3, 4];
    const answers = await Promise.all(days.map((more) => ask('extend-dunning', 'race', { days: more })));
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 409, 409, 409]);
  }, 60_000);

  it('tries a charge once', async () => {
    const { enrollmentId, ask } = await declined();
    const [first, second] = await Promise.all([ask('retry', 'try'), ask('retry', 'try')]);
    expect([first.status, second.status]).toEqual([200, 200]);
    expect(await ask('retry', 'try')).toMatchObject({ status: 200, body: { attempts: 2 } });
    expect(await ask('retry', 'another')).toMatchObject({ status: 200, body: { attempts: 3 } });
    expect(await billing.chargeRows(enrollmentId)).toMatchObject([{ attempts: 3 }]);
  }, 60_000);

  it('leads the customer to the confirmation that was begun', async () => {
    const { enrollmentId, ask } = await declined(ALWAYS_3DS);
    const first = await ask('authenticate', 'there');
    expect(first).toMatchObject({ status: 200, body: { redirect_url: expect.stringContaining('/3ds/') } });
    expect((await ask('authenticate', 'there')).body).toEqual(first.body);
    expect(await ask('retry', 'there')).toMatchObject(MISMATCH);
    expect(await billing.chargeRows(enrollmentId)).toMatchObject([{ attempts: 2 }]);
  }, 60_000);

  it('changes an enrollment once: what was undone since stays so', async () => {
    const { enrollmentId } = await billing.paidOnce();
    const ask = (command: string, body: object = {}) =>
      api.request('POST', `/v1/enrollments/${enrollmentId}/${command}`, {
        body,
        idempotencyKey: `${command}-1`,
      });
    expect(await ask('pause')).toMatchObject({ status: 200, body: { status: 'paused' } });
    expect(await ask('pause')).toMatchObject({ status: 200, body: { status: 'paused' } });
    expect(await ask('pause', { resume_at: '2099-01-01T00:00:00Z' })).toMatchObject(MISMATCH);
    expect(await ask('resume')).toMatchObject({ status: 200, body: { status: 'active' } });
    expect(await ask('pause')).toMatchObject({ status: 200, body: { status: 'active' } });
    expect(await ask('cancel-at-period-end')).toMatchObject({ status: 200, body: { status: 'active' } });
    expect(await ask('undo-cancel')).toMatchObject({ status: 200, body: { cancel_at: null } });
    expect(await ask('cancel-at-period-end')).toMatchObject({ status: 200, body: { cancel_at: null } });
    expect(await ask('undo-cancel')).toMatchObject({ status: 200 });
  }, 60_000);

  it('captures held money once', async () => {
    const { enrollmentId } = await billing.enrolled({ ...MONTHLY, captureMethod: 'manual' });
    const { id } = await billing.charged(enrollmentId, 1, 'requires_capture');
    await billing.known(enrollmentId, id, 'requires_capture');
    const ask = (body: object) =>
      api.request('POST', `/v1/enrollments/${enrollmentId}/charges/${id}/capture`, {
        body,
        idempotencyKey: 'capture',
      });
    expect(await ask({ amount_minor: 700 })).toMatchObject({ status: 200, body: { status: 'succeeded' } });
    await waitFor('it to be settled', async () => (await billing.stateOf(enrollmentId)).charges.length === 0);
    expect(await ask({ amount_minor: 700 })).toMatchObject({ status: 200, body: { captured_minor: 700 } });
    expect(await ask({})).toMatchObject(MISMATCH);
  }, 60_000);

  it('stands for that command also when it left nothing in the timeline', async () => {
    const { enrollmentId, ask } = await declined();
    const match = { method: 'POST', path_prefix: '/v1/payment_intents' };
    await billing.control('faults', { match, kind: 'delay', delay_ms: 3_000, when: 'after', times: 1 });
    const session = await billing.billing.openCheckoutSession(enrollmentId, { by: 'customer', reason: null });
    await billing.save(enrollmentId, session.id, { number: DECLINES });
    await waitFor('the try of the new method', async () => (await tries(enrollmentId)) === 2);
    expect(await ask('retry', 'joined')).toMatchObject({ status: 200 });
    expect(await tries(enrollmentId)).toBe(2);
    const pause = () =>
      api.request('POST', `/v1/enrollments/${enrollmentId}/pause`, { idempotencyKey: 'joined' });
    expect(await pause()).toMatchObject(MISMATCH);
    expect(await ask('retry', 'joined')).toMatchObject({ status: 200 });
    expect(await tries(enrollmentId)).toBe(2);
    expect(await told(enrollmentId, 'enrollment.paused')).toBe(0);
  }, 60_000);

  it('of two commands at the same instant carries out one', async () => {
    const { enrollmentId } = await billing.paidOnce();
    const ask = (command: string) =>
      api.request('POST', `/v1/enrollments/${enrollmentId}/${command}`, { idempotencyKey: 'both' });
    const answers = await Promise.all([ask('skip-next'), ask('pause')]);
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 409]);
    expect(answers.find(({ status }) => status === 409)).toMatchObject(MISMATCH);
    const made = [
      await told(enrollmentId, 'schedule.skipped'),
      await told(enrollmentId, 'enrollment.paused'),
    ];
    expect(made.sort()).toEqual([0, 1]);
  }, 60_000);

  it('leads the customer to a confirmation that Stripe was slow with', async () => {
    const { enrollmentId, ask } = await declined(ALWAYS_3DS);
    const match = { method: 'POST', path_prefix: '/v1/payment_intents' };
    await billing.control('faults', { match, kind: 'delay', delay_ms: 17_000, when: 'after', times: 1 });
    const first = await ask('authenticate', 'slow');
    expect(first).toMatchObject({ status: 503, body: { error: { code: 'confirmation_pending' } } });
    expect(first.headers).toHaveProperty('retry-after');
    const second = await ask('authenticate', 'slow');
    expect(second).toMatchObject({ status: 200, body: { redirect_url: expect.stringContaining('/3ds/') } });
    expect(await ask('authenticate', 'slow')).toMatchObject({ status: 200, body: second.body });
    expect(await billing.chargeRows(enrollmentId)).toMatchObject([{ attempts: 2 }]);
  }, 60_000);
});
