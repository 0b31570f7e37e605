import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { CURRENCIES } from '../../domain/currencies.ts';
import {
  amountStep,
  checkAmount,
  decimalText,
  maximumAmount,
  minimumAmount,
  minorUnitExponent,
  prorate,
  splitAmount,
  sumMinor,
} from '../../domain/money.ts';

const anyCurrency = fc.constantFrom(...CURRENCIES);

describe('the currencies', () => {
  it('are more than 135 distinct lower-case ISO codes that the host knows too', () => {
    expect(CURRENCIES.length).toBeGreaterThan(135);
    expect(new Set(CURRENCIES).size).toBe(CURRENCIES.length);
    const known = new Intl.DisplayNames('en', { type: 'currency', fallback: 'none' });
    // XCG came in 2025 and STD was replaced in 2018: hosts differ on them.
    const unknown = CURRENCIES.filter(
      (code) => !['xcg', 'std'].includes(code) && !known.of(code.toUpperCase()),
    );
    expect(unknown).toEqual([]);
  });

  it.each([
    ['usd', 2],
    ['jpy', 0],
    ['krw', 0],
    ['isk', 2],
    ['ugx', 2],
    ['huf', 2],
    ['twd', 2],
    ['kwd', 3],
    ['bhd', 3],
  ])('count %s with %i decimals, as Stripe does', (currency, exponent) => {
    expect(minorUnitExponent(currency)).toBe(exponent);
  });
});

describe('checkAmount', () => {
  it.each([
    ['usd', 50],
    ['gbp', 30],
    ['jpy', 50],
    ['huf', 17_500],
    ['isk', 100],
    ['kwd', 10],
    ['php', 1],
  ])('takes the least amount of %s, %i, and refuses one grain less', (currency, least) => {
    expect(minimumAmount(currency)).toBe(least);
    expect(checkAmount(least, currency)).toBeNull();
    expect(checkAmount(least - amountStep(currency), currency)?.code).toBe('amount_too_small');
  });

  it.each([
    ['usd', 99_999_999],
    ['idr', 999_999_999_999],
    ['inr', 999_999_999],
    ['jpy', 9_999_999_999],
    ['isk', 99_999_900],
    ['kwd', 99_999_990],
  ])('takes the most of %s, %i, and refuses one grain more', (currency, most) => {
    expect(maximumAmount(currency)).toBe(most);
    expect(checkAmount(most, currency)).toBeNull();
    expect(checkAmount(most + amountStep(currency), currency)?.code).toBe('amount_too_large');
  });

  it('refuses hundredths of ISK and UGX and a last digit in three-decimal currencies', () => {
    expect(checkAmount(550, 'isk')?.code).toBe('amount_not_a_multiple');
    expect(checkAmount(501, 'ugx')?.code).toBe('amount_not_a_multiple');
    expect(checkAmount(5124, 'kwd')).toEqual({
      code: 'amount_not_a_multiple',
      message: 'amount 5124 (KWD 5.124) must be a multiple of 10 in kwd',
    });
    expect(checkAmount(5120, 'kwd')).toBeNull();
  });

  it.each([0, -1, -50])('refuses %i', (amount) => {
    expect(checkAmount(amount, 'usd')?.code).toBe('amount_too_small');
  });

  it.each([1.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53])('refuses %d, no safe integer', (amount) => {
    expect(checkAmount(amount, 'usd')?.code).toBe('amount_not_an_integer');
  });

  it.each(['USD', 'xyz', '', 'btc'])("refuses the currency '%s'", (currency) => {
    expect(checkAmount(1000, currency)?.code).toBe('currency_not_supported');
  });

  it('says the value and what was expected', () => {
    expect(checkAmount(49, 'usd')?.message).toBe(
      'amount 49 (USD 0.49) is below the least that Stripe charges, 50 (USD 0.50)',
    );
    expect(checkAmount(10.5, 'jpy')?.message).toContain('amount 10.5 must be a whole number');
  });
});

describe('decimalText', () => {
  it.each([
    [5, 'usd', '0.05'],
    [1999, 'usd', '19.99'],
    [-1999, 'usd', '-19.99'],
    [500, 'jpy', '500'],
    [5120, 'kwd', '5.120'],
    [0, 'usd', '0.00'],
  ])('writes %i %s as %s', (amount, currency, text) => {
    expect(decimalText(amount, currency)).toBe(text);
  });
});

