import { describe, expect, it } from '@jest/globals';
import { CHARGE_STATUSES } from '../../domain/charge-states.ts';
import {
  decideCharge,
  decidePaidCharge,
  decidePaymentMethod,
  decideSession,
  decideSetupIntent,
} from '../../domain/stripe-event-decision.ts';
import { ask, CHARGE, ENROLLMENT, event, intent, OTHER, session } from './stripe-events.ts';

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

describe('decidePaidCharge', () => {
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

describe('decidePaymentMethod', () => {
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
});
