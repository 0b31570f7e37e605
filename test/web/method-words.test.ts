import { describe, expect, it } from '@jest/globals';
import { enrollment, method, model } from './account-facts.ts';

describe('methodModel', () => {
  it('counts a card as good until the end of its month', () => {
    const november = { ...enrollment, paymentMethod: { ...method, expYear: 2026 } };
    expect(model({ enrollment: november }).method).toMatchObject({
      name: 'Visa ending in 4242',
      expiry: '11/26',
      isExpired: false,
    });
    const later = Date.parse('2026-12-01T00:00:00Z');
    expect(model({ enrollment: november, nowMs: later }).method?.isExpired).toBe(true);
    const december = { ...enrollment, paymentMethod: { ...method, expMonth: 12, expYear: 2026 } };
    expect(model({ enrollment: december, nowMs: Date.parse('2026-12-31T00:00:00Z') }).method?.isExpired).toBe(
      false,
    );
  });

  it.each([
    [{ type: 'card', brand: 'newcard', last4: '1111' }, 'Card ending in 1111'],
    [{ type: 'sepa_debit', brand: null, last4: '3000' }, 'Bank account ending in 3000'],
    [{ type: 'link', brand: null, last4: null }, 'Link'],
    [{ type: 'klarna', brand: null, last4: null }, 'Klarna'],
    [{ type: 'nz_bank_account', brand: null, last4: '0010' }, 'Bank account ending in 0010'],
    [{ type: 'kr_card', brand: null, last4: '1234' }, 'Card ending in 1234'],
    [{ type: 'of_tomorrow', brand: null, last4: null }, 'Payment method'],
  ])('names a method that is no usual card: %j', (differing, name) => {
    const paymentMethod = { ...method, ...differing, expMonth: null, expYear: null };
    expect(model({ enrollment: { ...enrollment, paymentMethod } }).method).toMatchObject({
      name,
      expiry: null,
    });
  });
});
