/** Bank accounts that Checkout takes before they are proven: two small deposits, and what the customer says of them days later. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { askControl } from '../../dev/stand-in-control.ts';
import type { Terms } from '../../domain/terms.ts';
import { MONTHLY, startBilling, type TestBilling } from '../support/billing.ts';
import { fastForward } from '../support/temporal.ts';
import { virtualClock } from '../support/virtual-clock.ts';
import { waitFor } from '../support/wait.ts';

let billing: TestBilling;
beforeAll(async () => {
  billing = await startBilling();
}, 60_000);
afterAll(() => billing.stop());

const CUSTOMER = { by: 'customer', reason: null };
const TERMS: Terms = { ...MONTHLY, currency: 'usd', schedule: { type: 'on_demand' } };
const DAY_MS = 86_400_000;
const ACCOUNT = {
  payment_method_type: 'us_bank_account',
  account_number: '000123456789',
  verification: 'microdeposits',
};
/** Stripe's test answers. */
const RIGHT = { amounts: [32, 45] };
const TOO_OFTEN_WRONG = { amounts: [10, 11] };

const told = (enrollmentId: string, what: string) =>
  waitFor(what, async () => (await billing.timeline(enrollmentId)).some((fact) => fact.what === what));

/** The customer has done their part on Checkout, and the deposits are on their way. */
async function unproven(terms = TERMS) {
  const input = await billing.newInput(terms);
  const { enrollmentId } = input;
  const { checkoutSession } = await billing.billing.enroll(input);
  const id = String(checkoutSession?.id);
  await billing.control(`checkout_sessions/${id}/complete`, ACCOUNT);
  await billing.deliverEvents();
  await told(enrollmentId, 'payment_method.pending');
  const { setup_intent: setupIntent } = await billing.stripe.checkout.sessions.retrieve(id);
  return { enrollmentId, id, setupIntentId: String(setupIntent) };
}

const sessionRow = (id: string) =>
  billing.db.selectFrom('checkout_sessions').selectAll().where('id', '=', id).executeTakeFirstOrThrow();

