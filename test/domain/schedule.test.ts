import { describe, expect, it } from '@jest/globals';
import { DateTime } from 'luxon';
import {
  anchorOf,
  isStillOwed,
  MOST_DUE_AT_ONCE,
  planAfter,
  plannedCharge,
  resumeFrom,
} from '../../domain/schedule.ts';
import {
  leftOutBetween,
  NO_CHANGES,
  type ScheduleChanges,
  withoutPast,
} from '../../domain/schedule-changes.ts';
import type { InstallmentsSchedule, RecurringSchedule, Schedule } from '../../domain/terms.ts';

function recurring(given: Partial<RecurringSchedule> = {}): RecurringSchedule {
  return {
    type: 'recurring',
    amountMinor: 1000,
    interval: { unit: 'month', count: 1 },
    startsAt: null,
    timeZone: 'UTC',
    localHour: null,
    trialDays: 0,
    endsAt: null,
    maxCharges: null,
    ...given,
  };
}

function installments(given: Partial<InstallmentsSchedule> = {}): InstallmentsSchedule {
  return {
    type: 'installments',
    amountsMinor: [334, 333, 333],
    interval: { unit: 'month', count: 1 },
    startsAt: null,
    timeZone: 'UTC',
    localHour: null,
    ...given,
  };
}

function dueAts(schedule: Schedule, anchorAt: string, places: readonly number[], changes?: ScheduleChanges) {
  return places.map((place) => plannedCharge(schedule, anchorAt, place, changes)?.dueAt ?? null);
}

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

