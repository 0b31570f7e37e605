import { describe, expect, it } from '@jest/globals';
import { planAfter, plannedCharge } from '../../domain/schedule.ts';
import {
  type ChangeResult,
  changeAmountFromNext,
  moveNext,
  NO_CHANGES,
  postpone,
  type ScheduleChanges,
  skipNext,
  withEmptyLists,
  withoutEmptyLists,
  withoutPast,
} from '../../domain/schedule-changes.ts';
import type { InstallmentsSchedule, PlannedCharge, RecurringSchedule } from '../../domain/terms.ts';
import { installments, recurring } from './schedules.ts';

const anchorAt = '2027-01-15T00:00:00.000Z';
const monthly = recurring({ endsAt: '2027-12-31T00:00:00.000Z' });
const parts = installments({ amountsMinor: [400, 300, 300] });

function changed(result: ChangeResult): ScheduleChanges {
  if ('refused' in result) {
    throw new Error(result.refused.message);
  }
  return result.changes;
}
const codeOf = (result: ChangeResult) => ('refused' in result ? result.refused.code : 'accepted');

function charge(
  schedule: RecurringSchedule | InstallmentsSchedule,
  place: number,
  changes?: ScheduleChanges,
) {
  const planned = plannedCharge(schedule, anchorAt, place, changes);
  return planned && `${planned.dueAt.slice(0, 10)} ${planned.amountMinor}`;
}
const next: PlannedCharge = { occurrence: 2, dueAt: '2027-03-15T00:00:00.000Z', amountMinor: 1000 };
const following: PlannedCharge = { occurrence: 3, dueAt: '2027-04-15T00:00:00.000Z', amountMinor: 1000 };

describe('changeAmountFromNext', () => {
  it('changes the next charge and all after it, and none before', () => {
    const changes = changed(changeAmountFromNext(monthly, NO_CHANGES, next, 1500));
    expect([1, 2, 3].map((place) => charge(monthly, place, changes))).toEqual([
      '2027-02-15 1000',
      '2027-03-15 1500',
      '2027-04-15 1500',
    ]);
  });

  it('lets the latest change win', () => {
    const once = changed(changeAmountFromNext(monthly, NO_CHANGES, next, 1500));
    const twice = changed(changeAmountFromNext(monthly, once, next, 2000));
    expect(twice.amounts).toEqual([{ fromOccurrence: 2, amountMinor: 2000 }]);
    const later = changed(changeAmountFromNext(monthly, twice, following, 2500));
    expect([2, 3].map((place) => charge(monthly, place, later))).toEqual([
      '2027-03-15 2000',
      '2027-04-15 2500',
    ]);
  });

  it('refuses schedules of fixed amounts, and one that is over', () => {
    expect(codeOf(changeAmountFromNext(parts, NO_CHANGES, next, 1))).toBe('not_recurring');
    expect(codeOf(changeAmountFromNext({ type: 'on_demand' }, NO_CHANGES, null, 1))).toBe('not_recurring');
    expect(codeOf(changeAmountFromNext(monthly, NO_CHANGES, null, 1))).toBe('nothing_to_change');
  });
});

describe('skipNext', () => {
  it('leaves out one recurring charge and keeps the calendar', () => {
    const changes = changed(skipNext(monthly, NO_CHANGES, next));
    const plan = planAfter(monthly, anchorAt, 1, '2027-02-16T00:00:00Z', 'charge_all', changes);
    expect(plan.next?.dueAt).toBe('2027-04-15T00:00:00.000Z');
  });

  it('makes the installments wait one interval, so that all are still charged', () => {
    const first = { occurrence: 1, dueAt: '2027-02-15T00:00:00.000Z', amountMinor: 300 };
    const changes = changed(skipNext(parts, NO_CHANGES, first));
    expect([0, 1, 2, 3].map((place) => charge(parts, place, changes))).toEqual([
      '2027-01-15 400',
      '2027-03-15 300',
      '2027-04-15 300',
      null,
    ]);
  });

  it('skips twice in a row', () => {
    const once = changed(skipNext(monthly, NO_CHANGES, next));
    const twice = changed(skipNext(monthly, once, following));
    const plan = planAfter(monthly, anchorAt, 1, '2027-02-16T00:00:00Z', 'charge_all', twice);
    expect(plan.next?.occurrence).toBe(4);
  });

  it('refuses when nothing lies ahead', () => {
    expect(codeOf(skipNext(monthly, NO_CHANGES, null))).toBe('nothing_to_change');
  });
});

