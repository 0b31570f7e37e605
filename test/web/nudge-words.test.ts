/** When the account page asks for another payment method although no payment has failed. */
import { describe, expect, it } from '@jest/globals';
import type { CustomerEnrollment } from '../../db/customer-view.ts';
import { at, enrollment, method, model, unpaid } from './account-facts.ts';
import { termsOf } from './rows.ts';

describe('a method that was removed', () => {
  const removed = { ...enrollment, paymentMethod: { ...method, detachedAt: at(-60) } };
  const onDemand = { nextChargeAt: null, terms: termsOf({ type: 'on_demand' }) };

  it.each([
    ['a payment is planned', {}],
    ['it is charged on demand', onDemand],
    ['it is paused', { status: 'paused' as const, nextChargeAt: null }],
    ['its card has expired as well', { paymentMethod: { ...removed.paymentMethod, expYear: 2025 } }],
  ])('is said and asked for when %s', (_name, more) => {
    const page = model({ enrollment: { ...removed, ...more } });
    expect(page.method?.isRemoved).toBe(true);
    expect(page.nudge?.title).toBe('Your payment method can no longer be charged');
    expect(page.status.text).not.toContain('nothing you need to do');
  });

  it.each([
    ['the agreement ends first', { cancelAt: enrollment.nextChargeAt }],
    ['it is being canceled', { isCanceling: true }],
    ['it is over', { status: 'completed' as const }],
  ])('is not asked for when %s', (_name, more) => {
    expect(model({ enrollment: { ...removed, ...more } }).nudge).toBeNull();
  });

  it('is asked for beside a problem of ours, and not twice beside one of the customer', () => {
    const looking = [unpaid('needs_attention')];
    expect(model({ enrollment: removed, charges: looking }).nudge?.title).toContain(
      'can no longer be charged',
    );
    const declined = [unpaid('requires_payment_method')];
    expect(model({ enrollment: { ...removed, status: 'past_due' }, charges: declined }).nudge).toBeNull();
  });
});

describe('a card that has expired', () => {
  const expired = { ...enrollment, nextChargeAt: null, paymentMethod: { ...method, expYear: 2025 } };

  it.each<[string, Partial<CustomerEnrollment>, boolean]>([
    ['it is charged on demand', { terms: termsOf({ type: 'on_demand' }) }, true],
    ['it is paused', { status: 'paused' }, true],
    ['nothing is planned any more', {}, false],
  ])('is said and asked for, if a payment may come: %s', (_name, more, isAsked) => {
    const page = model({ enrollment: { ...expired, ...more } });
    expect(page.nudge?.title).toBe(isAsked ? 'Your card has expired' : undefined);
    expect(page.status.text.includes('nothing you need to do')).toBe(!isAsked);
  });
});
