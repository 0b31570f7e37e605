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
});
