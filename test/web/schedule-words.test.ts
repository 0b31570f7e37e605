import { describe, expect, it } from '@jest/globals';
import type { Locale } from '../../domain/format.ts';
import type { InstallmentsSchedule, RecurringSchedule, Schedule, Terms } from '../../domain/terms.ts';
import { createRenderer } from '../../templates/renderer.ts';
import { agreementLines, timeZoneOf } from '../../web/schedule-words.ts';
import { termsOf } from './rows.ts';

const renderer = createRenderer({ merchantName: 'Kissa' });

const monthly: RecurringSchedule = {
  type: 'recurring',
  amountMinor: 1980,
  interval: { unit: 'month', count: 1 },
  startsAt: null,
  timeZone: 'Asia/Tokyo',
  localHour: null,
  trialDays: 0,
  endsAt: null,
  maxCharges: null,
};
const thirds: InstallmentsSchedule = {
  type: 'installments',
  amountsMinor: [400, 300, 300],
  interval: { unit: 'week', count: 2 },
  startsAt: '2026-11-23T20:00:00.000Z',
  timeZone: 'Asia/Tokyo',
  localHour: null,
};

function lines(schedule: Schedule, locale: Locale = 'en', terms: Partial<Terms> = {}): string[] {
  const noDunning = { dunning: { retryAfterDays: [], afterLastTry: 'cancel' as const } };
  return agreementLines(termsOf(schedule, { ...noDunning, ...terms }), locale, renderer.sayIn(locale));
}

describe('agreementLines', () => {
  it.each([
    [
      { type: 'once', amountMinor: 500, at: null },
      'One payment of ¥500, made as soon as your payment method is saved.',
    ],
    [
      { type: 'once', amountMinor: 500, at: '2026-11-23T20:00:00.000Z' },
      'One payment of ¥500 on November 23, 2026.',
    ],
    [monthly, '¥1,980 every month.'],
    [{ ...monthly, interval: { unit: 'week', count: 2 } }, '¥1,980 every 2 weeks.'],
    [{ ...monthly, interval: { unit: 'year', count: 1 } }, '¥1,980 every year.'],
    [thirds, '3 payments, every 2 weeks: ¥400 + ¥300 + ¥300. ¥1,000 in all.'],
    [{ ...thirds, amountsMinor: [500, 500] }, '2 payments of ¥500, every 2 weeks. ¥1,000 in all.'],
    [
      { type: 'on_demand' },
      'Kissa may charge your payment method for what you order or use. Each payment appears on this page.',
    ],
  ] as [Schedule, string][])('says first what is paid and how often: %j', (schedule, expected) => {
    expect(lines(schedule)[0]).toBe(expected);
  });

  it('says the same in Japanese', () => {
    expect(lines(monthly, 'ja')[0]).toBe('毎月￥1,980のお支払い。');
    expect(lines({ ...monthly, interval: { unit: 'month', count: 3 } }, 'ja')[0]).toBe(
      '3か月ごとに￥1,980のお支払い。',
    );
    expect(lines(thirds, 'ja')[0]).toBe(
      '2週間ごとに、全3回のお支払い（￥400 + ￥300 + ￥300）。合計￥1,000。',
    );
  });

  it('says when it starts, by the days of the agreed time zone, and when it ends', () => {
    expect(lines(thirds)).toContain('Starts on November 24, 2026.');
    expect(lines(monthly)).toContain('Goes on until you cancel.');
    const ending = lines({ ...monthly, maxCharges: 12, endsAt: '2027-11-23T20:00:00.000Z' });
    expect(ending).toEqual(
      expect.arrayContaining(['Ends after 12 payments at most.', 'Ends on November 24, 2027.']),
    );
    expect(lines({ ...monthly, maxCharges: 12 }, 'ja')).toContain('最大12回のお支払いで終わります。');
    expect(ending).not.toContain('Goes on until you cancel.');
  });

  it('says what is free, at what hour payments fall, and that amounts are reserved first', () => {
    expect(lines({ ...monthly, trialDays: 14 })).toContain('The first 14 days are free.');
    expect(lines({ ...monthly, trialDays: 1 })).toContain('The first day is free.');
    expect(lines({ ...monthly, localHour: 9 })).toContain(
      'Payments are made at about 9:00 AM (Japan Standard Time).',
    );
    const spread = { minutes: 600, offsetMs: 547.9 * 60_000 };
    expect(lines({ ...monthly, localHour: 9, spread })).toContain(
      'Payments are made at about 6:07 PM (Japan Standard Time).',
    );
    expect(lines(monthly, 'en', { captureMethod: 'manual' })).toContain(
      'Amounts are first reserved on your payment method and taken later.',
    );
  });

  it.each([
    ['cancel', 'If it still does not go through, the agreement ends.'],
    ['pause', 'If it still does not go through, payments are paused.'],
    ['keep_active', 'If it still does not go through, later payments go on as agreed.'],
  ] as const)('says what follows on payments that fail, at last %s', (afterLastTry, end) => {
    const words = lines(monthly, 'en', { dunning: { retryAfterDays: [1, 3, 5, 7], afterLastTry } });
    expect(words.slice(-2)).toEqual([
      'If a payment does not go through, we write to you and try up to 4 more times over about 16 days.',
      end,
    ]);
  });

  it('promises no further try where there is none', () => {
    expect(lines(monthly).at(-2)).toBe('If a payment does not go through, we write to you.');
  });
});

describe('timeZoneOf', () => {
  it('is the agreed one, or UTC', () => {
    expect(timeZoneOf(monthly)).toBe('Asia/Tokyo');
    expect(timeZoneOf({ type: 'on_demand' })).toBe('UTC');
  });
});