describe('moveNext', () => {
  const now = '2027-02-20T00:00:00.000Z';
  const move = (dueAt: string, schedule: RecurringSchedule | InstallmentsSchedule = monthly) =>
    moveNext(schedule, NO_CHANGES, { next, following, dueAt, now });

  it('moves one charge, earlier or later, and leaves those after it', () => {
    for (const day of ['2027-02-21', '2027-04-14']) {
      const changes = changed(move(`${day}T12:00:00+09:00`));
      expect(charge(monthly, 2, changes)).toBe(`${day} 1000`);
      expect(charge(monthly, 3, changes)).toBe('2027-04-15 1000');
    }
  });

  it('moves again without a trace of the first time', () => {
    const once = changed(move('2027-03-20T00:00:00Z'));
    const again = changed(moveNext(monthly, once, { next, following, dueAt: '2027-03-21T00:00:00Z', now }));
    expect(again.moved).toEqual([{ occurrence: 2, dueAt: '2027-03-21T00:00:00.000Z' }]);
  });

  it('takes the present moment, and refuses one before it', () => {
    expect(codeOf(move(now))).toBe('accepted');
    expect(codeOf(move('2027-02-19T23:59:59.999Z'))).toBe('move_not_ahead');
    expect(codeOf(move('some day'))).toBe('move_not_ahead');
  });

  it('refuses to meet or pass the charge that follows', () => {
    expect(codeOf(move('2027-04-14T23:59:59.999Z'))).toBe('accepted');
    expect(codeOf(move('2027-04-15T00:00:00.000Z'))).toBe('move_past_following');
  });

  it('refuses to pass the end of the schedule', () => {
    const last = { next, following: null, now };
    expect(codeOf(moveNext(monthly, NO_CHANGES, { ...last, dueAt: '2027-12-31T00:00:00Z' }))).toBe(
      'accepted',
    );
    expect(codeOf(moveNext(monthly, NO_CHANGES, { ...last, dueAt: '2028-01-01T00:00:00Z' }))).toBe(
      'move_past_end',
    );
  });

  it('refuses when nothing lies ahead', () => {
    const result = moveNext(monthly, NO_CHANGES, { next: null, following: null, dueAt: now, now });
    expect(codeOf(result)).toBe('nothing_to_change');
  });
});

describe('withoutPast', () => {
  it('keeps every charge ahead as it was, in as few entries as possible', () => {
    let changes: ScheduleChanges = {
      amounts: [
        { fromOccurrence: 0, amountMinor: 1 },
        { fromOccurrence: 2, amountMinor: 2 },
        { fromOccurrence: 5, amountMinor: 5 },
      ],
      skipped: [1, 4],
      moved: [
        { occurrence: 2, dueAt: '2027-03-20T00:00:00.000Z' },
        { occurrence: 6, dueAt: '2027-07-20T00:00:00.000Z' },
      ],
      postponed: [],
    };
    changes = postpone(postpone(changes, 7, 1), 7, 2);
    for (const occurrence of [-1, 0, 1, 3, 5, 8]) {
      const pruned = withoutPast(changes, occurrence);
      for (const place of [1, 2, 3, 4, 5, 6, 7, 8, 9].filter((later) => later > occurrence)) {
        expect(charge(monthly, place, pruned)).toBe(charge(monthly, place, changes));
        expect(pruned.skipped.includes(place)).toBe(changes.skipped.includes(place));
      }
    }
    expect(withoutPast(changes, 8)).toEqual({
      amounts: [{ fromOccurrence: 9, amountMinor: 5 }],
      skipped: [],
      moved: [],
      postponed: [{ fromOccurrence: 9, intervals: 3 }],
    });
  });
});

describe('withoutEmptyLists', () => {
  it('says nothing where nothing was changed', () => {
    expect(withoutEmptyLists(NO_CHANGES)).toEqual({});
    expect(withEmptyLists({})).toEqual(NO_CHANGES);
  });

  it.each<[string, ScheduleChanges]>([
    ['an amount', { ...NO_CHANGES, amounts: [{ fromOccurrence: 2, amountMinor: 5 }] }],
    ['a skipped charge', { ...NO_CHANGES, skipped: [2] }],
    ['a moved charge', { ...NO_CHANGES, moved: [{ occurrence: 2, dueAt: anchorAt }] }],
    ['waiting installments', { ...NO_CHANGES, postponed: [{ fromOccurrence: 1, intervals: 1 }] }],
    ['a pause', { ...NO_CHANGES, rested: [{ fromOccurrence: 1, toOccurrence: 2 }] }],
  ])('keeps %s', (_what, changes) => {
    expect(Object.keys(withoutEmptyLists(changes))).toHaveLength(1);
    expect(withEmptyLists(JSON.parse(JSON.stringify(withoutEmptyLists(changes))))).toEqual(changes);
  });
});
