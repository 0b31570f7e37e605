/** Every occurrence of a schedule is charged once: by what the Workflow plans, and by the rows if it should err. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { MONTHLY, startBilling, type TestBilling } from '../support/billing.ts';
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

const OPERATOR = { by: 'operator', reason: null };
const MINUTELY = {
  ...MONTHLY,
  schedule: {
    ...MONTHLY.schedule,
    interval: { unit: 'minute', count: 1 },
    maxCharges: 3,
  } as typeof MONTHLY.schedule,
};

/** PaymentIntents of one enrollment as Stripe's books have them, by charge. */
async function intentsOf(billing: TestBilling, enrollmentId: string) {
  const all = await billing.stripe.paymentIntents.list({ limit: 100 }).autoPagingToArray({ limit: 1000 });
  return all.filter(({ metadata }) => metadata.enrollment_id === enrollmentId);
}

describe('a late retry', () => {
  it('plans nothing while a later charge is being made for the first time', async () => {
    const input = await virtual.newInput(MINUTELY);
    const { enrollmentId } = input;
    const { checkoutSession } = await virtual.billing.enroll(input);
    await virtual.payOnCheckout(String(checkoutSession?.url), '4000000000000341');
    // Slow for the first charge and for the second, so that another card is saved while the second is at Stripe.
    await virtual.control('faults', {
      match: { method: 'POST', path_prefix: '/v1/payment_intents' },
      kind: 'delay',
      delay_ms: 4_000,
      when: 'before',
      times: 2,
    });
    await virtual.billing.checkoutSessionCompleted(enrollmentId, String(checkoutSession?.id));
    await virtual.charged(enrollmentId, 1, 'requires_payment_method');
    await virtual.charged(enrollmentId, 2, 'scheduled');
    const again = await virtual.billing.openCheckoutSession(enrollmentId, OPERATOR);
    await virtual.payOnCheckout(again.url, '4242424242424242');
    await virtual.billing.checkoutSessionCompleted(enrollmentId, again.id);
    await virtual.charged(enrollmentId, 1, 'succeeded');
    // The proof that the retry came while the second charge was under way.
    expect(await virtual.chargeRows(enrollmentId)).toMatchObject([
      { status: 'succeeded' },
      { status: 'scheduled' },
    ]);
    expect(await virtual.handle(enrollmentId).result()).toMatchObject({
      status: 'completed',
      chargesSucceeded: 3,
    });
    const charges = await virtual.chargeRows(enrollmentId);
    expect(charges.map(({ occurrence, status }) => [occurrence, status])).toEqual([
      [0, 'succeeded'],
      [1, 'succeeded'],
      [2, 'succeeded'],
    ]);
    const paid = await intentsOf(virtual, enrollmentId);
    expect(paid.map(({ status }) => status)).toEqual(['succeeded', 'succeeded', 'succeeded']);
  }, 60_000);
});

describe('a charge whose occurrence another charge has', () => {
  it('is parked before Stripe hears of it, keeps the schedule going, and can only be canceled', async () => {
    const { enrollmentId } = await real.paidOnce();
    const first = await real.charged(enrollmentId, 1, 'succeeded');
    // What a defect of the Workflow would leave behind.
    const { id: _, number: __, ...like } = first;
    await real.db
      .insertInto('charges')
      .values({ ...like, id: `${first.id}9`, number: 19, occurrence: 1, payment_intent_id: null })
      .execute();
    await real.billing.chargeNow(enrollmentId, OPERATOR);
    const parked = await real.charged(enrollmentId, 2, 'needs_attention');
    expect(parked.status_reason).toBe(
      `BooksDisagree: occurrence 1 of ${enrollmentId} has ${first.id}9 already; ${parked.id} was not sent to Stripe: cancel it`,
    );
    expect(parked).toMatchObject({ occurrence: null, payment_intent_id: null });
    expect(await intentsOf(real, enrollmentId)).toHaveLength(1);
    expect(await real.enrollmentRow(enrollmentId)).toMatchObject({ next_charge_amount_minor: 980 });

    await real.known(enrollmentId, parked.id, 'needs_attention');
    await real.billing.resumeCharge(enrollmentId, parked.id, OPERATOR);
    await waitFor('the second try to be parked as well', async () => {
      const told = await real.timeline(enrollmentId);
      return told.filter(({ what }) => what === 'charge.needs_attention').length === 2;
    });
    expect(await intentsOf(real, enrollmentId)).toHaveLength(1);
    await real.known(enrollmentId, parked.id, 'needs_attention');
    await real.billing.cancelCharge(enrollmentId, parked.id, { ...OPERATOR, as: 'cancel' });
    await real.charged(enrollmentId, 2, 'canceled');
    expect(await intentsOf(real, enrollmentId)).toHaveLength(1);
  }, 60_000);
});
