import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { readStripeEvent, STRIPE_EVENT_LISTS, STRIPE_EVENT_TYPES } from '../../domain/stripe-event.ts';
import { ask, CHARGE, ENROLLMENT, event, intent, OTHER, SUFFIX, session } from './stripe-events.ts';

describe('readStripeEvent', () => {
  it.each(['completed', 'expired'] as const)('asks for the session of checkout.session.%s', (outcome) => {
    const given = event(`checkout.session.${outcome}`, session({ client_reference_id: ENROLLMENT }));
    expect(readStripeEvent(given, false)).toEqual({
      ask: 'session',
      outcome,
      checkoutSessionId: 'cs_test_1',
      hintedEnrollmentId: ENROLLMENT,
    });
  });

  it.each([
    [
      'client_reference_id',
      { client_reference_id: ENROLLMENT, metadata: { enrollment_id: OTHER } },
      ENROLLMENT,
    ],
    ['metadata, without a client_reference_id', { metadata: { enrollment_id: OTHER } }, OTHER],
    [
      'metadata, when client_reference_id is empty',
      { client_reference_id: '', metadata: { enrollment_id: OTHER } },
      OTHER,
    ],
    ['nothing, when the id has another form', { client_reference_id: 'order-17' }, null],
    ['nothing, when the id only begins like ours', { client_reference_id: `${ENROLLMENT}x` }, null],
    ['nothing, when fields are of other types', { client_reference_id: 5, metadata: 'x' }, null],
  ])('takes a hint at the enrollment from %s', (_from, fields, hinted) => {
    const { hintedEnrollmentId } = ask('session', event('checkout.session.completed', session(fields)));
    expect(hintedEnrollmentId).toBe(hinted);
  });

  it('reads the body printed in the documentation of 2019: no customer, no reference, found by its session', () => {
    const path = new URL('../fixtures/checkout.session.completed.2019-03-14.json', import.meta.url);
    expect(readStripeEvent(JSON.parse(readFileSync(path, 'utf8')), false)).toEqual({
      ask: 'session',
      outcome: 'completed',
      checkoutSessionId: 'cs_test_MlZAaTXUMHjWZ7DcXjusJnDU4MxPalbtL5eYrmS2GKxqscDtpJq8QM0k',
      hintedEnrollmentId: null,
    });
  });

  it.each([
    ['setup_intent.succeeded', 'succeeded'],
    ['setup_intent.setup_failed', 'failed'],
  ])('asks for the SetupIntent of %s', (type, outcome) => {
    expect(readStripeEvent(event(type, { id: 'seti_1' }), false)).toEqual({
      ask: 'setup_intent',
      outcome,
      setupIntentId: 'seti_1',
    });
  });

  it.each([
    'succeeded',
    'payment_failed',
    'canceled',
    'processing',
    'requires_action',
    'amount_capturable_updated',
  ])('asks for the charge of payment_intent.%s', (name) => {
    expect(readStripeEvent(event(`payment_intent.${name}`, intent()), false)).toEqual({
      ask: 'charge',
      chargeId: CHARGE,
      paymentIntentId: 'pi_1',
      eventType: `payment_intent.${name}`,
    });
  });

  it.each<[string, object, RegExp]>([
    [
      'an echo of our own request',
      event('payment_intent.succeeded', intent(), {
        request: { id: 'req_1', idempotency_key: `durable-billing/${ENROLLMENT}/${CHARGE}/attempt-1` },
      }),
      /echo of our own request/,
    ],
    [
      'a PaymentIntent of somebody else',
      event('payment_intent.succeeded', intent({ metadata: {} })),
      /without a charge/,
    ],
    [
      'a charge id of another form',
      event('payment_intent.succeeded', intent({ metadata: { charge_id: `chg_${SUFFIX}_0` } })),
      /without a charge/,
    ],
    ['the birth of a PaymentIntent', event('payment_intent.created', intent()), /no effect/],
    ['an unknown type', event('invoice.paid', { id: 'in_1' }), /invoice\.paid has no effect/],
    ['a payment session', event('checkout.session.completed', session({ mode: 'payment' })), /mode payment/],
    [
      'a session without an id',
      event('checkout.session.completed', { mode: 'setup' }),
      /no Checkout Session id/,
    ],
    ['a SetupIntent without an id', event('setup_intent.succeeded', {}), /no SetupIntent id/],
    [
      'the other mode',
      event('checkout.session.completed', session(), { livemode: true }),
      /live mode|test mode/,
    ],
    [
      'a mode that is not said',
      event('checkout.session.completed', session(), { livemode: undefined }),
      /mode/,
    ],
    [
      'a thin event',
      { id: 'evt_2', object: 'v2.core.event', type: 'v1.billing.meter.error', livemode: false },
      /thin event/,
    ],
    ['nothing at all', {}, /mode/],
  ])('ignores %s, with the reason', (_what, given, reason) => {
    expect(readStripeEvent(given, false)).toEqual({ kind: 'ignore', reason: expect.stringMatching(reason) });
  });

  it('takes for no echo what came of our request later, by itself', () => {
    const request = { id: null, idempotency_key: `durable-billing/${ENROLLMENT}/${CHARGE}/attempt-1` };
    const settled = event('payment_intent.succeeded', intent(), { request });
    expect(readStripeEvent(settled, false)).toHaveProperty('ask', 'charge');
  });

  it('takes live events when the key is live', () => {
    const live = event('setup_intent.succeeded', { id: 'seti_1' }, { livemode: true });
    expect(readStripeEvent(live, true)).toHaveProperty('ask', 'setup_intent');
    expect(readStripeEvent(live, false)).toHaveProperty('kind', 'ignore');
  });

  it('never throws, whatever it is given', () => {
    const types = fc.constantFrom(
      'checkout.session.completed',
      'setup_intent.succeeded',
      'payment_intent.succeeded',
    );
    const anything = fc.record({
      type: types,
      livemode: fc.constant(false),
      data: fc.anything(),
      request: fc.anything(),
    });
    fc.assert(
      fc.property(fc.oneof(fc.anything(), anything), (given) => {
        const read = readStripeEvent(given, false);
        expect('ask' in read || read.reason.length > 0).toBe(true);
      }),
    );
  });
});

