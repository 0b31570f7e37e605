/** Manual capture: money is held, captured in full or in part, released, reminded of, lost, authorised again. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Terms } from '../../domain/terms.ts';
import { ONCE, startBilling, type TestBilling } from '../support/billing.ts';
import { fastForward } from '../support/temporal.ts';
import { waitFor } from '../support/wait.ts';

let billing: TestBilling;
beforeAll(async () => {
  billing = await startBilling();
}, 60_000);
afterAll(() => billing.stop());

const BY = { by: 'api:key', reason: 'shipped' };
const HELD: Terms = { ...ONCE, captureMethod: 'manual' };
const DAY_MS = 86_400_000;

async function held(terms = HELD) {
  const { enrollmentId } = await billing.enrolled(terms);
  const { id, payment_intent_id } = await billing.charged(enrollmentId, 1, 'requires_capture');
  await billing.known(enrollmentId, id, 'requires_capture');
  return { enrollmentId, id, intentId: String(payment_intent_id) };
}

describe('the payment methods of terms that hold money', () => {
  const USD: Terms = { ...HELD, currency: 'usd' };
  const account = { payment_method_type: 'us_bank_account', account_number: '000123456789' };

  it('are those that can hold', async () => {
    const input = await billing.newInput(USD);
    const { checkoutSession } = await billing.billing.enroll(input);
    const id = String(checkoutSession?.id);
    const session = await billing.stripe.checkout.sessions.retrieve(id);
    expect(session.allowed_payment_method_types).toContain('card');
    expect(session.payment_method_types).toEqual(['card']);
    await billing.billing.cancelEnrollment(input.enrollmentId, BY);
  }, 30_000);

  it.each([{}, { verification: 'microdeposits' }])(
    'leave out a bank account of a session that was opened before, %o',
    async (proof) => {
      const input = await billing.newInput(USD);
      const { enrollmentId } = input;
      await billing.billing.enroll(input);
      const before = await billing.stripe.checkout.sessions.create({
        mode: 'setup',
        currency: 'usd',
        success_url: 'https://shop.example.com',
        client_reference_id: enrollmentId,
        metadata: { enrollment_id: enrollmentId },
      });
      await billing.save(enrollmentId, before.id, { ...account, ...proof });
      await waitFor('the refusal', async () =>
        (await billing.timeline(enrollmentId)).some(
          ({ what, why }) =>
            what === 'payment_method.refused' &&
            why === 'a payment with us_bank_account cannot be held, and the terms capture by hand',
        ),
      );
      expect((await billing.stateOf(enrollmentId)).paymentMethodId).toBeNull();
      await billing.billing.cancelEnrollment(enrollmentId, BY);
    },
    30_000,
  );
});

describe('captureCharge', () => {
  it('takes all that is held, and completes the enrollment', async () => {
    const { enrollmentId, id } = await held();
    const answer = await billing.billing.captureCharge(enrollmentId, id, { ...BY, amountMinor: null });
    expect(answer).toMatchObject({ chargeId: id, status: 'succeeded' });
    expect(await billing.handle(enrollmentId).result()).toMatchObject({
      status: 'completed',
      amountCollectedMinor: 1200,
    });
    expect(await billing.timeline(enrollmentId)).toContainEqual({
      what: 'charge.succeeded',
      who: BY.by,
      why: BY.reason,
    });
  }, 30_000);

  it('takes a part; the rest is released and counts neither as collected nor as refunded', async () => {
    const { enrollmentId, id, intentId } = await held();
    await expect(
      billing.billing.captureCharge(enrollmentId, id, { ...BY, amountMinor: 1201 }),
    ).rejects.toMatchObject({ code: 'capture_too_large' });
    await billing.billing.captureCharge(enrollmentId, id, { ...BY, amountMinor: 400 });
    expect(await billing.handle(enrollmentId).result()).toMatchObject({ amountCollectedMinor: 400 });
    expect(await billing.chargeRows(enrollmentId)).toMatchObject([
      { status: 'succeeded', captured_minor: 400, refunded_minor: 0 },
    ]);
    const intent = await billing.stripe.paymentIntents.retrieve(intentId);
    expect(intent).toMatchObject({ amount_received: 400, amount_capturable: 0 });
    await billing.deliverEvents();
    expect(await billing.ledger(enrollmentId)).toEqual([{ kind: 'payment', amount_minor: 400 }]);
    // The customer hears of what was taken, and not of what was held.
    const { data } = await billing.db
      .selectFrom('notifications')
      .select('data')
      .where('enrollment_id', '=', enrollmentId)
      .where('kind', '=', 'charge_succeeded')
      .executeTakeFirstOrThrow();
    expect(data).toMatchObject({ amountMinor: 400 });
  }, 30_000);
});

describe('a capture whose amount Stripe refuses', () => {
  it('leaves the money held, and another amount can be captured', async () => {
    const { enrollmentId, id, intentId } = await held();
    await billing.control('faults', {
      match: { method: 'POST', path_prefix: `/v1/payment_intents/${intentId}/capture` },
      kind: 'status',
      status: 400,
      code: 'amount_too_small',
      when: 'instead',
      times: 1,
    });
    const answer = await billing.billing.captureCharge(enrollmentId, id, { ...BY, amountMinor: 60 });
    expect(answer).toMatchObject({ status: 'requires_capture' });
    expect(await billing.chargeRows(enrollmentId)).toMatchObject([
      {
        status: 'requires_capture',
        status_reason: 'Stripe refuses to capture this amount: amount_too_small',
      },
    ]);
    expect((await billing.timeline(enrollmentId)).map(({ what }) => what)).toContain(
      'charge.capture_refused',
    );
    await billing.billing.captureCharge(enrollmentId, id, { ...BY, amountMinor: 400 });
    expect(await billing.chargeRows(enrollmentId)).toMatchObject([
      { status: 'succeeded', captured_minor: 400, status_reason: null },
    ]);
  }, 30_000);

  it('is refused before Stripe is asked where the amount is below the least that Stripe charges', async () => {
    const { enrollmentId, id } = await held();
    await expect(
      billing.billing.captureCharge(enrollmentId, id, { ...BY, amountMinor: 49 }),
    ).rejects.toMatchObject({ code: 'capture_amount_invalid' });
    await billing.billing.cancelEnrollment(enrollmentId, BY);
  }, 30_000);
});

describe('held money', () => {
  it('is released when the enrollment is canceled', async () => {
    const { enrollmentId, intentId } = await held();
    expect(await billing.billing.cancelEnrollment(enrollmentId, BY)).toEqual({ status: 'canceled' });
    const intent = await billing.stripe.paymentIntents.retrieve(intentId);
    expect(intent).toMatchObject({ status: 'canceled', amount_capturable: 0, amount_received: 0 });
  }, 30_000);

  it('is released when its charge is canceled, and the enrollment goes on', async () => {
    const { enrollmentId, id } = await held();
    const answer = await billing.billing.cancelCharge(enrollmentId, id, { ...BY, as: 'cancel' });
    expect(answer).toEqual({ chargeId: id, status: 'canceled' });
    expect(await billing.handle(enrollmentId).result()).toMatchObject({ status: 'completed' });
  }, 30_000);

  it('is reminded of a day before it is lost, and followed when it is', async () => {
    const { enrollmentId, id, intentId } = await held();
    await fastForward(billing.temporal, `enrollment/${enrollmentId}`, 6 * DAY_MS + 60_000);
    await waitFor('the reminder', async () =>
      (await billing.timeline(enrollmentId)).some(({ what }) => what === 'charge.hold_expires_soon'),
    );
    // Stripe lets it go; no webhook comes.
    await billing.stripe.paymentIntents.cancel(intentId);
    await fastForward(billing.temporal, `enrollment/${enrollmentId}`, 2 * DAY_MS);
    await billing.charged(enrollmentId, 1, 'canceled');
    await billing.handle(enrollmentId).result();
    await expect(
      billing.billing.captureCharge(enrollmentId, id, { ...BY, amountMinor: null }),
    ).rejects.toMatchObject({ name: 'EnrollmentNotRunning' });
  }, 45_000);
});