describe('planAfter', () => {
  const anchorAt = '2027-01-15T00:00:00.000Z';
  const places = (plan: { due: { occurrence: number }[] }) => plan.due.map(({ occurrence }) => occurrence);

  it('has the first charge due at its very instant, and not before', () => {
    expect(planAfter(recurring(), anchorAt, -1, anchorAt, 'charge_all').due).toHaveLength(1);
    const before = planAfter(recurring(), anchorAt, -1, '2027-01-14T23:59:59.999Z', 'charge_all');
    expect(before).toEqual({ due: [], next: plannedCharge(recurring(), anchorAt, 0), passedOver: 0 });
  });

  it('plans the next charge after one that was collected on time', () => {
    const plan = planAfter(recurring(), anchorAt, 0, '2027-01-15T00:00:04Z', 'charge_all');
    expect(plan).toEqual({ due: [], next: plannedCharge(recurring(), anchorAt, 1), passedOver: 0 });
  });

  const threeMonthsLater = '2027-04-20T00:00:00.000Z';
  it.each([
    ['charge_all', [1, 2, 3], 0],
    ['charge_latest', [3], 2],
    ['skip', [], 3],
  ] as const)('after three months away %s collects %j', (catchUp, expected, passedOver) => {
    const plan = planAfter(recurring(), anchorAt, 0, threeMonthsLater, catchUp);
    expect(places(plan)).toEqual(expected);
    expect(plan.passedOver).toBe(passedOver);
    expect(plan.next?.dueAt).toBe('2027-05-15T00:00:00.000Z');
  });

  it('never gives up an installment nor a single charge', () => {
    expect(places(planAfter(installments(), anchorAt, -1, threeMonthsLater, 'skip'))).toEqual([0, 1, 2]);
    const once: Schedule = { type: 'once', amountMinor: 1, at: null };
    expect(places(planAfter(once, anchorAt, -1, threeMonthsLater, 'skip'))).toEqual([0]);
  });

  it('still counts a charge as on time one day late, and no longer', () => {
    expect(places(planAfter(recurring(), anchorAt, 0, '2027-02-16T00:00:00.000Z', 'skip'))).toEqual([1]);
    expect(places(planAfter(recurring(), anchorAt, 0, '2027-02-16T00:00:00.001Z', 'skip'))).toEqual([]);
  });

  it('answers in parts after years of minutes, and loses none', () => {
    const schedule = recurring({ interval: { unit: 'minute', count: 1 } });
    const now = '2037-01-15T00:00:00.000Z';
    const plan = planAfter(schedule, anchorAt, 0, now, 'charge_all');
    expect(plan.due).toHaveLength(MOST_DUE_AT_ONCE);
    expect(plan.next?.occurrence).toBe(MOST_DUE_AT_ONCE + 1);
    const later = planAfter(schedule, anchorAt, MOST_DUE_AT_ONCE, now, 'charge_all');
    expect(later.due[0]).toEqual(plan.next);
  });

  it('jumps over years of minutes in a few steps', () => {
    const schedule = recurring({ interval: { unit: 'minute', count: 1 } });
    const plan = planAfter(schedule, anchorAt, 0, '2037-01-15T00:00:30.000Z', 'charge_latest');
    expect(places(plan)).toEqual([5_260_320]);
    expect(plan.passedOver).toBe(5_260_319);
  });

  it('ends', () => {
    const schedule = recurring({ maxCharges: 2 });
    expect(planAfter(schedule, anchorAt, 0, threeMonthsLater, 'charge_all')).toEqual({
      due: [plannedCharge(schedule, anchorAt, 1)],
      next: null,
      passedOver: 0,
    });
    expect(planAfter(schedule, anchorAt, 1, threeMonthsLater, 'charge_all').due).toEqual([]);
  });

  it('leaves out what was skipped, and does not count it as passed over', () => {
    const changes = { ...NO_CHANGES, skipped: [2, 4] };
    const all = planAfter(recurring(), anchorAt, 0, threeMonthsLater, 'charge_all', changes);
    expect(places(all)).toEqual([1, 3]);
    expect(all.next?.occurrence).toBe(5);
    expect(all.passedOver).toBe(0);
  });

  it('collects the newest that was not skipped', () => {
    const changes = { ...NO_CHANGES, skipped: [3] };
    const plan = planAfter(recurring(), anchorAt, 0, threeMonthsLater, 'charge_latest', changes);
    expect(places(plan)).toEqual([2]);
    expect(plan.passedOver).toBe(1);
  });

  it('charges a moved charge at its new instant and the one after it at its own', () => {
    const changes = { ...NO_CHANGES, moved: [{ occurrence: 1, dueAt: '2027-02-20T00:00:00.000Z' }] };
    expect(
      planAfter(recurring(), anchorAt, 0, '2027-02-16T00:00:00Z', 'charge_all', changes).next?.dueAt,
    ).toBe('2027-02-20T00:00:00.000Z');
    expect(dueAts(recurring(), anchorAt, [2], changes)).toEqual(['2027-03-15T00:00:00.000Z']);
  });
});

describe('isStillOwed', () => {
  const anchorAt = '2027-01-15T00:00:00.000Z';
  const owed = (
    now: string,
    catchUp: 'charge_all' | 'charge_latest' | 'skip',
    schedule: Schedule = recurring(),
  ) => isStillOwed(schedule, anchorAt, 1, now, catchUp);

  it('holds on time under every rule', () => {
    for (const rule of ['charge_all', 'charge_latest', 'skip'] as const) {
      expect(owed('2027-02-15T00:00:01Z', rule)).toBe(true);
    }
  });

  it('ends for charge_latest when the next is due, and for skip after a day', () => {
    expect(owed('2027-03-14T23:59:59Z', 'charge_latest')).toBe(true);
    expect(owed('2027-03-15T00:00:00Z', 'charge_latest')).toBe(false);
    expect(owed('2027-02-17T00:00:00Z', 'skip')).toBe(false);
    expect(owed('2030-01-01T00:00:00Z', 'charge_all')).toBe(true);
  });

  it('holds for an installment whatever the rule', () => {
    expect(owed('2030-01-01T00:00:00Z', 'skip', installments())).toBe(true);
  });
});

