import { describe, expect, it } from '@jest/globals';
import type { Schedule } from '../../domain/terms.ts';
import { termsDetails, termsSummary } from '../../domain/terms-in-words.ts';
import { MONTHLY } from '../support/billing.ts';

const clock = { startsAt: null, timeZone: 'UTC', localHour: null };

describe('termsSummary', () => {
  it.each<[string, string, Schedule]>([
    [
      '1999 of usd once',
      'USD 19.99 once, as soon as a payment method is saved',
      { type: 'once', amountMinor: 1999, at: null },
    ],
    [
      'once at an instant',
      'JPY 500 once, on 2027-01-31T00:00:00.000Z',
      { type: 'once', amountMinor: 500, at: '2027-01-31T00:00:00.000Z' },
    ],
    [
      'instalments',
      'USD 10.00 in 3 payments, one every 2 weeks',
      { type: 'installments', amountsMinor: [334, 333, 333], interval: { unit: 'week', count: 2 }, ...clock },
    ],
    [
      'a subscription with all its limits',
      'USD 9.80 every year after a trial of 14 days, at most 12 times, until 2030-01-01T00:00:00.000Z',
      {
        type: 'recurring',
        amountMinor: 980,
        interval: { unit: 'year', count: 1 },
        ...clock,
        trialDays: 14,
        maxCharges: 12,
        endsAt: '2030-01-01T00:00:00.000Z',
      },
    ],
    ['on demand', 'USD on demand, each charge asked for through the API', { type: 'on_demand' }],
  ])('says %s', (_what, words, schedule) => {
    const currency = words.includes('JPY') ? 'jpy' : 'usd';
    expect(termsSummary({ ...MONTHLY, currency, schedule })).toBe(words);
  });
});

describe('termsDetails', () => {
  it('says every policy', () => {
    const text = termsDetails({
      ...MONTHLY,
      captureMethod: 'manual',
      dunning: { retryAfterDays: [], afterLastTry: 'keep_active' },
      catchUp: 'skip',
      lateSuccess: 'keep',
    });
    expect(text).toContain('manual: funds are held until captured');
    expect(text).toContain('no automatic retry, then the charge is given up and the schedule goes on');
    expect(text).toContain('**Fell due while nothing ran**: not charged');
    expect(text).toContain('**Paid after a cancel**: kept');
  });
});
