/** Attempts whose first answer was never learned, against the stand-in's own clock and books. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Stripe } from 'stripe';
import {
  type Attempt,
  CustomerMissing,
  confirmOffSession,
  withoutUsableMethod,
} from '../../activities/payment-attempts.ts';
import { capturePaymentIntent } from '../../activities/payment-intents.ts';
import { createStripe } from '../../config/stripe.ts';
import { askControl } from '../../dev/stand-in-control.ts';
import { type RunningStandIn, startStripeStandIn } from '../../dev/stripe-stand-in/stand-in.ts';

let standIn: RunningStandIn;
let stripe: ReturnType<typeof createStripe>;
beforeAll(async () => {
  standIn = await startStripeStandIn();
  stripe = createStripe({
    STRIPE_SECRET_KEY: 'sk_test_0123456789',
    STRIPE_API_URL: standIn.url,
    STRIPE_TIMEOUT_MS: 5_000,
  });
});
afterAll(() => standIn.close());

async function attemptOf(suffix: string, card = 'pm_card_visa'): Promise<Attempt> {
  const customer = await stripe.customers.create({});
  const method = await stripe.paymentMethods.attach(card, { customer: customer.id });
  return {
    enrollmentId: `enr_${suffix.repeat(26)}`,
    chargeId: `chg_${suffix.repeat(26)}_1`,
    attempt: 1,
    amountMinor: 980,
    currency: 'jpy',
    description: null,
    captureMethod: 'automatic',
    stripeCustomerId: customer.id,
    paymentMethodId: method.id,
    paymentMethodType: 'card',
    paymentIntentId: null,
  };
}

const control = (route: string, body: object) => askControl(standIn.url, 'POST', route, body);

const intentsOf = async ({ stripeCustomerId }: Attempt) =>
  (await stripe.paymentIntents.list({ customer: stripeCustomerId })).data;

const asked = (attempt: Attempt) => ({
  amount: attempt.amountMinor,
  currency: attempt.currency,
  customer: attempt.stripeCustomerId,
  allowed_payment_method_types: [attempt.paymentMethodType],
  metadata: { charge_id: attempt.chargeId },
});
const unconfirmed = (attempt: Attempt) => stripe.paymentIntents.create(asked(attempt));
const held = (attempt: Attempt) => ({ ...asked(attempt), capture_method: 'manual' as const });

/** Stripe that answers every change with a 500, before any effect. */
function failing(headers: Record<string, string>): Stripe {
  const httpClient = Stripe.createFetchHttpClient(async (...request: Parameters<typeof fetch>) =>
    request[1]?.method === 'POST'
      ? Response.json({ error: { type: 'api_error', message: 'said by a test' } }, { status: 500, headers })
      : fetch(...request),
  );
  const { hostname: host, port } = new URL(standIn.url);
  const protocol = 'http';
  return new Stripe('sk_test_0123456789', { host, port, protocol, maxNetworkRetries: 0, httpClient });
}

