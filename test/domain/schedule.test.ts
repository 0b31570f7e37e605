import { describe, expect, it } from '@jest/globals';
import { DateTime } from 'luxon';
import { anchorOf, planAfter, plannedCharge } from '../../domain/schedule.ts';
import type { RecurringSchedule, Schedule } from '../../domain/terms.ts';
import { dueAts, installments, recurring } from './schedules.ts';

/** Local date and time in the schedule's zone, as a customer would read it. */
function local(schedule: RecurringSchedule, anchorAt: string, place: number) {
  const dueAt = plannedCharge(schedule, anchorAt, place)?.dueAt;
  return dueAt && DateTime.fromISO(dueAt, { zone: schedule.timeZone }).toFormat('yyyy-MM-dd HH:mm ZZ');
}

describe('anchorOf', () => {
  const savedAt = '2026-11-23T00:05:00.000Z';

  it('is the moment of saving when no start was agreed', () => {
    expect(anchorOf(recurring(), savedAt)).toBe(savedAt);
    expect(anchorOf({ type: 'once', amountMinor: 1, at: null }, savedAt)).toBe(savedAt);
    expect(anchorOf({ type: 'on_demand' }, savedAt)).toBe(savedAt);
  });

  it('is the agreed start when that is still to come, in UTC whatever offset it was written in', () => {
    const startsAt = '2026-12-01T09:00:00+09:00';
    expect(anchorOf(recurring({ startsAt }), savedAt)).toBe('2026-12-01T00:00:00.000Z');
    expect(anchorOf(installments({ startsAt }), savedAt)).toBe('2026-12-01T00:00:00.000Z');
    expect(anchorOf({ type: 'once', amountMinor: 1, at: startsAt }, savedAt)).toBe(
      '2026-12-01T00:00:00.000Z',
    );
  });

  it('is the moment of saving when the agreed start has passed: nothing is owed for the time before', () => {
    expect(anchorOf(recurring({ startsAt: '2026-08-01T00:00:00Z' }), savedAt)).toBe(savedAt);
  });

  it('comes the trial later, at the same local time though daylight saving began in between', () => {
    const schedule = recurring({ trialDays: 14, timeZone: 'Europe/Berlin' });
    expect(anchorOf(schedule, '2026-03-20T08:00:00Z')).toBe('2026-04-03T07:00:00.000Z');
  });

  it.each(['yesterday', ''])("refuses '%s' as an instant", (text) => {
    expect(() => anchorOf(recurring(), text)).toThrow(RangeError);
  });

  it('refuses an unknown time zone', () => {
    const schedule = recurring({ trialDays: 1, timeZone: 'Mars/Olympus' });
    expect(() => anchorOf(schedule, savedAt)).toThrow("'Mars/Olympus' is no time zone");
  });
});

