/** What holds for every schedule, zone and start: ten years of charges against an independent reading of clocks. */
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { DateTime } from 'luxon';
import { planAfter, plannedCharge, resumeFrom } from '../../domain/schedule.ts';
import { withPlaceInSpread } from '../../domain/spread.ts';
import {
  DEFAULT_DUNNING,
  type Interval,
  type RecurringSchedule,
  type Schedule,
  type Terms,
} from '../../domain/terms.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** Every zone with an unusual rule, and one of each offset: half hours, quarter hours, both hemispheres, none. */
const ZONES = [
  'UTC',
  'Africa/Cairo',
  'Africa/Casablanca',
  'America/Asuncion',
  'America/Caracas',
  'America/Havana',
  'America/Los_Angeles',
  'America/New_York',
  'America/Nuuk',
  'America/Santiago',
  'America/Sao_Paulo',
  'America/St_Johns',
  'Antarctica/Troll',
  'Asia/Beirut',
  'Asia/Gaza',
  'Asia/Jerusalem',
  'Asia/Kathmandu',
  'Asia/Kolkata',
  'Asia/Tehran',
  'Asia/Tokyo',
  'Atlantic/Azores',
  'Australia/Adelaide',
  'Australia/Lord_Howe',
  'Europe/Berlin',
  'Europe/Dublin',
  'Europe/Lisbon',
  'Europe/London',
  'Pacific/Apia',
  'Pacific/Auckland',
  'Pacific/Chatham',
  'Pacific/Kiritimati',
];

const calendarInterval = fc.oneof(
  fc.record({ unit: fc.constant('day' as const), count: fc.integer({ min: 1, max: 90 }) }),
  fc.record({ unit: fc.constant('week' as const), count: fc.integer({ min: 1, max: 12 }) }),
  fc.record({ unit: fc.constant('month' as const), count: fc.integer({ min: 1, max: 12 }) }),
  fc.record({ unit: fc.constant('year' as const), count: fc.integer({ min: 1, max: 3 }) }),
);

const APPROXIMATE_DAYS = { minute: 1 / 1440, day: 1, week: 7, month: 30.44, year: 365.25 };

const anchorMs = fc.integer({ min: Date.UTC(2024, 0, 1), max: Date.UTC(2030, 0, 1) });

const cases = fc.record({
  zone: fc.constantFrom(...ZONES),
  interval: calendarInterval,
  anchorAt: anchorMs.map((ms) => new Date(ms).toISOString()),
  localHour: fc.option(fc.integer({ min: 0, max: 23 })),
});

interface Case {
  zone: string;
  interval: Interval;
  anchorAt: string;
  localHour: number | null;
}

function scheduleOf({ zone, interval, localHour }: Case): RecurringSchedule {
  return {
    type: 'recurring',
    amountMinor: 1000,
    interval,
    startsAt: null,
    timeZone: zone,
    localHour,
    trialDays: 0,
    endsAt: null,
    maxCharges: null,
  };
}

/** Place numbers over ten years: the first, the last, and some between. */
function sampled(interval: Interval): number[] {
  const last = Math.ceil(3653 / APPROXIMATE_DAYS[interval.unit] / interval.count);
  const step = Math.max(1, Math.floor(last / 40));
  return [...Array.from({ length: Math.floor(last / step) }, (_, index) => index * step), last];
}

/** The wall clock by the host's own formatter, not by the library under test. */
const formatters = new Map<string, Intl.DateTimeFormat>();
function wallClock(instant: string, zone: string) {
  const formatter =
    formatters.get(zone) ??
    new Intl.DateTimeFormat('en-US', {
      timeZone: zone,
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    });
  formatters.set(zone, formatter);
  const parts = Object.fromEntries(
    formatter.formatToParts(new Date(instant)).map((p) => [p.type, Number(p.value)]),
  );
  const { year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0 } = parts;
  return { year, month, day, hour, minute, second };
}

function daysInMonth(year: number, month: number): number {
  return new Date(Date.UTC(year, month, 0)).getUTCDate();
}

/** Where the calendar puts a place, counted by hand: a day number for days and weeks, a clamped date else. */
function expectedDate(
  anchor: { year: number; month: number; day: number },
  interval: Interval,
  place: number,
) {
  const distance = place * interval.count;
  if (interval.unit === 'day' || interval.unit === 'week') {
    const days = distance * (interval.unit === 'week' ? 7 : 1);
    const date = new Date(Date.UTC(anchor.year, anchor.month - 1, anchor.day + days));
    return { year: date.getUTCFullYear(), month: date.getUTCMonth() + 1, day: date.getUTCDate() };
  }
  const months = anchor.year * 12 + anchor.month - 1 + distance * (interval.unit === 'year' ? 12 : 1);
  const year = Math.floor(months / 12);
  const month = (months % 12) + 1;
  return { year, month, day: Math.min(anchor.day, daysInMonth(year, month)) };
}

