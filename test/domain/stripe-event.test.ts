import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { CHARGE_STATUSES } from '../../domain/charge-states.ts';
import {
  decideCharge,
  decidePaidCharge,
  decidePaymentMethod,
  decideSession,
  decideSetupIntent,
  type EventQuestion,
  readStripeEvent,
  STRIPE_EVENT_LISTS,
  STRIPE_EVENT_TYPES,
} from '../../domain/stripe-event.ts';

const SUFFIX = '0123456789abcdefghijklmnop';
const ENROLLMENT = `enr_${SUFFIX}`;
const OTHER = `enr_${'z'.repeat(26)}`;
const CHARGE = `chg_${SUFFIX}_3`;

function event(type: string, object: object, more: object = {}): object {
  return { id: 'evt_1', object: 'event', type, livemode: false, data: { object }, ...more };
}

function session(more: object = {}): object {
  return { id: 'cs_test_1', object: 'checkout.session', mode: 'setup', ...more };
}

function intent(more: object = {}): object {
  return { id: 'pi_1', object: 'payment_intent', metadata: { charge_id: CHARGE }, ...more };
}

function ask<Kind extends EventQuestion['ask']>(kind: Kind, given: object) {
  const read = readStripeEvent(given, false);
  if (!('ask' in read) || read.ask !== kind) {
    throw new Error(`expected a question about ${kind}, got ${JSON.stringify(read)}`);
  }
  return read as Extract<EventQuestion, { ask: Kind }>;
}

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

describe('decideSession', () => {
  const completed = ask(
    'session',
    event('checkout.session.completed', session({ client_reference_id: OTHER })),
  );
  const expired = ask('session', event('checkout.session.expired', session({ client_reference_id: OTHER })));
  const row = (status: 'open' | 'complete' | 'expired') => ({
    checkoutSessionId: 'cs_test_1',
    enrollmentId: ENROLLMENT,
    status,
    isBeingProven: false,
  });

  it('believes the row before the hint', () => {
    expect(decideSession(completed, row('open'))).toEqual({
      kind: 'signal',
      enrollmentId: ENROLLMENT,
      signal: 'checkoutSessionCompleted',
      checkoutSessionId: 'cs_test_1',
    });
  });

  it('follows the hint when there is no row', () => {
    expect(decideSession(completed, null)).toMatchObject({ kind: 'signal', enrollmentId: OTHER });
    expect(decideSession(expired, null)).toMatchObject({
      signal: 'checkoutSessionExpired',
      enrollmentId: OTHER,
    });
  });

  it('ignores a session of nobody', () => {
    expect(decideSession({ ...completed, hintedEnrollmentId: null }, null)).toMatchObject({ kind: 'ignore' });
  });

  it.each([
    ['completed', 'open', 'checkoutSessionCompleted'],
    ['completed', 'complete', null],
    // Late: Stripe says that it was completed after all, and is read again.
    ['completed', 'expired', 'checkoutSessionCompleted'],
    ['expired', 'open', 'checkoutSessionExpired'],
    ['expired', 'complete', null],
    ['expired', 'expired', null],
  ] as const)('%s on a session that is %s: %s', (outcome, status, signal) => {
    const decided = decideSession(outcome === 'completed' ? completed : expired, row(status));
    expect('signal' in decided ? decided.signal : null).toBe(signal);
    if (decided.kind === 'ignore') {
      expect(decided.reason).toBe(`already known: the Checkout Session is ${status}`);
    }
  });
});

