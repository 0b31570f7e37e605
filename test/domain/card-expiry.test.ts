import { describe, expect, it } from '@jest/globals';
import { isExpired } from '../../domain/card-expiry.ts';

describe('isExpired', () => {
  it.each([
    ['2027-12-31T23:59:59Z', false],
    ['2028-01-01T11:59:59.999Z', false],
    ['2028-01-01T12:00:00.000Z', true],
  ])('of a card good until 12/2027 at %s is %s', (at, expired) => {
    expect(isExpired({ expMonth: 12, expYear: 2027 }, at)).toBe(expired);
  });

  it('is never true of a method that does not expire', () => {
    expect(isExpired({ expMonth: null, expYear: null }, '2099-01-01T00:00:00Z')).toBe(false);
  });
});