describe('confirmOffSession', () => {
  it('F5: looks the payment up when it repeats later than Stripe keeps the key, and charges once', async () => {
    const attempt = await attemptOf('a');
    await control('faults', {
      match: { method: 'POST', path_prefix: '/v1/payment_intents' },
      kind: 'cut',
      when: 'after',
      times: 2,
    });
    await expect(confirmOffSession(stripe, attempt, { number: 1, sinceFirstMs: 0 })).rejects.toThrow();
    await control('faults/clear', {});
    await control('clock', { advance_seconds: 25 * 3600 });
    const outcome = await confirmOffSession(stripe, attempt, { number: 9, sinceFirstMs: 25 * 3_600_000 });
    expect(outcome).toMatchObject({ kind: 'payment_intent', status: 'succeeded' });
    expect(await intentsOf(attempt)).toHaveLength(1);
  });

  it.each([null, 'known'])(
    'knows until when money is held that it has looked up, its PaymentIntent being %s',
    async (known) => {
      const attempt = { ...(await attemptOf(known === null ? 'h' : 'i')), captureMethod: 'manual' as const };
      await control('faults', {
        match: { method: 'POST', path_prefix: '/v1/payment_intents' },
        kind: 'cut',
        when: 'after',
        times: 2,
      });
      await expect(confirmOffSession(stripe, attempt, { number: 1, sinceFirstMs: 0 })).rejects.toThrow();
      await control('faults/clear', {});
      const [intent] = await intentsOf(attempt);
      const paymentIntentId = known === null ? null : String(intent?.id);
      const again = { ...attempt, paymentIntentId };
      const outcome = await confirmOffSession(stripe, again, { number: 9, sinceFirstMs: 25 * 3_600_000 });
      expect(outcome).toMatchObject({
        kind: 'payment_intent',
        status: 'requires_capture',
        hold: { captureBeforeEpochS: expect.any(Number) },
      });
    },
  );

  it('F5: a key that Stripe has forgotten would charge twice: the look is what prevents it', async () => {
    const attempt = await attemptOf('b');
    await confirmOffSession(stripe, attempt, { number: 1, sinceFirstMs: 0 });
    await control('clock', { advance_seconds: 25 * 3600 });
    await confirmOffSession(stripe, attempt, { number: 1, sinceFirstMs: 0 });
    expect(await intentsOf(attempt)).toHaveLength(2);
  });

  describe('of a later attempt that knows no PaymentIntent, whose answer is lost', () => {
    async function twice(attempt: Attempt) {
      const match = { method: 'POST', path_prefix: '/v1/payment_intents' };
      await control('faults', { match, kind: 'cut', when: 'after', times: 2 });
      await expect(confirmOffSession(stripe, attempt, { number: 1, sinceFirstMs: 0 })).rejects.toThrow();
      await control('faults/clear', {});
      return confirmOffSession(stripe, attempt, { number: 2, sinceFirstMs: 1_000 });
    }

    it('F3: finds what its own first try has taken', async () => {
      const attempt = { ...(await attemptOf('e')), attempt: 2 };
      expect(await twice(attempt)).toMatchObject({ kind: 'payment_intent', status: 'succeeded' });
      expect(await intentsOf(attempt)).toHaveLength(1);
    });

    it('F3: tells the decline of its own first try', async () => {
      const attempt = { ...(await attemptOf('f', 'pm_card_chargeCustomerFail')), attempt: 2 };
      expect(await twice(attempt)).toMatchObject({
        status: 'requires_payment_method',
        decline: { code: 'card_declined' },
      });
      expect(await intentsOf(attempt)).toHaveLength(1);
    });

    it('F3: confirms what an attempt before it has left, and that once', async () => {
      const declined = await attemptOf('g', 'pm_card_chargeCustomerFail');
      await confirmOffSession(stripe, declined, { number: 1, sinceFirstMs: 0 });
      const { id } = await stripe.paymentMethods.attach('pm_card_visa', {
        customer: declined.stripeCustomerId,
      });
      const attempt = { ...declined, attempt: 2, paymentMethodId: id };
      expect(await twice(attempt)).toMatchObject({ status: 'succeeded', amountReceivedMinor: 980 });
      expect(await intentsOf(attempt)).toHaveLength(1);
    });
  });

  it('says until when money is held, also when Stripe answers that it is held already', async () => {
    const attempt: Attempt = { ...(await attemptOf('h')), captureMethod: 'manual' };
    const held = await confirmOffSession(stripe, attempt, { number: 1, sinceFirstMs: 0 });
    if (held.kind !== 'payment_intent') {
      throw new Error(`expected a PaymentIntent, and it is ${held.kind}`);
    }
    const again = { ...attempt, attempt: 2, paymentIntentId: held.paymentIntentId };
    expect(await confirmOffSession(stripe, again, { number: 1, sinceFirstMs: 0 })).toEqual(held);
    expect(held.hold?.captureBeforeEpochS).toEqual(expect.any(Number));
  });

  it('F6: two requests under one key at once make one payment', async () => {
    const attempt = await attemptOf('c');
    await control('faults', {
      match: { method: 'POST', path_prefix: '/v1/payment_intents' },
      kind: 'delay',
      when: 'after',
      delay_ms: 400,
      times: 1,
    });
    const first = confirmOffSession(stripe, attempt, { number: 1, sinceFirstMs: 0 });
    await new Promise((resolve) => setTimeout(resolve, 100));
    await expect(confirmOffSession(stripe, attempt, { number: 2, sinceFirstMs: 100 })).rejects.toMatchObject({
      type: 'StripeOutcomeUnknown',
      nonRetryable: false,
    });
    expect(await first).toMatchObject({ status: 'succeeded' });
    expect(await intentsOf(attempt)).toHaveLength(1);
  });

  it.each([null, 'known'])(
    'asks for another method when the mandate of a bank debit has ended, its PaymentIntent being %s',
    async (known) => {
      const attempt: Attempt = {
        ...(await attemptOf(known === null ? 'k' : 'l', 'pm_usBankAccount_processing')),
        currency: 'usd',
        paymentMethodType: 'us_bank_account',
      };
      const debited = { ...attempt, chargeId: `${attempt.chargeId}0` };
      await confirmOffSession(stripe, debited, { number: 1, sinceFirstMs: 0 });
      const [made] = (await stripe.charges.list({ customer: attempt.stripeCustomerId })).data;
      await control(`mandates/${made?.payment_method_details?.us_bank_account?.mandate}/end`, {});
      const paymentIntentId = known === null ? null : (await unconfirmed(attempt)).id;
      const outcome = await confirmOffSession(
        stripe,
        { ...attempt, paymentIntentId },
        { number: 1, sinceFirstMs: 0 },
      );
      expect(outcome).toMatchObject({
        kind: 'payment_intent',
        status: 'requires_payment_method',
        decline: { code: 'payment_intent_mandate_invalid', paymentMethodType: 'us_bank_account' },
        ...(paymentIntentId === null ? {} : { paymentIntentId }),
      });
      const own = (await intentsOf(attempt)).filter(
        ({ metadata }) => metadata.charge_id === attempt.chargeId,
      );
      expect(own).toHaveLength(1);
    },
  );

  describe('after server errors', () => {
    const LATER = { number: 5, sinceFirstMs: 60_000 };

    it('F4: repeats a creation that may be under way still, however often something else went wrong', async () => {
      const attempt = await attemptOf('n');
      const match = { method: 'POST', path_prefix: '/v1/payment_intents' };
      await control('faults', { match, kind: 'status', status: 500, when: 'before', times: 1 });
      await expect(confirmOffSession(stripe, attempt, LATER)).rejects.toMatchObject({
        type: 'StripeOutcomeUnknown',
        nonRetryable: false,
      });
      expect(await confirmOffSession(stripe, attempt, LATER)).toMatchObject({ status: 'succeeded' });
      expect(await intentsOf(attempt)).toHaveLength(1);
    });

    it('F4: knows that a creation was not made by its stored answer, and by nothing else', async () => {
      const attempt = await attemptOf('o');
      const again = { number: 2, sinceFirstMs: 1_000 };
      expect(await confirmOffSession(failing({ 'idempotent-replayed': 'true' }), attempt, again)).toEqual({
        kind: 'not_made',
      });
      await expect(confirmOffSession(failing({}), attempt, LATER)).rejects.toMatchObject({
        type: 'StripeOutcomeUnknown',
      });
    });

    it('F4: finds what a creation with a stored 500 has made', async () => {
      const attempt = await attemptOf('p');
      const match = { method: 'POST', path_prefix: '/v1/payment_intents' };
      await control('faults', { match, kind: 'status', status: 500, when: 'after', times: 1 });
      await expect(confirmOffSession(stripe, attempt, { number: 1, sinceFirstMs: 0 })).rejects.toThrow();
      const outcome = await confirmOffSession(stripe, attempt, { number: 2, sinceFirstMs: 1_000 });
      expect(outcome).toMatchObject({ status: 'succeeded' });
    });

    it('F4: lets another attempt confirm what stands as it stood', async () => {
      const attempt = await attemptOf('q');
      const known = { ...attempt, paymentIntentId: (await unconfirmed(attempt)).id };
      expect(await confirmOffSession(failing({}), known, LATER)).toEqual({ kind: 'not_made' });
    });
  });

  it('F10: the same key with another amount is never answered by a new key', async () => {
    const attempt = await attemptOf('d');
    await confirmOffSession(stripe, attempt, { number: 1, sinceFirstMs: 0 });
    const changed = { ...attempt, amountMinor: 981 };
    await expect(confirmOffSession(stripe, changed, { number: 1, sinceFirstMs: 0 })).rejects.toMatchObject({
      type: 'StripeIdempotencyMismatch',
      nonRetryable: true,
    });
    expect(await intentsOf(attempt)).toHaveLength(1);
  });
});