describe('what an endpoint subscribes to', () => {
  it('is listed by as many types at once as Stripe takes, each in one list', () => {
    expect(STRIPE_EVENT_LISTS.every(({ length }) => length > 0 && length <= 20)).toBe(true);
    expect(STRIPE_EVENT_LISTS.flat()).toEqual(STRIPE_EVENT_TYPES);
  });
});

describe('events of a payment that was made', () => {
  it.each([
    'refund.created',
    'refund.updated',
    'refund.failed',
    'charge.dispute.created',
    'charge.dispute.closed',
    'charge.dispute.funds_reinstated',
    'radar.early_fraud_warning.created',
  ])('asks for the charge of the PaymentIntent that %s names', (type) => {
    const given = event(type, { id: 'x_1', payment_intent: 'pi_1' }, { created: 1_000 });
    expect(ask('paid_charge', given)).toEqual({
      ask: 'paid_charge',
      paymentIntentId: 'pi_1',
    });
  });

  it('ignores what is about no PaymentIntent, and the echo of our own refund', () => {
    expect(readStripeEvent(event('refund.created', { payment_intent: null }), false)).toMatchObject({
      reason: 'not about a PaymentIntent',
    });
    const request = { id: 'req_1', idempotency_key: 'durable-billing/enr_1/refund-1' };
    expect(
      readStripeEvent(event('refund.created', { payment_intent: 'pi_1' }, { request }), false),
    ).toMatchObject({ reason: 'echo of our own request' });
  });

  it.each([
    'refund.updated',
    'refund.failed',
    'charge.dispute.created',
    'charge.dispute.closed',
    'radar.early_fraud_warning.created',
  ])('takes no %s for an echo: it names the request of the payment or refund that it came of', (type) => {
    const request = { id: 'req_1', idempotency_key: `durable-billing/${ENROLLMENT}/${CHARGE}/attempt-1` };
    const given = event(type, { payment_intent: 'pi_1' }, { request });
    expect(readStripeEvent(given, false)).toHaveProperty('ask', 'paid_charge');
  });
});

describe('events of a saved payment method', () => {
  it.each([
    ['that has ended', { status: 'inactive' }, 'active', true],
    [
      'that has ended, of an expanded method',
      { status: 'inactive', payment_method: { id: 'pm_1' } },
      null,
      true,
    ],
    ['that is good again', { status: 'active' }, 'inactive', true],
    ['that has become active', { status: 'active' }, 'pending', false],
    ['that is not active yet', { status: 'pending' }, null, false],
    ['without a method', { status: 'inactive', payment_method: null }, 'active', false],
  ])('are those of its mandate %s', (_what, more, before, isNews) => {
    const mandate = { id: 'mandate_1', object: 'mandate', payment_method: 'pm_1', ...more };
    const previous_attributes = before === null ? {} : { status: before };
    const given = event('mandate.updated', mandate, { data: { object: mandate, previous_attributes } });
    expect(readStripeEvent(given, false)).toMatchObject(
      isNews
        ? { ask: 'payment_method', paymentMethodId: 'pm_1', eventType: 'mandate.updated' }
        : { kind: 'ignore', reason: expect.stringContaining('the mandate') },
    );
  });
});