function dueAt(schedule: RecurringSchedule, anchorAt: string, place: number): string {
  const charge = plannedCharge(schedule, anchorAt, place);
  if (!charge) {
    throw new Error(`place ${place} has no charge`);
  }
  return charge.dueAt;
}

describe('ten years of a recurring schedule', () => {
  it("fall on the anchor's day and local time, or where a gap of the clock pushes them", () => {
    fc.assert(
      fc.property(cases, (given) => {
        const schedule = scheduleOf(given);
        const anchor = wallClock(given.anchorAt, given.zone);
        const wanted = given.localHour === null ? anchor : { hour: given.localHour, minute: 0, second: 0 };
        for (const place of sampled(given.interval).slice(1)) {
          const seen = wallClock(dueAt(schedule, given.anchorAt, place), given.zone);
          const date = expectedDate(anchor, given.interval, place);
          const seenUtc = Date.UTC(seen.year, seen.month - 1, seen.day, seen.hour, seen.minute, seen.second);
          const wantedUtc = Date.UTC(
            date.year,
            date.month - 1,
            date.day,
            wanted.hour,
            wanted.minute,
            wanted.second,
          );
          const pushedMs = seenUtc - wantedUtc;
          if (pushedMs !== 0) {
            // Only a gap may push, forward and by its own length; before it no instant shows the wanted time.
            expect([HOUR_MS, HOUR_MS / 2, 2 * HOUR_MS]).toContain(pushedMs);
            const before = new Date(
              Date.parse(dueAt(schedule, given.anchorAt, place)) - pushedMs,
            ).toISOString();
            const shown = wallClock(before, given.zone);
            expect({ hour: shown.hour, minute: shown.minute }).not.toEqual({
              hour: wanted.hour,
              minute: wanted.minute,
            });
          }
        }
      }),
      { numRuns: 200 },
    );
  });

  it('never come before the anchor, and each comes after the one before it', () => {
    fc.assert(
      fc.property(cases, fc.integer({ min: 0, max: 500 }), (given, place) => {
        const schedule = scheduleOf(given);
        const first = Date.parse(dueAt(schedule, given.anchorAt, place));
        const second = Date.parse(dueAt(schedule, given.anchorAt, place + 1));
        expect(first).toBeGreaterThanOrEqual(Date.parse(given.anchorAt));
        expect(second).toBeGreaterThan(first);
        const shortest = { day: 1, week: 7, month: 28, year: 365, minute: 0 }[given.interval.unit] * DAY_MS;
        // A first charge that came at once may be nearly a day later than the agreed hour.
        const slack = (place === 0 ? 24 : 0) * HOUR_MS + 3 * HOUR_MS;
        expect(second - first).toBeGreaterThan(shortest * given.interval.count - slack - 1);
      }),
      { numRuns: 500 },
    );
  });

  it('do not depend on the steps taken: planning one after the other meets the same instants', () => {
    fc.assert(
      fc.property(cases, (given) => {
        const schedule = scheduleOf(given);
        let occurrence = 0;
        for (let turn = 0; turn < 30; turn++) {
          const { next, due } = planAfter(
            schedule,
            given.anchorAt,
            occurrence,
            dueAt(schedule, given.anchorAt, occurrence),
            'charge_all',
          );
          expect(due).toEqual([]);
          expect(next).toEqual(plannedCharge(schedule, given.anchorAt, occurrence + 1));
          occurrence += 1;
        }
      }),
      { numRuns: 40 },
    );
  });
});

