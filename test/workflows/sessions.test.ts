/** Checkout Sessions that meet something else: a cancel, a change of the customer, a session of somebody else. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { MockActivityEnvironment } from '@temporalio/testing';
import { createEnrollmentEndActivities } from '../../activities/enrollment-end.ts';
import { createPaymentMethodActivities } from '../../activities/payment-methods.ts';
import type { Terms } from '../../domain/terms.ts';
import { MONTHLY, ONCE, startBilling, type TestBilling } from '../support/billing.ts';
import { fastForward } from '../support/temporal.ts';
import { waitFor } from '../support/wait.ts';

let billing: TestBilling;
beforeAll(async () => {
  billing = await startBilling();
}, 60_000);
afterAll(() => billing.stop());

const CUSTOMER = { by: 'customer', reason: null };

async function requestsTo(path: string): Promise<{ path: string; method: string }[]> {
  const answer = await fetch(`${billing.standIn.url}/_control/requests?limit=50&path_prefix=${path}`);
  return ((await answer.json()) as { data: { path: string; method: string }[] }).data;
}

const sessionRow = (id: string) =>
  billing.db.selectFrom('checkout_sessions').selectAll().where('id', '=', id).executeTakeFirstOrThrow();

describe('a session that is on its way when the enrollment is canceled', () => {
  it('is expired at Stripe once it is there', async () => {
    const { enrollmentId } = await billing.enrolled({ ...MONTHLY, schedule: { type: 'on_demand' } });
    await billing.active(enrollmentId);
    const match = { method: 'POST', path_prefix: '/v1/checkout/sessions' };
    await billing.control('faults', { match, kind: 'delay', delay_ms: 2_500, when: 'after', times: 1 });
    const opening = billing.billing.openCheckoutSession(enrollmentId, CUSTOMER);
    const ours = async () =>
      (await billing.stripe.checkout.sessions.list({ limit: 5 })).data.filter(
        ({ client_reference_id, status }) => client_reference_id === enrollmentId && status === 'open',
      );
    await waitFor('the session at Stripe', async () => (await ours()).length === 1);
    const canceled = await billing.billing.cancelEnrollment(enrollmentId, CUSTOMER);
    expect(canceled.status).toBe('canceled');
    const { id } = await opening;
    expect((await billing.stripe.checkout.sessions.retrieve(id)).status).toBe('expired');
    expect(await sessionRow(id)).toMatchObject({ status: 'expired', url: null });
  }, 30_000);
});

describe('a payment method that is being saved while its enrollment is canceled', () => {
  it('plans no charge for it', async () => {
    const startsAt = new Date(Date.now() + 20 * 86_400_000).toISOString();
    const schedule = { ...MONTHLY.schedule, startsAt } as Terms['schedule'];
    const input = await billing.newInput({ ...MONTHLY, schedule });
    const { enrollmentId } = input;
    const { checkoutSession } = await billing.billing.enroll(input);
    await billing.payOnCheckout(String(checkoutSession?.url));
    const match = { method: 'GET', path_prefix: '/v1/checkout/sessions' };
    await billing.control('faults', { match, kind: 'delay', delay_ms: 2_500, when: 'after', times: 1 });
    await billing.billing.checkoutSessionCompleted(enrollmentId, String(checkoutSession?.id));
    expect((await billing.billing.cancelEnrollment(enrollmentId, CUSTOMER)).status).toBe('canceled');
    await billing.handle(enrollmentId).result();
    expect(await billing.enrollmentRow(enrollmentId)).toMatchObject({
      status: 'canceled',
      next_charge_at: null,
      next_charge_amount_minor: null,
    });
  }, 30_000);
});

describe('a session that is looked at while it is being read, as it was told to be complete', () => {
  it('starts the schedule once, also in the row', async () => {
    const input = await billing.newInput(MONTHLY);
    const { enrollmentId } = input;
    const { checkoutSession } = await billing.billing.enroll(input);
    await billing.payOnCheckout(String(checkoutSession?.url));
    const lookMs = Date.parse(String(checkoutSession?.expiresAt)) + 60_000;
    const beforeMs = lookMs - Date.now() - 2_000;
    await fastForward(billing.temporal, `enrollment/${enrollmentId}`, beforeMs);
    const match = { method: 'GET', path_prefix: '/v1/checkout/sessions' };
    await billing.control('faults', { match, kind: 'delay', delay_ms: 4_500, when: 'after', times: 1 });
    await billing.billing.checkoutSessionCompleted(enrollmentId, String(checkoutSession?.id));
    // As the look has found it.
    const { settled_at } = await billing.charged(enrollmentId, 1, 'succeeded');
    await waitFor('both readings', async () => {
      const { events } = await billing.history(enrollmentId);
      const answers = (events ?? []).map((event) => event.activityTaskCompletedEventAttributes?.result);
      const saved = answers.filter((result) => `${result?.payloads?.[0]?.data}`.includes('"kind":"saved"'));
      return saved.length === 2;
    });
    const { nextChargeAt } = await billing.stateOf(enrollmentId);
    expect(Date.parse(String(nextChargeAt))).toBeGreaterThan(Number(settled_at));
    expect((await billing.enrollmentRow(enrollmentId)).next_charge_at?.toISOString()).toBe(nextChargeAt);
  }, 30_000);
});

describe('a method that is written once more, by a try that was given up for dead', () => {
  it('is not the default again once a newer one is saved', async () => {
    const { enrollmentId } = await billing.enrolled({ ...MONTHLY, schedule: { type: 'on_demand' } });
    await billing.active(enrollmentId);
    const { paymentMethodId: older } = await billing.stateOf(enrollmentId);
    const { id } = await billing.billing.openCheckoutSession(enrollmentId, CUSTOMER);
    await billing.save(enrollmentId, id, { number: '5555555555554444' });
    const newer = await waitFor('the newer method', async () => {
      const { paymentMethodId } = await billing.stateOf(enrollmentId);
      return paymentMethodId !== older && paymentMethodId;
    });
    const { events } = await billing.history(enrollmentId);
    const [first] = (events ?? [])
      .map(({ activityTaskScheduledEventAttributes: asked }) => asked)
      .filter((asked) => asked?.activityType?.name === 'savePaymentMethod');
    const links = { create: async () => 'http://127.0.0.1:3000/c/link' };
    const { savePaymentMethod } = createPaymentMethodActivities({ ...billing, links, livemode: false });
    const work = JSON.parse(String(first?.input?.payloads?.[0]?.data));
    expect(await new MockActivityEnvironment().run(savePaymentMethod, work)).toMatchObject({ id: older });
    expect(await billing.enrollmentRow(enrollmentId)).toMatchObject({ default_payment_method_id: newer });
  }, 30_000);
});

describe('a customer whose address changes while Stripe is asked for a Customer', () => {
  it('is enrolled: the second try is a request of its own', async () => {
    const input = await billing.newInput(ONCE, { email: 'before@example.com', reference: 'moving' });
    const match = { method: 'POST', path_prefix: '/v1/customers' };
    await billing.control('faults', { match, kind: 'cut', when: 'after', times: 2 });
    const enrolling = billing.billing.enroll(input);
    // Stripe's client repeats a cut request once by itself.
    await waitFor('the first try', async () => (await requestsTo('/v1/customers')).length > 1);
    await billing.db
      .updateTable('customers')
      .set({ email: 'after@example.com' })
      .where('id', '=', input.customerId)
      .execute();
    expect((await enrolling).checkoutSession?.url).toContain('cs_test_');
    const { stripe_customer_id: kept } = await billing.db
      .selectFrom('customers')
      .select('stripe_customer_id')
      .where('id', '=', input.customerId)
      .executeTakeFirstOrThrow();
    const customer = await billing.stripe.customers.retrieve(String(kept));
    expect(customer).toMatchObject({ email: 'after@example.com' });
  }, 30_000);
});

describe('a session of another enrollment', () => {
  it('is refused and stays open for the one that it belongs to', async () => {
    const owner = await billing.newInput(ONCE);
    const { checkoutSession } = await billing.billing.enroll(owner);
    const id = String(checkoutSession?.id);
    const other = await billing.newInput(ONCE);
    await billing.billing.enroll(other);
    await billing.payOnCheckout(String(checkoutSession?.url));
    await billing.billing.checkoutSessionCompleted(other.enrollmentId, id);
    await waitFor('the refusal', async () =>
      (await billing.timeline(other.enrollmentId)).some(({ what }) => what === 'payment_method.refused'),
    );
    expect(await sessionRow(id)).toMatchObject({ status: 'open', refused_reason: null });
    await billing.billing.checkoutSessionCompleted(owner.enrollmentId, id);
    await billing.charged(owner.enrollmentId, 1, 'succeeded');
    expect(await sessionRow(id)).toMatchObject({ status: 'complete', refused_reason: null });
  }, 30_000);
});

describe('endEnrollment', () => {
  it('ends also when Stripe does not know the open session', async () => {
    const input = await billing.newInput(ONCE);
    const { checkoutSession } = await billing.billing.enroll(input);
    const id = 'cs_test_ofAnotherAccount';
    await billing.db
      .updateTable('checkout_sessions')
      .set({ id })
      .where('id', '=', String(checkoutSession?.id))
      .execute();
    const { endEnrollment } = createEnrollmentEndActivities({
      db: billing.db,
      stripe: billing.stripe,
      links: { create: async () => 'http://127.0.0.1:3000/c/link' },
      livemode: false,
    });
    await new MockActivityEnvironment().run(endEnrollment, {
      enrollmentId: input.enrollmentId,
      status: 'canceled' as const,
      reason: null,
      who: 'customer',
      at: new Date().toISOString(),
      openSessionId: id,
      notice: { locale: 'en', currency: 'jpy', description: null, timeZone: 'UTC' },
    });
    expect(await sessionRow(id)).toMatchObject({ status: 'expired', url: null });
    expect(await billing.enrollmentRow(input.enrollmentId)).toMatchObject({ status: 'canceled' });
  }, 30_000);
});
