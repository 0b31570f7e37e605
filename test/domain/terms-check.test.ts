import { describe, expect, it } from '@jest/globals';
import { DEFAULT_DUNNING, type RecurringSchedule, type Schedule, type Terms } from '../../domain/terms.ts';
import { checkTerms } from '../../domain/terms-check.ts';

const monthly: RecurringSchedule = {
  type: 'recurring',
  amountMinor: 1000,
  interval: { unit: 'month', count: 1 },
  startsAt: null,
  timeZone: 'Asia/Tokyo',
  localHour: 9,
  trialDays: 0,
  endsAt: null,
  maxCharges: null,
};
const now = '2026-11-23T00:00:00.000Z';

function terms(schedule: Schedule, given: Partial<Terms> = {}): Terms {
  return {
    currency: 'jpy',
    schedule,
    captureMethod: 'automatic',
    dunning: DEFAULT_DUNNING,
    lateSuccess: 'refund',
    catchUp: 'charge_all',
    setupDeadlineDays: 30,
    ...given,
  };
}

const fieldsOf = (given: Terms, allowMinutes = false) =>
  checkTerms(given, now, allowMinutes).map(({ field }) => field);
const recurring = (given: Partial<RecurringSchedule>) => fieldsOf(terms({ ...monthly, ...given }));

describe('checkTerms', () => {
  it.each<[string, Schedule]>([
    ['a monthly schedule', monthly],
    ['a single charge', { type: 'once', amountMinor: 50, at: '2027-01-01T00:00:00Z' }],
    ['charges on demand', { type: 'on_demand' }],
    ['installments', { ...monthly, type: 'installments', amountsMinor: [400, 300, 300] }],
  ])('accepts %s', (_, schedule) => {
    expect(checkTerms(terms(schedule), now, false)).toEqual([]);
  });

  it.each<[string, Partial<RecurringSchedule>, string]>([
    ['an amount below the least', { amountMinor: 49 }, 'schedule.amountMinor'],
    ['no interval', { interval: { unit: 'day', count: 0 } }, 'schedule.interval.count'],
    ['half an interval', { interval: { unit: 'day', count: 1.5 } }, 'schedule.interval.count'],
    ['more than three years', { interval: { unit: 'month', count: 37 } }, 'schedule.interval.count'],
    ['an unknown zone', { timeZone: 'Asia/Edo' }, 'schedule.timeZone'],
    ['an hour too many', { localHour: 24 }, 'schedule.localHour'],
    ['a start that is no instant', { startsAt: 'soon' }, 'schedule.startsAt'],
    ['an end that is no instant', { endsAt: 'never' }, 'schedule.endsAt'],
    ['a trial of more than two years', { trialDays: 731 }, 'schedule.trialDays'],
    ['a negative trial', { trialDays: -1 }, 'schedule.trialDays'],
    ['no charges at all', { maxCharges: 0 }, 'schedule.maxCharges'],
    ['an end before the first charge', { trialDays: 30, endsAt: '2026-12-01T00:00:00Z' }, 'schedule.endsAt'],
  ])('refuses %s', (_, given, field) => {
    expect(recurring(given)).toEqual([field]);
  });

  it.each<[string, Partial<RecurringSchedule>]>([
    ['three years', { interval: { unit: 'month', count: 36 } }],
    ['midnight', { localHour: 0 }],
    ['two years of trial', { trialDays: 730 }],
    ['one charge', { maxCharges: 1 }],
    ['an end at the first charge', { localHour: null, endsAt: now }],
  ])('accepts %s', (_, given) => {
    expect(recurring(given)).toEqual([]);
  });

  it.each<[string, string, boolean]>([
    ['a day and a second ago', '2026-11-22T08:59:59+09:00', false],
    ['another year', '2025-11-25T00:00:00Z', false],
    ['a day ago', '2026-11-22T09:00:00+09:00', true],
    ['just now', now, true],
  ])('takes a beginning that may be meant, and no other: %s', (_, at, accepted) => {
    const once: Schedule = { type: 'once', amountMinor: 50, at };
    expect(fieldsOf(terms(once))).toEqual(accepted ? [] : ['schedule.at']);
    expect(recurring({ startsAt: at })).toEqual(accepted ? [] : ['schedule.startsAt']);
  });

  it('allows minutes only where they are switched on', () => {
    const watched = terms({ ...monthly, interval: { unit: 'minute', count: 5 } });
    expect(fieldsOf(watched, false)).toEqual(['schedule.interval.unit']);
    expect(fieldsOf(watched, true)).toEqual([]);
  });

  it('names the installment that is wrong, and none as well as too many', () => {
    const parts = (amountsMinor: number[]) =>
      fieldsOf(terms({ ...monthly, type: 'installments', amountsMinor }));
    expect(parts([1000, 10, 1000])).toEqual(['schedule.amountsMinor.1']);
    expect(parts([])).toEqual(['schedule.amountsMinor']);
    expect(parts(Array.from({ length: 121 }, () => 100))).toEqual(['schedule.amountsMinor']);
    expect(parts(Array.from({ length: 120 }, () => 100))).toEqual([]);
  });

  it('names the currency, once, whatever the schedule', () => {
    expect(fieldsOf(terms(monthly, { currency: 'JPY' }))).toEqual(['currency']);
    expect(fieldsOf(terms({ type: 'on_demand' }, { currency: 'xyz' }))).toEqual(['currency']);
  });

  it('holds the dunning policy to eight retries of at most thirty days', () => {
    const dunning = (retryAfterDays: number[]) =>
      fieldsOf(terms(monthly, { dunning: { retryAfterDays, afterLastTry: 'cancel' } }));
    expect(dunning([])).toEqual([]);
    expect(dunning(Array.from({ length: 8 }, () => 30))).toEqual([]);
    expect(dunning(Array.from({ length: 9 }, () => 1))).toEqual(['dunning.retryAfterDays']);
    expect(dunning([1, 0, 31])).toEqual(['dunning.retryAfterDays.1', 'dunning.retryAfterDays.2']);
  });

  it('reports everything that is wrong at once, with the value and what was expected', () => {
    const wrong = terms({ ...monthly, amountMinor: 1, localHour: 30 }, { setupDeadlineDays: 0 });
    expect(checkTerms(wrong, now, false)).toEqual([
      {
        field: 'schedule.amountMinor',
        message: 'amount 1 (JPY 1) is below the least that Stripe charges, 50 (JPY 50)',
      },
      { field: 'schedule.localHour', message: '30; expected a whole number from 0 to 23' },
      { field: 'setupDeadlineDays', message: '0; expected a whole number from 1 to 365' },
    ]);
  });
});