describe('capturePaymentIntent', () => {
  it.each([
    ['capture_charge_authorization_expired', 'canceled'],
    ['charge_expired_for_capture', 'canceled'],
    ['charge_expired_for_capture', 'requires_capture'],
    ['charge_already_captured', 'succeeded'],
  ] as const)('tells how the PaymentIntent stands when Stripe answers %s: %s', async (code, status) => {
    const attempt: Attempt = { ...(await attemptOf('m')), captureMethod: 'manual' };
    const { id } = await stripe.paymentIntents.create({
      ...held(attempt),
      payment_method: attempt.paymentMethodId,
      confirm: true,
      off_session: true,
    });
    if (status === 'canceled') {
      await stripe.paymentIntents.cancel(id);
    }
    if (status === 'succeeded') {
      await stripe.paymentIntents.capture(id);
    }
    const match = { method: 'POST', path_prefix: `/v1/payment_intents/${id}/capture` };
    await control('faults', { match, kind: 'status', status: 400, code, when: 'before', times: 1 });
    const capture = { amountMinor: null, idempotencyKey: `${id}/capture` };
    const { outcome, refused } = await capturePaymentIntent(stripe, id, 'card', capture);
    expect(refused).toBeNull();
    expect(outcome).toMatchObject({
      paymentIntentId: id,
      status,
    });
  });
});