describe('decideSetupIntent', () => {
  const succeeded = ask('setup_intent', event('setup_intent.succeeded', { id: 'seti_1' }));
  const failed = ask('setup_intent', event('setup_intent.setup_failed', { id: 'seti_1' }));
  const open = {
    checkoutSessionId: 'cs_test_1',
    enrollmentId: ENROLLMENT,
    status: 'open',
    isBeingProven: false,
  } as const;
  const proving = { ...open, isBeingProven: true } as const;
  const told = {
    kind: 'signal',
    enrollmentId: ENROLLMENT,
    signal: 'checkoutSessionCompleted',
    checkoutSessionId: 'cs_test_1',
  };

  it('is the same fact as the completed session', () => {
    expect(decideSetupIntent(succeeded, open)).toEqual(told);
    expect(decideSetupIntent(succeeded, proving)).toEqual(told);
    expect(decideSetupIntent(succeeded, { ...open, status: 'complete' })).toMatchObject({ kind: 'ignore' });
    expect(decideSetupIntent(succeeded, null)).toMatchObject({ kind: 'ignore' });
  });

  it('is news when a bank account could not be proven, and none when a try on Checkout fails', () => {
    expect(decideSetupIntent(failed, proving)).toEqual(told);
    expect(decideSetupIntent(failed, open)).toEqual({
      kind: 'ignore',
      reason: 'a failed try on Checkout, whose page is still open',
    });
    expect(decideSetupIntent(failed, { ...proving, status: 'complete' })).toMatchObject({ kind: 'ignore' });
    expect(decideSetupIntent(failed, null)).toMatchObject({ kind: 'ignore' });
  });
});

describe('decideCharge', () => {
  const succeeded = ask('charge', event('payment_intent.succeeded', intent()));
  const signal = {
    kind: 'signal',
    enrollmentId: ENROLLMENT,
    signal: 'paymentIntentChanged',
    chargeId: CHARGE,
    paymentIntentId: 'pi_1',
    eventType: 'payment_intent.succeeded',
  };
  const row = { enrollmentId: ENROLLMENT, paymentIntentId: 'pi_1', status: 'processing' } as const;

  it('signals the enrollment of the row', () => {
    expect(decideCharge(succeeded, row)).toEqual(signal);
    expect(decideCharge(succeeded, { ...row, paymentIntentId: null })).toEqual(signal);
  });

  it('asks the Workflow that the id names when there is no row yet', () => {
    expect(decideCharge(succeeded, null)).toEqual(signal);
  });

  it('ignores a PaymentIntent that borrows the id of another charge', () => {
    expect(decideCharge(succeeded, { ...row, paymentIntentId: 'pi_2' })).toEqual({
      kind: 'ignore',
      reason: `${CHARGE} has another PaymentIntent`,
    });
  });

  it.each(CHARGE_STATUSES.map((status) => [status]))('late news on a charge that is %s', (status) => {
    const late = (type: string) =>
      decideCharge(ask('charge', event(type, intent())), { ...row, status }).kind;
    const known = status === 'succeeded' ? 'ignore' : 'signal';
    expect(late('payment_intent.processing')).toBe(known);
    expect(late('payment_intent.succeeded')).toBe(known);
    expect(late('payment_intent.canceled')).toBe(status === 'canceled' ? 'ignore' : known);
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

  it('signals the charge, waits ten minutes for a row that is on its way, and no longer', () => {
    expect(decidePaidCharge({ enrollmentId: ENROLLMENT, id: CHARGE }, 9_999)).toEqual({
      kind: 'signal',
      enrollmentId: ENROLLMENT,
      signal: 'chargeAftermath',
      chargeId: CHARGE,
    });
    expect(decidePaidCharge(null, 599)).toEqual({ kind: 'not_yet' });
    expect(decidePaidCharge(null, 600)).toMatchObject({ kind: 'ignore' });
  });
});

describe('events of a saved payment method', () => {
  it('signals the enrollment that it was saved for, and nobody else', () => {
    const question = ask('payment_method', event('payment_method.detached', { id: 'pm_1' }));
    expect(decidePaymentMethod(question, ENROLLMENT)).toMatchObject({
      kind: 'signal',
      enrollmentId: ENROLLMENT,
      signal: 'paymentMethodChanged',
      paymentMethodId: 'pm_1',
    });
    expect(decidePaymentMethod(question, null)).toMatchObject({ kind: 'ignore' });
  });

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