describe('splitAmount', () => {
  it('gives what does not divide to the first parts', () => {
    expect(splitAmount(1000, 3, 'usd')).toEqual([334, 333, 333]);
    expect(splitAmount(1000, 3, 'isk')).toEqual([400, 300, 300]);
    expect(splitAmount(100, 3, 'kwd')).toEqual([40, 30, 30]);
  });

  it('adds up exactly, and no two parts differ by more than a grain', () => {
    fc.assert(
      fc.property(anyCurrency, fc.nat(99_999_999), fc.integer({ min: 1, max: 120 }), (currency, n, count) => {
        const step = amountStep(currency);
        const total = n * step;
        const parts = splitAmount(total, count, currency);
        expect(parts).toHaveLength(count);
        expect(sumMinor(parts)).toBe(total);
        expect(Math.max(...parts) - Math.min(...parts)).toBeLessThanOrEqual(step);
        expect(parts.every((part) => part % step === 0)).toBe(true);
      }),
    );
  });

  it.each([
    [100, 0, 'usd'],
    [100, 1.5, 'usd'],
    [-100, 2, 'usd'],
    [150, 2, 'isk'],
    [0.5, 2, 'usd'],
  ])('refuses %d in %d parts of %s', (total, count, currency) => {
    expect(() => splitAmount(total, count, currency)).toThrow(RangeError);
  });
});

describe('prorate', () => {
  const day = 86_400_000;
  const month = { startsAtEpochMs: 0, endsAtEpochMs: 30 * day };
  const change = (fromMinor: number, toMinor: number, currency = 'usd') => ({ fromMinor, toMinor, currency });

  it('charges the difference for what is left of the period', () => {
    expect(prorate(change(1000, 4000), month, 10 * day)).toBe(2000);
    expect(prorate(change(1000, 4000), month, 0)).toBe(3000);
    expect(prorate(change(1000, 4000), month, 30 * day)).toBe(0);
  });

  it('credits the difference when the amount falls', () => {
    expect(prorate(change(4000, 1000), month, 10 * day)).toBe(-2000);
  });

  it('rounds in the favour of the customer, to the grain of the currency', () => {
    expect(prorate(change(0, 100), month, 20 * day)).toBe(33);
    expect(prorate(change(100, 0), month, 20 * day)).toBe(-34);
    expect(prorate(change(0, 1000, 'isk'), month, 20 * day)).toBe(300);
    expect(prorate(change(1000, 0, 'isk'), month, 20 * day)).toBe(-400);
  });

  it('counts instants outside of the period as its nearer end', () => {
    expect(prorate(change(0, 100), month, -5 * day)).toBe(100);
    expect(prorate(change(0, 100), month, 40 * day)).toBe(0);
  });

  it('stays exact for amounts whose product leaves the safe integers', () => {
    expect(prorate(change(0, 999_999_999_999, 'idr'), month, 15 * day)).toBe(499_999_999_999);
  });

  it('never takes from the customer more than the exact share, nor less by a grain or more', () => {
    const amount = fc.nat(99_999_999);
    fc.assert(
      fc.property(anyCurrency, amount, amount, fc.nat(30 * day), (currency, from, to, at) => {
        const step = amountStep(currency);
        const owed = prorate(change(from * step, to * step, currency), month, at);
        const exact = ((to - from) * step * (30 * day - at)) / (30 * day);
        expect(owed % step === 0).toBe(true);
        expect(owed).toBeLessThanOrEqual(exact + 1e-3);
        expect(owed).toBeGreaterThan(exact - step - 1e-3);
      }),
    );
  });

  it('refuses a period without length', () => {
    expect(() => prorate(change(0, 1), { startsAtEpochMs: 5, endsAtEpochMs: 5 }, 5)).toThrow(RangeError);
  });
});

describe('sumMinor', () => {
  it('refuses a sum that is no safe integer', () => {
    expect(sumMinor([])).toBe(0);
    expect(() => sumMinor([Number.MAX_SAFE_INTEGER, 1])).toThrow(RangeError);
  });
});
