import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { MONTHLY, ONCE, startBilling, type TestBilling } from '../support/billing.ts';

const DAY_MS = 86_400_000;

let billing: TestBilling;
beforeAll(async () => {
  billing = await startBilling({ virtualTime: true });
}, 60_000);
afterAll(() => billing.stop());

const recurring = { ...MONTHLY.schedule, type: 'recurring' as const, amountMinor: 980 };

describe('an enrollment over months', () => {
  it('charges each month at the anchor until the agreed number, then completes', async () => {
    const terms = { ...MONTHLY, schedule: { ...recurring, maxCharges: 4 } as typeof MONTHLY.schedule };
    const input = await billing.enrolled(terms);
    const result = await billing.handle(input.enrollmentId).result();
    expect(result).toMatchObject({ status: 'completed', chargesSucceeded: 4, amountCollectedMinor: 4 * 980 });
    const charges = await billing.chargeRows(input.enrollmentId);
    expect(charges.map(({ status }) => status)).toEqual(Array(4).fill('succeeded'));
    const days = charges
      .slice(1)
      .map(({ due_at }, i) => (due_at.getTime() - Number(charges[i]?.due_at.getTime())) / DAY_MS);
    for (const day of days) {
      expect(day).toBeGreaterThanOrEqual(28);
      expect(day).toBeLessThanOrEqual(31);
    }
    expect(new Set(charges.map(({ payment_intent_id }) => payment_intent_id)).size).toBe(4);
  }, 60_000);

  it('gives a charge up after the agreed retries and cancels, each try with a key of its own', async () => {
    const input = await billing.enrolled(MONTHLY, '4000000000000341');
    const result = await billing.handle(input.enrollmentId).result();
    expect(result).toMatchObject({ status: 'canceled', chargesSucceeded: 0, amountCollectedMinor: 0 });
    const [charge] = await billing.chargeRows(input.enrollmentId);
    expect(charge).toMatchObject({ status: 'uncollectible', attempts: 5 });
    const intent = await billing.stripe.paymentIntents.retrieve(String(charge?.payment_intent_id));
    expect(intent.status).toBe('canceled');
    const attempts = await billing.db
      .selectFrom('charge_attempts')
      .selectAll()
      .where('enrollment_id', '=', input.enrollmentId)
      .orderBy('attempt')
      .execute();
    expect(attempts.map(({ decision }) => decision)).toEqual(['retry', 'retry', 'retry', 'retry', 'give_up']);
    expect(new Set(attempts.map(({ idempotency_key }) => idempotency_key)).size).toBe(5);
    const notices = await billing.db
      .selectFrom('notifications')
      .select('kind')
      .where('enrollment_id', '=', input.enrollmentId)
      .orderBy('created_at')
      .orderBy('kind')
      .execute();
    expect(notices.map(({ kind }) => kind)).toEqual([
      'charge_failed',
      'last_try_ahead',
      'charge_given_up',
      'enrollment_canceled',
    ]);
  }, 60_000);

  it('expires when nobody saves a method, having read the session once', async () => {
    const input = await billing.newInput({ ...ONCE, setupDeadlineDays: 3 });
    await billing.billing.enroll(input);
    const result = await billing.handle(input.enrollmentId).result();
    expect(result).toMatchObject({ status: 'expired' });
    expect(await billing.enrollmentRow(input.enrollmentId)).toMatchObject({ status: 'expired' });
  }, 60_000);

  it('expires the session that is still open at the deadline', async () => {
    // Virtual time moves no clock of Stripe's, so the session is as open as one that a customer has just asked for.
    const input = await billing.newInput({ ...ONCE, setupDeadlineDays: 1 });
    const { checkoutSession } = await billing.billing.enroll(input);
    expect(await billing.handle(input.enrollmentId).result()).toMatchObject({ status: 'expired' });
    const session = await billing.stripe.checkout.sessions.retrieve(String(checkoutSession?.id));
    expect(session.status).toBe('expired');
  }, 60_000);

  it('finds a completed session by itself when no webhook comes', async () => {
    const input = await billing.newInput(ONCE);
    const { checkoutSession } = await billing.billing.enroll(input);
    const paid = await billing.payOnCheckout(String(checkoutSession?.url));
    expect(paid.status).toBe(303);
    const result = await billing.handle(input.enrollmentId).result();
    expect(result).toMatchObject({ status: 'completed', amountCollectedMinor: 1200 });
  }, 60_000);
});
