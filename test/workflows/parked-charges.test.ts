/** Charges that are parked at something else than an attempt: what was refused is done again, and nothing else. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Terms } from '../../domain/terms.ts';
import { MONTHLY, ONCE, startBilling, type TestBilling } from '../support/billing.ts';
import { waitFor } from '../support/wait.ts';

let billing: TestBilling;
beforeAll(async () => {
  billing = await startBilling();
}, 60_000);
afterAll(() => billing.stop());

const OPERATOR = { by: 'operator', reason: 'key replaced' };
const PAUSED_AFTER: Terms = { ...MONTHLY, dunning: { retryAfterDays: [1], afterLastTry: 'pause' } };

/** The next request of that kind meets a refused key. */
const refuse = (method: string, path: string) =>
  billing.control('faults', {
    match: { method, path },
    kind: 'status',
    status: 401,
    when: 'before',
    times: 1,
  });

async function parked(enrollmentId: string, id: string) {
  await billing.charged(enrollmentId, 1, 'needs_attention');
  await billing.known(enrollmentId, id, 'needs_attention');
}

/** Dunning of a declined charge is stopped while Stripe refuses our key. */
async function givenUpAndParked() {
  const { enrollmentId } = await billing.enrolledWith(PAUSED_AFTER, { number: '4000000000000341' });
  const { id, payment_intent_id } = await billing.charged(enrollmentId, 1, 'requires_payment_method');
  await billing.known(enrollmentId, id, 'requires_payment_method');
  await refuse('POST', `/v1/payment_intents/${payment_intent_id}/cancel`);
  const stopping = billing.billing.stopDunning(enrollmentId, id, { by: 'operator', reason: 'called us' });
  await parked(enrollmentId, id);
  return { enrollmentId, id, intentId: String(payment_intent_id), stopping };
}

describe('a charge whose dunning was over when Stripe refused our key', () => {
  it('is given up once it is resumed: its card is not tried again', async () => {
    const { enrollmentId, id, intentId, stopping } = await givenUpAndParked();
    await billing.billing.resumeCharge(enrollmentId, id, OPERATOR);
    expect(await billing.charged(enrollmentId, 1, 'uncollectible')).toMatchObject({ attempts: 1 });
    expect(await stopping).toEqual({ chargeId: id, status: 'uncollectible' });
    expect((await billing.stripe.paymentIntents.retrieve(intentId)).status).toBe('canceled');
    await waitFor('the pause', async () => (await billing.enrollmentRow(enrollmentId)).status === 'paused');
  }, 45_000);

  it('can be forgiven instead', async () => {
    const { enrollmentId, id } = await givenUpAndParked();
    const forgiving = billing.billing.cancelCharge(enrollmentId, id, { ...OPERATOR, as: 'forgive' });
    expect(await forgiving).toEqual({ chargeId: id, status: 'canceled' });
    await waitFor('active', async () => (await billing.enrollmentRow(enrollmentId)).status === 'active');
  }, 45_000);
});

describe('a charge that was parked when its money was to be taken', () => {
  it('has that money taken once it is resumed', async () => {
    const { enrollmentId } = await billing.enrolled({ ...ONCE, captureMethod: 'manual' });
    const { id, payment_intent_id } = await billing.charged(enrollmentId, 1, 'requires_capture');
    await billing.known(enrollmentId, id, 'requires_capture');
    await refuse('POST', `/v1/payment_intents/${payment_intent_id}/capture`);
    const asked = { by: 'api:shop', reason: null, amountMinor: 400 };
    expect(await billing.billing.captureCharge(enrollmentId, id, asked)).toMatchObject({
      status: 'needs_attention',
    });
    await parked(enrollmentId, id);
    await billing.billing.resumeCharge(enrollmentId, id, OPERATOR);
    expect(await billing.charged(enrollmentId, 1, 'succeeded')).toMatchObject({
      attempts: 1,
      captured_minor: 400,
    });
  }, 45_000);
});

describe('a charge that was parked when it was read', () => {
  it('is read once it is resumed', async () => {
    const { enrollmentId } = await billing.enrolledWithAccount(
      { ...MONTHLY, currency: 'usd' },
      '000000000009',
    );
    const { id, payment_intent_id: intent } = await billing.charged(enrollmentId, 1, 'processing');
    await billing.known(enrollmentId, id, 'processing');
    await refuse('GET', `/v1/payment_intents/${intent}`);
    const change = { chargeId: id, paymentIntentId: String(intent), eventType: 'payment_intent.processing' };
    await billing.billing.paymentIntentChanged(enrollmentId, change);
    await parked(enrollmentId, id);
    await billing.billing.resumeCharge(enrollmentId, id, OPERATOR);
    expect(await billing.charged(enrollmentId, 1, 'processing')).toMatchObject({ attempts: 1 });
    await billing.known(enrollmentId, id, 'processing');
    await billing.control(`payment_intents/${intent}/settle`);
    await billing.deliverEvents();
    await billing.charged(enrollmentId, 1, 'succeeded');
  }, 45_000);
});
