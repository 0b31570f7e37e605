/** Faults between the Worker and Stripe. Names carry the case of docs/reliability.md that they prove. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { temporal } from '@temporalio/proto';
import { enrollmentStateQuery } from '../../workflows/messages.ts';
import { MONTHLY, ONCE, startBilling, type TestBilling } from '../support/billing.ts';
import { waitFor } from '../support/wait.ts';

const BENIGN = temporal.api.enums.v1.ApplicationErrorCategory.APPLICATION_ERROR_CATEGORY_BENIGN;
let billing: TestBilling;
beforeAll(async () => {
  billing = await startBilling();
}, 60_000);
afterAll(() => billing.stop());

const PAYMENT_INTENTS = { method: 'POST', path_prefix: '/v1/payment_intents' };

/** PaymentIntents of one enrollment as Stripe's books have them. */
async function intentsOf(enrollmentId: string) {
  const all = await billing.stripe.paymentIntents.list({ limit: 100 }).autoPagingToArray({ limit: 1000 });
  return all.filter((intent) => intent.metadata.enrollment_id === enrollmentId);
}

/** An enrollment whose method is saved, with a first charge that meets the fault. */
async function enrollUnder(fault: object, terms = ONCE) {
  await billing.control('faults', { match: PAYMENT_INTENTS, times: 1, ...fault });
  return billing.enrolled(terms);
}