describe('withoutUsableMethod', () => {
  const first = { number: 1, sinceFirstMs: 0 };

  it('declines what waits for a method', async () => {
    const attempt = await attemptOf('w');
    const outcome = await withoutUsableMethod(stripe, attempt, 'expired_card', first);
    expect(outcome).toMatchObject({
      status: 'requires_payment_method',
      decline: { code: 'expired_card', adviceCode: 'confirm_card_data' },
    });
  });

  it('asks for a PaymentIntent of another Customer under another key, when one is gone', async () => {
    const attempt = await attemptOf('v');
    await stripe.customers.del(attempt.stripeCustomerId);
    const gone = withoutUsableMethod(stripe, attempt, 'expired_card', first);
    await expect(gone).rejects.toBeInstanceOf(CustomerMissing);
    const { id } = await stripe.customers.create({});
    const instead = { ...attempt, stripeCustomerId: id };
    const outcome = await withoutUsableMethod(stripe, instead, 'expired_card', first);
    expect(outcome).toMatchObject({ status: 'requires_payment_method', decline: { code: 'expired_card' } });
  });

  it('declines nothing that was paid meanwhile, e.g. in the Dashboard', async () => {
    const attempt = await attemptOf('x');
    const paid = await confirmOffSession(stripe, attempt, first);
    const outcome = await withoutUsableMethod(stripe, attempt, 'expired_card', first);
    expect(outcome).toMatchObject({ status: 'succeeded', decline: null });
    expect(outcome).toMatchObject({ paymentIntentId: Object(paid).paymentIntentId });
  });

  it('asks for another method also while the customer has left a question of the bank unanswered', async () => {
    const attempt = await attemptOf('z', 'pm_card_authenticationRequired');
    const intent = await stripe.paymentIntents.create({
      amount: 980,
      currency: 'jpy',
      customer: attempt.stripeCustomerId,
      payment_method: attempt.paymentMethodId,
      confirm: true,
      return_url: 'https://shop.test/return',
      metadata: { enrollment_id: attempt.enrollmentId, charge_id: attempt.chargeId },
    });
    expect(intent.status).toBe('requires_action');
    const known = { ...attempt, paymentIntentId: intent.id };
    const outcome = await withoutUsableMethod(stripe, known, 'expired_card', first);
    expect(outcome).toMatchObject({ decline: { code: 'expired_card' } });
  });

  it('declines nothing whose money is held', async () => {
    const attempt = { ...(await attemptOf('y')), captureMethod: 'manual' as const };
    await confirmOffSession(stripe, attempt, first);
    const outcome = await withoutUsableMethod(stripe, attempt, 'payment_method_unusable', first);
    expect(outcome).toMatchObject({ status: 'requires_capture', decline: null });
  });
});
