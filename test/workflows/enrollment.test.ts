import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { enrollmentStateQuery } from '../../workflows/messages.ts';
import { MONTHLY, ONCE, startBilling, type TestBilling } from '../support/billing.ts';
import { waitFor } from '../support/wait.ts';

let billing: TestBilling;
beforeAll(async () => {
  billing = await startBilling();
}, 60_000);
afterAll(() => billing.stop());

describe('enrollmentWorkflow', () => {
  it('charges at once when the schedule is once, and ends as completed', async () => {
    const input = await billing.enrolled(ONCE);
    const charge = await billing.charged(input.enrollmentId, 1, 'succeeded');
    expect(charge).toMatchObject({ amount_minor: 1200, currency: 'jpy', attempts: 1, captured_minor: 1200 });
    const result = await billing.handle(input.enrollmentId).result();
    expect(result).toMatchObject({ status: 'completed', chargesSucceeded: 1, amountCollectedMinor: 1200 });
    expect(await billing.enrollmentRow(input.enrollmentId)).toMatchObject({ status: 'completed' });
  }, 30_000);

  it('creates a Customer and attaches the method when the session had none', async () => {
    const input = await billing.enrolled(ONCE);
    const charge = await billing.charged(input.enrollmentId, 1, 'succeeded');
    const intent = await billing.stripe.paymentIntents.retrieve(String(charge.payment_intent_id));
    const method = await billing.stripe.paymentMethods.retrieve(String(intent.payment_method));
    expect(intent.customer).toMatch(/^cus_/);
    expect(method.customer).toBe(intent.customer);
  }, 30_000);

  it("keeps the charge and confirms the same PaymentIntent with the customer's next card", async () => {
    const input = await billing.enrolled(MONTHLY, '4000000000000341');
    const failed = await billing.charged(input.enrollmentId, 1, 'requires_payment_method');
    expect(failed).toMatchObject({ attempts: 1, last_code: 'card_declined' });
    expect(failed.next_attempt_at).not.toBeNull();
    await waitFor(
      'past due',
      async () => (await billing.enrollmentRow(input.enrollmentId)).status === 'past_due',
    );
    const session = await billing.billing.openCheckoutSession(input.enrollmentId, {
      by: 'customer',
      reason: null,
    });
    expect((await billing.payOnCheckout(session.url)).status).toBe(303);
    await billing.billing.checkoutSessionCompleted(input.enrollmentId, session.id);
    const paid = await billing.charged(input.enrollmentId, 1, 'succeeded');
    expect(paid.payment_intent_id).toBe(failed.payment_intent_id);
    expect(paid.attempts).toBe(2);
    const notices = await billing.db
      .selectFrom('notifications')
      .select('kind')
      .where('enrollment_id', '=', input.enrollmentId)
      .orderBy('created_at')
      .execute();
    expect(notices.map(({ kind }) => kind)).toEqual(['charge_failed', 'charge_recovered']);
    expect(await billing.enrollmentRow(input.enrollmentId)).toMatchObject({ status: 'active' });
  }, 30_000);

  describe('whose cancellation is requested in the Temporal UI', () => {
    it('is canceled as by an operator, and so is what it has not collected', async () => {
      const { enrollmentId } = await billing.enrolled(MONTHLY, '4000000000000341');
      const { id, payment_intent_id } = await billing.charged(enrollmentId, 1, 'requires_payment_method');
      await billing.known(enrollmentId, id, 'requires_payment_method');
      await billing.handle(enrollmentId).cancel();
      expect(await billing.handle(enrollmentId).result()).toMatchObject({ status: 'canceled' });
      expect(await billing.enrollmentRow(enrollmentId)).toMatchObject({ status: 'canceled' });
      const intent = await billing.stripe.paymentIntents.retrieve(String(payment_intent_id));
      expect(intent.status).toBe('canceled');
      expect(await billing.timeline(enrollmentId)).toContainEqual(
        expect.objectContaining({ who: 'operator', why: 'canceled in Temporal' }),
      );
    }, 30_000);

    it('is canceled before a payment method is saved, and its session expires', async () => {
      const { enrollmentId, ...input } = await billing.newInput(MONTHLY);
      const { checkoutSession } = await billing.billing.enroll({ ...input, enrollmentId });
      await billing.handle(enrollmentId).cancel();
      expect(await billing.handle(enrollmentId).result()).toMatchObject({ status: 'canceled' });
      const session = await billing.stripe.checkout.sessions.retrieve(String(checkoutSession?.id));
      expect(session.status).toBe('expired');
    }, 30_000);
  });

  it('goes on when it is told of a session that Stripe does not know', async () => {
    const input = await billing.newInput(ONCE);
    const { checkoutSession } = await billing.billing.enroll(input);
    await billing.billing.checkoutSessionCompleted(input.enrollmentId, 'cs_test_ofanotheraccount');
    await waitFor('the refusal', async () =>
      (await billing.timeline(input.enrollmentId)).some(({ what }) => what === 'payment_method.refused'),
    );
    expect((await billing.payOnCheckout(String(checkoutSession?.url))).status).toBe(303);
    await billing.billing.checkoutSessionCompleted(input.enrollmentId, String(checkoutSession?.id));
    await billing.charged(input.enrollmentId, 1, 'succeeded');
  }, 30_000);

  it('keeps the next try when a decline is told again by a webhook', async () => {
    const input = await billing.enrolled(ONCE, '4000000000000341');
    const failed = await billing.charged(input.enrollmentId, 1, 'requires_payment_method');
    await billing.known(input.enrollmentId, failed.id, 'requires_payment_method');
    await billing.billing.paymentIntentChanged(input.enrollmentId, {
      chargeId: failed.id,
      paymentIntentId: String(failed.payment_intent_id),
      eventType: 'payment_intent.payment_failed',
    });
    await waitFor('the reading', async () => {
      const { events } = await billing.history(input.enrollmentId);
      const reading = events?.find(
        (event) => event.activityTaskScheduledEventAttributes?.activityType?.name === 'readCharge',
      );
      const read = (of: typeof reading) => of?.activityTaskCompletedEventAttributes?.scheduledEventId;
      return (
        reading !== undefined && events?.some((event) => String(read(event)) === String(reading.eventId))
      );
    });
    const { charges } = await billing.handle(input.enrollmentId).query(enrollmentStateQuery);
    expect(charges[0]?.nextAttemptAt).toBe(failed.next_attempt_at?.toISOString());
  }, 30_000);

  it('cancels before a method is saved: the session is expired at Stripe', async () => {
    const input = await billing.newInput(MONTHLY);
    const { checkoutSession } = await billing.billing.enroll(input);
    const answer = await billing.billing.cancelEnrollment(input.enrollmentId, {
      by: 'api:key',
      reason: 'changed their mind',
    });
    expect(answer).toEqual({ status: 'canceled' });
    const session = await billing.stripe.checkout.sessions.retrieve(String(checkoutSession?.id));
    expect(session.status).toBe('expired');
    expect(await billing.enrollmentRow(input.enrollmentId)).toMatchObject({
      status: 'canceled',
      end_reason: 'changed their mind',
    });
  }, 30_000);

  it('stays within the budget of events from the request to the saved method', async () => {
    const input = await billing.enrolled(MONTHLY);
    await billing.charged(input.enrollmentId, 1, 'succeeded');
    const history = await billing.history(input.enrollmentId);
    const events = history.events ?? [];
    const types = events.map((event) => event.eventType);
    const saved = events.findIndex(
      (event) => event.activityTaskScheduledEventAttributes?.activityType?.name === 'collectCharge',
    );
    expect({ saved, types: types.length }).toEqual({ saved: 25, types: expect.any(Number) });
  }, 30_000);
});
