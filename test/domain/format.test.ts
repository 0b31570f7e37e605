import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { CURRENCIES } from '../../domain/currencies.ts';
import {
  formatDay,
  formatExpiry,
  formatInstant,
  formatMoney,
  formatTimeOfDay,
  formatTimeZone,
  knownLocale,
  LOCALES,
} from '../../domain/format.ts';
import { decimalText } from '../../domain/money.ts';

describe('formatMoney', () => {
  it.each([
    [1999, 'usd', 'en', '$19.99'],
    [2000, 'usd', 'en', '$20.00'],
    [1980, 'jpy', 'en', '¥1,980'],
    [1980, 'jpy', 'ja', '\uffe51,980'],
    [50_000, 'isk', 'en', 'ISK 500'],
    [50_050, 'isk', 'en', 'ISK 500.50'],
    [370_000, 'ugx', 'en', 'UGX 3,700'],
    [1_234_560, 'kwd', 'en', 'KWD 1,234.560'],
    [500, 'mga', 'en', 'MGA 500'],
    [500, 'USD', 'en', '$5.00'],
    [-1999, 'usd', 'en', '-$19.99'],
  ] as const)('writes %d %s in %s as %s', (amountMinor, currency, locale, expected) => {
    const plain = formatMoney(amountMinor, currency, locale).replace(/\u00a0/g, ' ');
    expect(plain).toBe(expected);
  });

  it('shows every digit of any amount in any currency that Stripe supports', () => {
    const amounts = fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER });
    fc.assert(
      fc.property(
        amounts,
        fc.constantFrom(...CURRENCIES),
        fc.constantFrom(...LOCALES),
        (amountMinor, currency, locale) => {
          const shown = formatMoney(amountMinor, currency, locale).match(/\d[\d,]*(\.\d+)?/)?.[0] ?? '';
          const [whole, decimals = ''] = shown.replaceAll(',', '').split('.');
          const [exactWhole, exactDecimals = ''] = decimalText(amountMinor, currency).split('.');
          expect(whole).toBe(exactWhole);
          expect(decimals.padEnd(exactDecimals.length, '0')).toBe(exactDecimals);
        },
      ),
    );
  });
});

describe('formatInstant and formatDay', () => {
  it('tell the hour and the day of the time zone that was asked for', () => {
    expect(formatInstant('2026-11-23T20:05:00Z', 'en', 'Asia/Tokyo')).toBe(
      'November 24, 2026 at 5:05 AM GMT+9',
    );
    expect(formatInstant('2026-11-23T20:05:00Z', 'ja', 'Asia/Tokyo')).toBe('2026年11月24日 5:05 JST');
    expect(formatDay('2026-11-23T20:05:00Z', 'en', 'Asia/Tokyo')).toBe('November 24, 2026');
    expect(formatDay('2026-11-23T20:05:00Z', 'en', 'UTC')).toBe('November 23, 2026');
    expect(formatDay('2026-11-23T20:05:00Z', 'ja', 'Asia/Tokyo')).toBe('2026年11月24日');
  });
});

describe('formatTimeOfDay, formatTimeZone and formatExpiry', () => {
  it('tell a full hour as each language does', () => {
    expect(formatTimeOfDay(0, 'en')).toBe('12:00 AM');
    expect(formatTimeOfDay(9 * 60, 'ja')).toBe('9:00');
    expect(formatTimeOfDay(23 * 60 + 7, 'en')).toBe('11:07 PM');
  });

  it('name a zone, and UTC by its own name', () => {
    expect(formatTimeZone('Asia/Tokyo', 'ja')).toBe('日本標準時');
    expect(formatTimeZone('Asia/Tokyo', 'en')).toBe('Japan Standard Time');
    expect(formatTimeZone('UTC', 'ja')).toBe('UTC');
  });

  it('print a card expiry with two digits each', () => {
    expect(formatExpiry(4, 2027)).toBe('04/27');
    expect(formatExpiry(12, 2100)).toBe('12/00');
  });
});

describe('knownLocale', () => {
  it.each([
    ['ja', 'ja'],
    ['ja-JP', 'ja'],
    ['EN_us', 'en'],
    ['jam', null],
    ['', null],
    ['fr', null],
  ])('reads %p as %p', (text, expected) => {
    expect(knownLocale(text)).toBe(expected);
  });
});