describe('collectCharge', () => {
  it('F3: charges once when the connection is cut after Stripe took the money', async () => {
    const { enrollmentId } = await enrollUnder({ kind: 'cut', when: 'after', times: 2 });
    await billing.charged(enrollmentId, 1, 'succeeded');
    expect(await intentsOf(enrollmentId)).toMatchObject([{ status: 'succeeded' }]);
  }, 30_000);

  it('F2: charges once when the connection is cut before Stripe saw the request', async () => {
    const { enrollmentId } = await enrollUnder({ kind: 'cut', when: 'before', times: 2 });
    await billing.charged(enrollmentId, 1, 'succeeded');
    expect(await intentsOf(enrollmentId)).toMatchObject([{ status: 'succeeded' }]);
  }, 30_000);

  it('F4: a 500 after the effect is looked up, not charged again', async () => {
    const { enrollmentId } = await enrollUnder({ kind: 'status', status: 500, when: 'after' });
    const charge = await billing.charged(enrollmentId, 1, 'succeeded', 30_000);
    expect(await intentsOf(enrollmentId)).toMatchObject([
      { status: 'succeeded', id: charge.payment_intent_id },
    ]);
  }, 45_000);

  it('F7: a 429 is retried under the same key and tells nobody', async () => {
    const { enrollmentId } = await enrollUnder({ kind: 'status', status: 429, when: 'before', times: 2 });
    await billing.charged(enrollmentId, 1, 'succeeded');
    const notices = await billing.db
      .selectFrom('notifications')
      .select('kind')
      .where('enrollment_id', '=', enrollmentId)
      .execute();
    expect(notices.filter(({ kind }) => kind.startsWith('charge_'))).toEqual([{ kind: 'charge_succeeded' }]);
    const [attempt] = await billing.db
      .selectFrom('charge_attempts')
      .selectAll()
      .where('enrollment_id', '=', enrollmentId)
      .execute();
    expect(attempt).toMatchObject({ attempt: 1, outcome: 'succeeded' });
  }, 30_000);

  it('F9: a refused key parks the charge, and an operator resumes it', async () => {
    const { enrollmentId } = await enrollUnder({ kind: 'status', status: 401, when: 'before' }, MONTHLY);
    const parked = await billing.charged(enrollmentId, 1, 'needs_attention');
    expect(parked.status_reason).toContain('StripeKeyRefused');
    expect(await intentsOf(enrollmentId)).toEqual([]);
    // Its number is used up: the rows count it as the Workflow does, and say that nothing was made.
    await billing.known(enrollmentId, parked.id, 'needs_attention');
    const { charges } = await billing.handle(enrollmentId).query(enrollmentStateQuery);
    expect(charges).toMatchObject([{ attempts: 1 }]);
    expect(parked.attempts).toBe(1);
    const attempts = () =>
      billing.db
        .selectFrom('charge_attempts')
        .select(['attempt', 'outcome'])
        .where('charge_id', '=', parked.id)
        .orderBy('attempt')
        .execute();
    expect(await attempts()).toEqual([{ attempt: 1, outcome: 'not_made' }]);
    // Only this charge waits: the schedule goes on.
    expect(await billing.enrollmentRow(enrollmentId)).toMatchObject({
      status: 'active',
      next_charge_amount_minor: 980,
    });
    await billing.billing.resumeCharge(enrollmentId, parked.id, { by: 'operator', reason: 'key replaced' });
    expect(await billing.charged(enrollmentId, 1, 'succeeded')).toMatchObject({ attempts: 2 });
    expect(await attempts()).toEqual([
      { attempt: 1, outcome: 'not_made' },
      { attempt: 2, outcome: 'succeeded' },
    ]);
    expect(await intentsOf(enrollmentId)).toMatchObject([{ status: 'succeeded' }]);
  }, 30_000);

  it('F25: a payment that was in flight when the cancel came is awaited, recorded and refunded', async () => {
    await billing.control('faults', {
      match: PAYMENT_INTENTS,
      times: 1,
      kind: 'delay',
      delay_ms: 1_500,
      when: 'after',
    });
    const { enrollmentId } = await billing.enrolled(MONTHLY);
    await waitFor('the charge to be at Stripe', async () => (await intentsOf(enrollmentId)).length === 1);
    const answer = await billing.billing.cancelEnrollment(enrollmentId, {
      by: 'customer',
      reason: 'too dear',
    });
    expect(answer.status).toBe('canceled');
    const [charge] = await billing.chargeRows(enrollmentId);
    expect(charge).toMatchObject({ status: 'succeeded', captured_minor: 980, refunded_minor: 980 });
    const ledger = await billing.db
      .selectFrom('ledger_entries')
      .select(['kind', 'amount_minor'])
      .where('enrollment_id', '=', enrollmentId)
      .orderBy('seq')
      .execute();
    expect(ledger).toEqual([
      { kind: 'payment', amount_minor: 980 },
      { kind: 'refund', amount_minor: -980 },
    ]);
  }, 30_000);

  it('F15: twenty reports of one completed session have one effect', async () => {
    const input = await billing.newInput(ONCE);
    const { checkoutSession } = await billing.billing.enroll(input);
    await billing.payOnCheckout(String(checkoutSession?.url));
    const id = String(checkoutSession?.id);
    await Promise.all(
      Array.from({ length: 20 }, () => billing.billing.checkoutSessionCompleted(input.enrollmentId, id)),
    );
    await billing.charged(input.enrollmentId, 1, 'succeeded');
    expect(await intentsOf(input.enrollmentId)).toHaveLength(1);
  }, 30_000);

  it('F17: what is older and comes later changes nothing: what Stripe says now counts', async () => {
    const { enrollmentId } = await billing.enrolled(MONTHLY, '4000000000000341');
    const declined = await billing.charged(enrollmentId, 1, 'requires_payment_method');
    await billing.known(enrollmentId, declined.id, 'requires_payment_method');
    // Paid with another card in the Dashboard: that is told first, and then all that came before it.
    const paymentIntentId = String(declined.payment_intent_id);
    const { customer } = await billing.stripe.paymentIntents.retrieve(paymentIntentId);
    const method = await billing.stripe.paymentMethods.attach('pm_card_visa', { customer: String(customer) });
    await billing.stripe.paymentIntents.confirm(paymentIntentId, {
      payment_method: method.id,
      off_session: true,
    });
    const newestFirst = ['succeeded', 'processing', 'requires_action', 'payment_failed'];
    const tell = async () => {
      for (const type of newestFirst) {
        const change = { chargeId: declined.id, paymentIntentId, eventType: `payment_intent.${type}` };
        await billing.billing.paymentIntentChanged(enrollmentId, change);
      }
    };
    // What comes while the first is being read has it read once more.
    const match = { method: 'GET', path: `/v1/payment_intents/${paymentIntentId}` };
    await billing.control('faults', { match, kind: 'delay', delay_ms: 700, when: 'after', times: 1 });
    await tell();
    await billing.charged(enrollmentId, 1, 'succeeded');
    await waitFor('the Workflow to have settled it', async () => {
      const { charges } = await billing.handle(enrollmentId).query(enrollmentStateQuery);
      return charges.length === 0;
    });
    await tell();
    const state = await billing.handle(enrollmentId).query(enrollmentStateQuery);
    expect(state).toMatchObject({ status: 'active', charges: [], chargesSucceeded: 1 });
    expect(await billing.chargeRows(enrollmentId)).toMatchObject([{ status: 'succeeded', attempts: 1 }]);
    expect(await intentsOf(enrollmentId)).toMatchObject([{ status: 'succeeded' }]);
    const notices = await billing.db
      .selectFrom('notifications')
      .select('kind')
      .where('charge_id', '=', declined.id)
      .orderBy('created_at')
      .execute();
    expect(notices.map(({ kind }) => kind)).toEqual(['charge_failed', 'charge_recovered']);
  }, 30_000);

  it('F30: twenty requests under one key start one Workflow with one session', async () => {
    const input = await billing.newInput(ONCE, { reference: 'user-30', email: 'thirty@example.com' });
    const answers = await Promise.all(Array.from({ length: 20 }, () => billing.billing.enroll(input)));
    expect(new Set(answers.map(({ checkoutSession }) => checkoutSession?.id)).size).toBe(1);
    const customers = await billing.stripe.customers.list({ email: 'thirty@example.com' });
    expect(customers.data).toHaveLength(1);
  }, 30_000);

  it('refuses the same key with other content', async () => {
    const input = await billing.newInput(ONCE);
    await billing.billing.enroll(input);
    await expect(billing.billing.enroll({ ...input, requestFingerprint: 'other' })).rejects.toMatchObject({
      name: 'CommandRefused',
      code: 'idempotency_mismatch',
    });
  }, 30_000);

  it('says what Stripe refused when the first session cannot be opened, and ends the enrollment', async () => {
    const input = await billing.newInput(ONCE);
    await billing.db
      .updateTable('customers')
      .set({ stripe_customer_id: 'cus_unknown' })
      .where('id', '=', input.customerId)
      .execute();
    await expect(billing.billing.enroll(input)).rejects.toMatchObject({ code: 'setup_refused' });
    // A caller's mistake is no failed Activity to the metrics, whose alert would page somebody.
    const { events } = await billing.history(input.enrollmentId);
    const failed = events?.flatMap((event) => event.activityTaskFailedEventAttributes?.failure ?? []);
    expect(failed).toMatchObject([{ applicationFailureInfo: { category: BENIGN } }]);
    // Written before the answer, so that the repeat is answered from the row with the same words.
    expect(await billing.enrollmentRow(input.enrollmentId)).toMatchObject({
      status: 'canceled',
      setup_refusal: expect.stringContaining('Stripe answered 400'),
    });
  }, 30_000);

  it('says what Stripe refused when a later session cannot be opened, and goes on', async () => {
    const { enrollmentId, customerId } = await billing.enrolled({ ...ONCE, schedule: { type: 'on_demand' } });
    await billing.active(enrollmentId);
    // Somebody has deleted it in the Dashboard.
    await billing.db
      .updateTable('customers')
      .set({ stripe_customer_id: 'cus_unknown' })
      .where('id', '=', customerId)
      .execute();
    const opening = billing.billing.openCheckoutSession(enrollmentId, { by: 'customer', reason: null });
    await expect(opening).rejects.toMatchObject({
      code: 'setup_refused',
      message: expect.stringContaining('Stripe answered 400'),
    });
    expect(await billing.stateOf(enrollmentId)).toMatchObject({ status: 'active' });
  }, 30_000);
});