describe('resumeFrom', () => {
  const anchorAt = '2027-01-15T00:00:00.000Z';

  it('does not charge recurring periods that fell into the pause', () => {
    const resumed = resumeFrom(recurring(), anchorAt, 0, '2027-04-20T00:00:00Z');
    const plan = planAfter(recurring(), anchorAt, resumed.occurrence, '2027-04-20T00:00:00Z', 'charge_all');
    expect(plan.due).toEqual([]);
    expect(plan.next?.dueAt).toBe('2027-05-15T00:00:00.000Z');
  });

  it('charges at the instant of resuming when a charge falls on it', () => {
    const resumed = resumeFrom(recurring(), anchorAt, 0, '2027-04-15T00:00:00.000Z');
    expect(resumed.occurrence).toBe(2);
  });

  it('lets the installments wait as many intervals as fell into the pause, and still charges all', () => {
    const { occurrence, changes } = resumeFrom(installments(), anchorAt, 0, '2027-11-01T00:00:00Z');
    expect(occurrence).toBe(0);
    expect(dueAts(installments(), anchorAt, [1, 2, 3], changes)).toEqual([
      '2027-11-15T00:00:00.000Z',
      '2027-12-15T00:00:00.000Z',
      null,
    ]);
  });

  it('adds up over two pauses', () => {
    const once = resumeFrom(installments(), anchorAt, 0, '2027-03-20T00:00:00Z');
    const twice = resumeFrom(installments(), anchorAt, 1, '2027-07-01T00:00:00Z', once.changes);
    expect(dueAts(installments(), anchorAt, [2], twice.changes)).toEqual(['2027-07-15T00:00:00.000Z']);
  });

  it('changes nothing when no charge fell into the pause', () => {
    const at = '2027-02-01T00:00:00Z';
    expect(resumeFrom(installments(), anchorAt, 0, at)).toEqual({ occurrence: 0, changes: NO_CHANGES });
    expect(resumeFrom(recurring(), anchorAt, 0, at)).toEqual({ occurrence: 0, changes: NO_CHANGES });
  });

  it('keeps what was due before the pause began, and leaves out what fell into it', () => {
    const from = resumeFrom(
      recurring(),
      anchorAt,
      0,
      '2027-06-20T00:00:00Z',
      NO_CHANGES,
      '2027-03-20T00:00:00Z',
    );
    const at = '2027-08-01T00:00:00Z';
    const plan = planAfter(recurring(), anchorAt, from.occurrence, at, 'charge_all', from.changes);
    expect(plan.due.map(({ occurrence }) => occurrence)).toEqual([1, 2, 6]);
    expect(plan).toMatchObject({ next: { occurrence: 7 }, passedOver: 0 });
    expect(leftOutBetween({ occurrence: 0, changes: NO_CHANGES }, from)).toBe(3);
    const latest = planAfter(
      recurring(),
      anchorAt,
      from.occurrence,
      '2027-06-20T00:00:00Z',
      'charge_latest',
      from.changes,
    );
    expect(latest.due.map(({ occurrence }) => occurrence)).toEqual([2]);
    expect(latest).toMatchObject({ next: { occurrence: 6 }, passedOver: 1 });
    expect(withoutPast(from.changes, 5)).toEqual(NO_CHANGES);
  });

  it('lets only the installments wait that were not due before the pause', () => {
    const { changes } = resumeFrom(
      installments(),
      anchorAt,
      0,
      '2027-11-01T00:00:00Z',
      NO_CHANGES,
      '2027-02-20T00:00:00Z',
    );
    expect(dueAts(installments(), anchorAt, [1, 2], changes)).toEqual([
      '2027-02-15T00:00:00.000Z',
      '2027-11-15T00:00:00.000Z',
    ]);
  });

  it('leaves a single charge to be due on resuming', () => {
    const once: Schedule = { type: 'once', amountMinor: 1, at: null };
    expect(resumeFrom(once, anchorAt, -1, '2027-11-01T00:00:00Z').occurrence).toBe(-1);
  });
});