describe('an account that is not proven yet', () => {
  it('is waited for, with a session of before that takes nothing and another one for who will not wait', async () => {
    const { enrollmentId, id } = await unproven();
    expect(await sessionRow(id)).toMatchObject({ status: 'open', url: null, refused_reason: null });
    expect(await billing.stateOf(enrollmentId)).toMatchObject({ status: 'awaiting_payment_method' });
    const other = await billing.billing.openCheckoutSession(enrollmentId, CUSTOMER);
    expect(other.id).not.toBe(id);
    await billing.save(enrollmentId, other.id, { number: '4242424242424242' });
    await billing.active(enrollmentId);
  }, 45_000);

  it('is saved when Stripe says that it is proven', async () => {
    const { enrollmentId, id, setupIntentId } = await unproven();
    await billing.stripe.setupIntents.verifyMicrodeposits(setupIntentId, RIGHT);
    await billing.deliverEvents();
    await billing.active(enrollmentId);
    expect(await sessionRow(id)).toMatchObject({ status: 'complete', refused_reason: null });
    await billing.billing.createCharge(enrollmentId, {
      ...CUSTOMER,
      requestKey: 'one',
      amountMinor: 700,
      description: null,
    });
    await billing.charged(enrollmentId, 1, 'processing');
  }, 45_000);

  it('is saved by a look a day later when nobody says so', async () => {
    const { enrollmentId, setupIntentId } = await unproven();
    await billing.stripe.setupIntents.verifyMicrodeposits(setupIntentId, RIGHT);
    await fastForward(billing.temporal, `enrollment/${enrollmentId}`, DAY_MS + 60_000);
    await billing.active(enrollmentId);
  }, 45_000);

  it('is saved when it is proven while it is being read, also where another method is saved by then', async () => {
    const { enrollmentId, id, setupIntentId } = await unproven();
    const other = await billing.billing.openCheckoutSession(enrollmentId, CUSTOMER);
    await billing.save(enrollmentId, other.id, { number: '4242424242424242' });
    await billing.active(enrollmentId);
    const route = `/v1/checkout/sessions/${id}`;
    const reads = async () => {
      const asked = await askControl(billing.standIn.url, 'GET', `requests?path_prefix=${route}`);
      return (asked as { data: unknown[] }).data.length;
    };
    const before = await reads();
    const match = { method: 'GET', path: route };
    await billing.control('faults', { match, kind: 'delay', delay_ms: 3_000, when: 'after', times: 1 });
    await billing.billing.checkoutSessionCompleted(enrollmentId, id);
    await waitFor('the look', async () => (await reads()) > before);
    // The answer is on its way, and says that it is not proven.
    await billing.stripe.setupIntents.verifyMicrodeposits(setupIntentId, RIGHT);
    await billing.billing.checkoutSessionCompleted(enrollmentId, id);
    await waitFor('the method', async () => (await sessionRow(id)).status === 'complete');
  }, 45_000);

  it('is looked at without forgetting the session that the customer has open by then', async () => {
    const { enrollmentId } = await unproven();
    await fastForward(billing.temporal, `enrollment/${enrollmentId}`, DAY_MS / 2);
    await waitFor('half a day', async () =>
      (await billing.history(enrollmentId)).events?.some(
        (event) => event.workflowExecutionTimeSkippingTransitionedEventAttributes?.disabledAfterFastForward,
      ),
    );
    await billing.control('clock', { advance_seconds: DAY_MS / 2_000 });
    const other = await billing.billing.openCheckoutSession(enrollmentId, CUSTOMER);
    await fastForward(billing.temporal, `enrollment/${enrollmentId}`, DAY_MS / 2 + 60_000);
    const reads = async () =>
      (await billing.history(enrollmentId)).events?.filter(
        (event) => event.activityTaskScheduledEventAttributes?.activityType?.name === 'savePaymentMethod',
      ).length;
    await waitFor('the look', async () => ((await reads()) ?? 0) > 1);
    expect(await billing.billing.openCheckoutSession(enrollmentId, CUSTOMER)).toEqual(other);
    await billing.billing.cancelEnrollment(enrollmentId, CUSTOMER);
    expect((await billing.stripe.checkout.sessions.retrieve(other.id)).status).toBe('expired');
  }, 45_000);

  it.each([
    ['Stripe says so', () => billing.deliverEvents()],
    [
      'a look a day later says so',
      (enrollmentId: string) => fastForward(billing.temporal, `enrollment/${enrollmentId}`, DAY_MS + 60_000),
    ],
  ])(
    'is refused when it could not be proven, once %s, and the customer can choose again',
    async (_, heard) => {
      const { enrollmentId, id, setupIntentId } = await unproven();
      await billing.stripe.setupIntents
        .verifyMicrodeposits(setupIntentId, TOO_OFTEN_WRONG)
        .catch(() => undefined);
      await heard(enrollmentId);
      await told(enrollmentId, 'payment_method.refused');
      expect((await sessionRow(id)).refused_reason).toContain('requires_payment_method');
      const other = await billing.billing.openCheckoutSession(enrollmentId, CUSTOMER);
      await billing.save(enrollmentId, other.id, { number: '4242424242424242' });
      await billing.active(enrollmentId);
    },
    45_000,
  );

  describe('when the time to save a payment method is over', () => {
    const FIVE_DAYS: Terms = { ...TERMS, setupDeadlineDays: 5 };
    const dayOf = (enrollmentId: string) => {
      const clock = virtualClock(billing.temporal, `enrollment/${enrollmentId}`);
      return (days: number) => clock.goTo(new Date(Date.now() + days * DAY_MS).toISOString());
    };
    const statusOf = async (enrollmentId: string) => (await billing.enrollmentRow(enrollmentId)).status;

    it('is waited for all the same, and saved when it is proven', async () => {
      const { enrollmentId, setupIntentId } = await unproven(FIVE_DAYS);
      const goTo = dayOf(enrollmentId);
      await goTo(8.5);
      expect(await statusOf(enrollmentId)).toBe('awaiting_payment_method');
      await billing.stripe.setupIntents.verifyMicrodeposits(setupIntentId, RIGHT);
      await billing.deliverEvents();
      await billing.active(enrollmentId);
    }, 60_000);

    it('is given up with the enrollment when it could not be proven', async () => {
      const { enrollmentId, setupIntentId } = await unproven(FIVE_DAYS);
      const goTo = dayOf(enrollmentId);
      await goTo(6.5);
      await billing.stripe.setupIntents
        .verifyMicrodeposits(setupIntentId, TOO_OFTEN_WRONG)
        .catch(() => undefined);
      await goTo(8);
      await told(enrollmentId, 'payment_method.refused');
      expect(await billing.handle(enrollmentId).result()).toMatchObject({ status: 'expired' });
    }, 60_000);

    it('is given up when Stripe says nothing more of it', async () => {
      const { enrollmentId } = await unproven(FIVE_DAYS);
      const goTo = dayOf(enrollmentId);
      await goTo(15.5);
      expect(await statusOf(enrollmentId)).toBe('awaiting_payment_method');
      await goTo(16.5);
      expect(await billing.handle(enrollmentId).result()).toMatchObject({ status: 'expired' });
    }, 60_000);
  });
});
