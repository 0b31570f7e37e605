import { describe, expect, it } from '@jest/globals';
import { givenTerms } from '../../api/schemas/terms.ts';
import { readTerms, termsObjectOf } from '../../api/terms-mapping.ts';
import { checkTerms } from '../../domain/terms-check.ts';
import { termsDetails } from '../../domain/terms-in-words.ts';

const ONCE = { type: 'once', amount_minor: 980 };
const MONTHLY = { type: 'recurring', amount_minor: 980, interval: { unit: 'month' } };
const terms = (schedule: object, more: object = {}) =>
  readTerms(givenTerms.parse({ currency: 'jpy', schedule, ...more }));

describe("the terms' time zone", () => {
  it.each([ONCE, { type: 'on_demand' }, MONTHLY])('applies to a schedule of type $type', (schedule) => {
    const read = terms(schedule, { time_zone: 'Asia/Tokyo' });
    expect(read.schedule.timeZone).toBe('Asia/Tokyo');
    expect(termsObjectOf(read).time_zone).toBe('Asia/Tokyo');
  });

  it("is less than the schedule's own", () => {
    const schedule = { ...MONTHLY, time_zone: 'Europe/Berlin' };
    expect(terms(schedule, { time_zone: 'Asia/Tokyo' }).schedule.timeZone).toBe('Europe/Berlin');
  });

  it('is UTC when nobody says one, and changes nothing about what such a request stands for', () => {
    expect(terms(ONCE).schedule).toEqual({ type: 'once', amountMinor: 980, at: null });
    expect(terms({ type: 'on_demand' }).schedule).toEqual({ type: 'on_demand' });
    expect(terms(MONTHLY).schedule).toMatchObject({ timeZone: 'UTC' });
    expect(termsObjectOf(terms(ONCE)).time_zone).toBe('UTC');
  });

  it('must be a time zone', () => {
    expect(() => terms(ONCE, { time_zone: 'Asia/Atlantis' })).toThrow('expected a time zone');
    const read = terms(ONCE, { time_zone: 'Asia/Tokyo' });
    const wrong = { ...read, schedule: { ...read.schedule, timeZone: 'Asia/Atlantis' } };
    expect(checkTerms(wrong, '2026-11-01T00:00:00Z', false)).toMatchObject([{ field: 'schedule.timeZone' }]);
  });
});

describe('a spread of due times', () => {
  const NINE = { ...MONTHLY, local_hour: 9 };
  const check = (schedule: object) => checkTerms(terms(schedule), '2026-11-01T00:00:00Z', true);

  it('is part of the terms when it is said, and changes nothing about other requests', () => {
    const read = terms({ ...NINE, spread_minutes: 180 });
    expect(read.schedule).toMatchObject({ localHour: 9, spread: { minutes: 180 } });
    expect(termsObjectOf(read).schedule).toMatchObject({ spread_minutes: 180 });
    expect(check({ ...NINE, spread_minutes: 180 })).toEqual([]);
    expect(terms(NINE).schedule).not.toHaveProperty('spread');
    expect(termsObjectOf(terms(NINE)).schedule).not.toHaveProperty('spread_minutes');
    expect(termsDetails(read)).toContain('at 9:00, spread over 180 minutes');
  });

  it('must leave every charge on its day, and have an hour to begin at', () => {
    expect(check({ ...NINE, spread_minutes: 900 })).toEqual([]);
    for (const wrong of [
      { ...NINE, spread_minutes: 901 },
      { ...MONTHLY, spread_minutes: 60 },
      { ...NINE, spread_minutes: 60, interval: { unit: 'minute' } },
    ]) {
      expect(check(wrong)).toMatchObject([{ field: 'schedule.spreadMinutes' }]);
    }
    expect(check({ ...MONTHLY, starts_at: '2027-01-01T09:00:00Z', spread_minutes: 1440 })).toEqual([]);
  });
});