describe('planAfter at any instant', () => {
  const nowAfter = (anchorAt: string, days: number) =>
    new Date(Date.parse(anchorAt) + days * DAY_MS).toISOString();
  const days = fc.double({ min: -40, max: 3653, noNaN: true });

  it('divides the calendar: what is due has come, what is next has not, and nothing lies between', () => {
    fc.assert(
      fc.property(cases, fc.integer({ min: -1, max: 20 }), days, (given, occurrence, away) => {
        const schedule = scheduleOf(given);
        const now = nowAfter(given.anchorAt, away);
        const { due, next } = planAfter(schedule, given.anchorAt, occurrence, now, 'charge_all');
        const places = due.map((charge) => charge.occurrence);
        expect(places).toEqual(places.map((_, index) => occurrence + 1 + index));
        expect(due.every((charge) => charge.dueAt <= now)).toBe(true);
        expect(next?.occurrence).toBe(occurrence + 1 + due.length);
        expect(due.length === 100 || (next?.dueAt ?? '') > now).toBe(true);
      }),
      { numRuns: 500 },
    );
  });

  it('accounts for every occurrence under every rule: due, or passed over, or ahead', () => {
    const rules = fc.constantFrom('charge_latest' as const, 'skip' as const);
    fc.assert(
      fc.property(cases, days, rules, (given, away, rule) => {
        const schedule = scheduleOf(given);
        const now = nowAfter(given.anchorAt, away);
        const { due, next, passedOver } = planAfter(schedule, given.anchorAt, -1, now, rule);
        expect(due.length + passedOver).toBe(next?.occurrence);
        expect(due.length).toBeLessThanOrEqual(1);
        const overdue = passedOver + due.length > 0;
        expect(due.length === 1).toBe(
          overdue &&
            (rule === 'charge_latest' ||
              Date.parse(now) - Date.parse(dueAt(schedule, given.anchorAt, (next?.occurrence ?? 0) - 1)) <=
                DAY_MS),
        );
      }),
      { numRuns: 500 },
    );
  });

  it('owes nothing on resuming a recurring schedule, and loses nothing that lies ahead', () => {
    fc.assert(
      fc.property(cases, days, (given, away) => {
        const schedule = scheduleOf(given);
        const now = nowAfter(given.anchorAt, away);
        const resumed = resumeFrom(schedule, given.anchorAt, -1, now);
        const { due, next } = planAfter(schedule, given.anchorAt, resumed.occurrence, now, 'charge_all');
        const ahead = due[0] ?? next;
        expect((ahead?.dueAt ?? '') >= now).toBe(true);
        const before = ahead && plannedCharge(schedule, given.anchorAt, ahead.occurrence - 1);
        expect(ahead?.occurrence === 0 || (before?.dueAt ?? '') < now).toBe(true);
      }),
      { numRuns: 200 },
    );
  });
});

describe('a spread', () => {
  const ON_DEMAND: Terms = {
    currency: 'jpy',
    schedule: { type: 'on_demand' },
    captureMethod: 'automatic',
    dunning: DEFAULT_DUNNING,
    lateSuccess: 'refund',
    catchUp: 'charge_all',
    setupDeadlineDays: 30,
  };

  const spreads = fc.record({
    zone: fc.constantFrom(...ZONES),
    interval: calendarInterval,
    anchorAt: anchorMs.map((ms) => new Date(ms).toISOString()),
    localHour: fc.option(fc.integer({ min: 0, max: 23 })),
    minutes: fc.integer({ min: 1, max: 1440 }),
    id: fc.string({ minLength: 26, maxLength: 26 }),
    occurrence: fc.integer({ min: 0, max: 200 }),
  });

  it('leaves every charge on its local day, inside the stretch, and gives an enrollment the same place each time', () => {
    fc.assert(
      fc.property(spreads, ({ zone, interval, anchorAt, localHour, minutes, id, occurrence }) => {
        const agreed: RecurringSchedule = {
          type: 'recurring',
          amountMinor: 1,
          interval,
          startsAt: anchorAt,
          timeZone: zone,
          localHour,
          trialDays: 0,
          endsAt: null,
          maxCharges: null,
        };
        const terms = { ...ON_DEMAND, schedule: { ...agreed, spread: { minutes } } };
        const { schedule } = withPlaceInSpread(terms, id);
        const at = (from: Schedule, place: number) =>
          Date.parse(plannedCharge(from, anchorAt, place)?.dueAt ?? '');
        const due = at(schedule, occurrence);
        const unspread = at(agreed, occurrence);
        expect(due).toBeGreaterThanOrEqual(unspread);
        expect(due - unspread).toBeLessThan(minutes * 60_000);
        const day = (ms: number) => DateTime.fromMillis(ms, { zone }).toISODate();
        expect(day(due)).toBe(day(unspread));
        expect(at(schedule, occurrence + 1)).toBeGreaterThan(due);
        expect(at(withPlaceInSpread({ ...terms, schedule }, id).schedule, occurrence)).toBe(due);
        // What the schedule's end takes in, it takes in for everybody.
        const ending = { ...schedule, endsAt: new Date(unspread).toISOString() } as Schedule;
        expect(plannedCharge(ending, anchorAt, occurrence)?.occurrence).toBe(occurrence);
        expect(plannedCharge(ending, anchorAt, occurrence + 1)).toBeNull();
      }),
      { numRuns: 400 },
    );
  });

  it('is nothing where the terms agree on none', () => {
    expect(withPlaceInSpread(ON_DEMAND, 'enr_any')).toBe(ON_DEMAND);
  });
});
