/** Attempts that never reached Stripe, questions that nobody answers, news that comes early: nothing waits for ever. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { enrollmentStateQuery } from '../../workflows/messages.ts';
import { MONTHLY, ONCE, startBilling, type TestBilling } from '../support/billing.ts';
import { fastForward } from '../support/temporal.ts';
import { waitFor } from '../support/wait.ts';

let real: TestBilling;
let virtual: TestBilling;
beforeAll(async () => {
  real = await startBilling();
  virtual = await startBilling({ virtualTime: true });
}, 120_000);
afterAll(async () => {
  await real.stop();
  await virtual.stop();
});

const OPERATOR = { by: 'api:key', reason: null };
const DAY_MS = 86_400_000;
const ASKS_ON_SESSION = '4000002500003155';
const INTENTS = '/v1/payment_intents';

const attemptsOf = (billing: TestBilling, id: string) =>
  billing.db
    .selectFrom('charge_attempts')
    .selectAll()
    .where('enrollment_id', '=', id)
    .orderBy('attempt')
    .execute();

describe('a retry that never reached Stripe', () => {
  it('is made again and uses up none of the agreed retries', async () => {
    // The first retry confirms; three answers of 500 without an effect are looked up, and nothing is found to be made.
    await virtual.control('faults', {
      match: { method: 'POST', path_prefix: `${INTENTS}/` },
      kind: 'status',
      status: 500,
      when: 'before',
      times: 3,
    });
    const { enrollmentId } = await virtual.enrolled(MONTHLY, '4000000000000341');
    expect(await virtual.handle(enrollmentId).result()).toMatchObject({ status: 'canceled' });
    const attempts = await attemptsOf(virtual, enrollmentId);
    expect(attempts.map(({ outcome, decision }) => [outcome, decision])).toEqual([
      ['declined', 'retry'],
      ['not_made', null],
      ['declined', 'retry'],
      ['declined', 'retry'],
      ['declined', 'retry'],
      ['declined', 'give_up'],
    ]);
  }, 90_000);
});

describe("a bank's question that the customer leaves unanswered", () => {
  it('does not keep the planned retry from coming', async () => {
    // Declined once for want of money; whenever the customer is there, the bank asks them.
    await real.control(`cards/${ASKS_ON_SESSION}/next_charge`, { decline_code: 'insufficient_funds' });
    const { enrollmentId } = await real.enrolledWith(ONCE, { number: ASKS_ON_SESSION });
    const { id, next_attempt_at } = await real.charged(enrollmentId, 1, 'requires_payment_method');
    expect(next_attempt_at).not.toBeNull();
    await real.known(enrollmentId, id, 'requires_payment_method');
    const asked = await real.billing.authenticateCharge(enrollmentId, id, { by: 'customer', reason: null });
    expect(asked.status).toBe('requires_action');
    expect(await real.charged(enrollmentId, 1, 'requires_action')).toMatchObject({ next_attempt_at });
    await fastForward(real.temporal, `enrollment/${enrollmentId}`, 3 * DAY_MS);
    expect(await real.charged(enrollmentId, 1, 'succeeded')).toMatchObject({ attempts: 3 });
  }, 60_000);
});

describe('a planned retry that finds the question still unanswered', () => {
  it('is made once, and then the customer has their time', async () => {
    await real.control(`cards/${ASKS_ON_SESSION}/next_charge`, { decline_code: 'insufficient_funds' });
    const terms = { ...ONCE, dunning: { ...ONCE.dunning, retryAfterDays: [1] } };
    const { enrollmentId } = await real.enrolledWith(terms, { number: ASKS_ON_SESSION });
    const { id } = await real.charged(enrollmentId, 1, 'requires_payment_method');
    await real.known(enrollmentId, id, 'requires_payment_method');
    await real.billing.extendDunning(enrollmentId, id, { ...OPERATOR, days: 2 });
    await real.billing.authenticateCharge(enrollmentId, id, { by: 'customer', reason: null });
    // No further try gets through: what is seen at Stripe is the question of before.
    await real.control('faults', {
      match: { method: 'POST', path_prefix: `${INTENTS}/`, path_suffix: '/confirm' },
      kind: 'status',
      status: 500,
      when: 'before',
      times: 100,
    });
    try {
      await fastForward(real.temporal, `enrollment/${enrollmentId}`, 3 * DAY_MS);
      const stateOf = async () => (await real.handle(enrollmentId).query(enrollmentStateQuery)).charges[0];
      const after = await waitFor(
        'the retry',
        async () => {
          const charge = await stateOf();
          return charge !== undefined && charge.attempts >= 3 && charge;
        },
        { timeoutMs: 30_000 },
      );
      expect(after).toMatchObject({ status: 'requires_action', attempts: 3, nextAttemptAt: null });
      const [row] = await real.chargeRows(enrollmentId);
      expect(row).toMatchObject({ status: 'requires_action', attempts: 3, next_attempt_at: null });
      // Refused until what follows on the try is decided.
      const { giveUpAt } = await waitFor('the extension', () =>
        real.billing.extendDunning(enrollmentId, id, { ...OPERATOR, days: 1 }),
      );
      // The least that a customer has, and what somebody has given them before and now.
      const waitMs = Date.parse(String(giveUpAt)) - Number(row?.updated_at);
      expect(waitMs / DAY_MS).toBeCloseTo(3 + 2 + 1, 2);
    } finally {
      await real.control('faults/clear');
    }
  }, 60_000);
});

describe('a debit that failed, and Stripe no longer says why', () => {
  it('is a decline for no reason given: tried again as agreed', async () => {
    const { enrollmentId } = await real.enrolledWithAccount({ ...MONTHLY, currency: 'usd' }, '000000000009');
    const { payment_intent_id } = await real.charged(enrollmentId, 1, 'processing');
    const intentId = String(payment_intent_id);
    await real.control(`payment_intents/${intentId}/fail`);
    // Editing it in the Dashboard clears the error.
    const edited = await real.stripe.paymentIntents.update(intentId, { description: 'Edited by hand' });
    expect(edited).toMatchObject({ status: 'requires_payment_method', last_payment_error: null });
    await real.deliverEvents();
    const charge = await real.charged(enrollmentId, 1, 'requires_payment_method');
    expect(charge.next_attempt_at).not.toBeNull();
    expect(charge.status_reason).toContain('retry 1 of');
  }, 45_000);
});

describe('news of a PaymentIntent whose id the Workflow has not learned yet', () => {
  it('is read as soon as the attempt is answered', async () => {
    const match = { method: 'POST', path_prefix: INTENTS };
    await real.control('faults', { match, kind: 'delay', delay_ms: 3_000, when: 'after', times: 1 });
    const { enrollmentId } = await real.enrolled({ ...ONCE, captureMethod: 'manual' });
    const intent = await waitFor('the PaymentIntent at Stripe', async () => {
      const { data } = await real.stripe.paymentIntents.list({ limit: 10 });
      return data.find(({ metadata }) => metadata.enrollment_id === enrollmentId);
    });
    // In the Dashboard, while the answer that it is held is on its way.
    await real.stripe.paymentIntents.cancel(intent.id);
    await real.billing.paymentIntentChanged(enrollmentId, {
      chargeId: String(intent.metadata.charge_id),
      paymentIntentId: intent.id,
      eventType: 'payment_intent.canceled',
    });
    await real.charged(enrollmentId, 1, 'canceled');
  }, 45_000);

  it('leaves a charge paid when it cannot be read after the attempt that paid it', async () => {
    const match = { method: 'POST', path_prefix: INTENTS };
    await real.control('faults', { match, kind: 'delay', delay_ms: 2_000, when: 'after', times: 1 });
    const refused = { method: 'GET', path_prefix: `${INTENTS}/` };
    await real.control('faults', { match: refused, kind: 'status', status: 401, times: 1 });
    const { enrollmentId } = await real.enrolled(ONCE);
    const intent = await waitFor('the PaymentIntent at Stripe', async () => {
      const { data } = await real.stripe.paymentIntents.list({ limit: 10 });
      return data.find(({ metadata }) => metadata.enrollment_id === enrollmentId);
    });
    await real.billing.paymentIntentChanged(enrollmentId, {
      chargeId: String(intent.metadata.charge_id),
      paymentIntentId: intent.id,
      eventType: 'payment_intent.succeeded',
    });
    expect(await real.handle(enrollmentId).result()).toMatchObject({
      status: 'completed',
      chargesSucceeded: 1,
      amountCollectedMinor: 1200,
    });
    expect(await real.chargeRows(enrollmentId)).toMatchObject([{ status: 'succeeded', status_reason: null }]);
  }, 45_000);
});