describe('plannedCharge on the calendar', () => {
  it('keeps the 31st over shorter months', () => {
    const schedule = recurring({ timeZone: 'Asia/Tokyo' });
    const days = [0, 1, 2, 3, 13].map((place) => local(schedule, '2027-01-31T01:00:00Z', place));
    expect(days).toEqual([
      '2027-01-31 10:00 +09:00',
      '2027-02-28 10:00 +09:00',
      '2027-03-31 10:00 +09:00',
      '2027-04-30 10:00 +09:00',
      '2028-02-29 10:00 +09:00',
    ]);
  });

  it('brings 29 February back in leap years', () => {
    const schedule = recurring({ interval: { unit: 'year', count: 1 } });
    expect(dueAts(schedule, '2028-02-29T00:00:00Z', [1, 2, 3, 4])).toEqual([
      '2029-02-28T00:00:00.000Z',
      '2030-02-28T00:00:00.000Z',
      '2031-02-28T00:00:00.000Z',
      '2032-02-29T00:00:00.000Z',
    ]);
  });

  it('keeps the local time over the start and the end of daylight saving', () => {
    const schedule = recurring({ interval: { unit: 'week', count: 1 }, timeZone: 'America/New_York' });
    expect(dueAts(schedule, '2027-03-08T14:00:00Z', [0, 1])).toEqual([
      '2027-03-08T14:00:00.000Z',
      '2027-03-15T13:00:00.000Z',
    ]);
  });

  it('moves a local time that daylight saving skips behind the gap, for that day only', () => {
    const schedule = recurring({ interval: { unit: 'day', count: 1 }, timeZone: 'Europe/Berlin' });
    const days = [0, 1, 2].map((place) => local(schedule, '2027-03-27T01:30:00Z', place));
    expect(days).toEqual(['2027-03-27 02:30 +01:00', '2027-03-28 03:30 +02:00', '2027-03-29 02:30 +02:00']);
  });

  it('takes the first of a local time that comes twice', () => {
    const schedule = recurring({ interval: { unit: 'day', count: 1 }, timeZone: 'Europe/Berlin' });
    expect(local(schedule, '2026-10-24T00:30:00Z', 1)).toBe('2026-10-25 02:30 +02:00');
  });

  it('charges at once when the anchor lies in the second of two equal hours', () => {
    const schedule = recurring({ timeZone: 'Europe/Berlin' });
    expect(dueAts(schedule, '2026-10-25T01:30:00.000Z', [0])).toEqual(['2026-10-25T01:30:00.000Z']);
  });

  it('falls on the agreed local hour; the first charge waits for it, or comes at once when it has passed', () => {
    const schedule = recurring({ localHour: 9, timeZone: 'Asia/Tokyo' });
    const early = [0, 1].map((place) => local(schedule, '2026-11-23T18:12:34.567Z', place));
    expect(early).toEqual(['2026-11-24 09:00 +09:00', '2026-12-24 09:00 +09:00']);
    expect(dueAts(schedule, '2026-11-23T02:12:34.567Z', [0, 1])).toEqual([
      '2026-11-23T02:12:34.567Z',
      '2026-12-23T00:00:00.000Z',
    ]);
  });

  it('counts minutes by the clock of physics, through daylight saving', () => {
    const schedule = recurring({ interval: { unit: 'minute', count: 90 }, timeZone: 'Europe/Berlin' });
    expect(dueAts(schedule, '2027-03-28T00:00:00Z', [0, 1, 2])).toEqual([
      '2027-03-28T00:00:00.000Z',
      '2027-03-28T01:30:00.000Z',
      '2027-03-28T03:00:00.000Z',
    ]);
  });

  it('survives a day that a zone left out altogether', () => {
    const schedule = recurring({ interval: { unit: 'day', count: 1 }, timeZone: 'Pacific/Apia' });
    const days = [0, 1, 2].map((place) => local(schedule, '2011-12-29T22:00:00Z', place));
    expect(days).toEqual(['2011-12-29 12:00 -10:00', '2011-12-31 12:00 +14:00', '2011-12-31 12:00 +14:00']);
  });

  it.each([0, -1, 0.5])('refuses an interval of %d', (count) => {
    const schedule = recurring({ interval: { unit: 'day', count } });
    expect(() => plannedCharge(schedule, '2027-01-01T00:00:00Z', 1)).toThrow(RangeError);
  });
});

describe('plannedCharge at the ends', () => {
  const anchorAt = '2027-01-15T00:00:00.000Z';

  it('charges at the very end and not a millisecond past it', () => {
    const until = (endsAt: string) => dueAts(recurring({ endsAt }), anchorAt, [1, 2]);
    expect(until('2027-03-15T00:00:00.000Z')).toEqual([
      '2027-02-15T00:00:00.000Z',
      '2027-03-15T00:00:00.000Z',
    ]);
    expect(until('2027-03-14T23:59:59.999Z')).toEqual(['2027-02-15T00:00:00.000Z', null]);
  });

  it('stops at the agreed number of charges', () => {
    expect(dueAts(recurring({ maxCharges: 2 }), anchorAt, [1, 2])).toEqual([
      '2027-02-15T00:00:00.000Z',
      null,
    ]);
  });

  it('charges each installment its own amount and then nothing', () => {
    const amounts = [0, 1, 2, 3].map((place) => plannedCharge(installments(), anchorAt, place)?.amountMinor);
    expect(amounts).toEqual([334, 333, 333, undefined]);
  });

  it('charges once', () => {
    const schedule: Schedule = { type: 'once', amountMinor: 500, at: null };
    expect(plannedCharge(schedule, anchorAt, 0)).toEqual({
      occurrence: 0,
      dueAt: anchorAt,
      amountMinor: 500,
    });
    expect(plannedCharge(schedule, anchorAt, 1)).toBeNull();
  });

  it('plans nothing on demand', () => {
    expect(planAfter({ type: 'on_demand' }, anchorAt, -1, anchorAt, 'charge_all')).toEqual({
      due: [],
      next: null,
      passedOver: 0,
    });
  });
});
