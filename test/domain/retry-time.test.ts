import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { retryAt } from '../../domain/retry-time.ts';

describe('retryAt', () => {
  it.each([
    [
      'the same local time some days later',
      '2027-01-10T03:00:00Z',
      3,
      'Asia/Tokyo',
      '2027-01-13T03:00:00.000Z',
    ],
    [
      'the morning for a decline before dawn',
      '2027-01-09T18:30:00Z',
      1,
      'Asia/Tokyo',
      '2027-01-11T00:00:00.000Z',
    ],
    [
      'the next morning for a decline at night',
      '2027-01-10T13:30:00Z',
      1,
      'Asia/Tokyo',
      '2027-01-12T00:00:00.000Z',
    ],
    ['09:00 itself', '2027-01-10T00:00:00Z', 1, 'Asia/Tokyo', '2027-01-11T00:00:00.000Z'],
    ['the morning for 20:00 itself', '2027-01-10T11:00:00Z', 1, 'Asia/Tokyo', '2027-01-12T00:00:00.000Z'],
    ['19:59', '2027-01-10T10:59:00Z', 1, 'Asia/Tokyo', '2027-01-11T10:59:00.000Z'],
    [
      'the same local time over daylight saving',
      '2027-03-27T11:00:00Z',
      1,
      'Europe/Berlin',
      '2027-03-28T10:00:00.000Z',
    ],
    ['hours for a fraction of a day', '2027-01-10T01:00:00Z', 0.25, 'Asia/Tokyo', '2027-01-10T07:00:00.000Z'],
    ['an hour later at the earliest', '2027-01-10T01:00:00Z', 0, 'Asia/Tokyo', '2027-01-10T02:00:00.000Z'],
  ])('falls on %s', (_, declinedAt, afterDays, timeZone, expected) => {
    expect(retryAt(declinedAt, afterDays, timeZone)).toBe(expected);
  });

  it('falls on local daytime, not before the delay and at most a night after it, in every zone', () => {
    const zones = fc.constantFrom(
      'Asia/Tokyo',
      'America/St_Johns',
      'Europe/Berlin',
      'Pacific/Apia',
      'Asia/Kathmandu',
    );
    const declined = fc.integer({ min: Date.UTC(2025, 0, 1), max: Date.UTC(2035, 0, 1) });
    fc.assert(
      fc.property(declined, fc.integer({ min: 1, max: 30 }), zones, (declinedMs, afterDays, timeZone) => {
        const at = retryAt(new Date(declinedMs).toISOString(), afterDays, timeZone);
        const format = new Intl.DateTimeFormat('en-US', { timeZone, hour: 'numeric', hourCycle: 'h23' });
        const hour = Number(format.format(new Date(at)));
        expect(hour).toBeGreaterThanOrEqual(9);
        expect(hour).toBeLessThan(20);
        const hours = (Date.parse(at) - declinedMs) / 3_600_000;
        expect(hours).toBeGreaterThanOrEqual(afterDays * 24 - 1);
        expect(hours).toBeLessThanOrEqual(afterDays * 24 + 14);
      }),
      { numRuns: 400 },
    );
  });

  it.each([-1, Number.NaN])('refuses a delay of %d days', (afterDays) => {
    expect(() => retryAt('2027-01-10T00:00:00Z', afterDays, 'UTC')).toThrow(RangeError);
  });

  it('refuses an unknown zone and an unreadable instant', () => {
    expect(() => retryAt('2027-01-10T00:00:00Z', 1, 'Mars/Olympus')).toThrow('expected an IANA name');
    expect(() => retryAt('soon', 1, 'UTC')).toThrow("'soon' is no instant");
  });
});
