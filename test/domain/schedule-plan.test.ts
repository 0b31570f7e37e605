import { describe, expect, it } from '@jest/globals';
import {
  isStillOwed,
  MOST_DUE_AT_ONCE,
  planAfter,
  plannedCharge,
  resumeFrom,
} from '../../domain/schedule.ts';
import { leftOutBetween, NO_CHANGES, withoutPast } from '../../domain/schedule-changes.ts';
import type { Schedule } from '../../domain/terms.ts';
import { dueAts, installments, recurring } from './schedules.ts';

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

  it('makes up for none that was left out of its most charges', () => {
    const schedule = recurring({ maxCharges: 3 });
    const changes = { ...NO_CHANGES, skipped: [1], rested: [{ fromOccurrence: 2, toOccurrence: 2 }] };
    expect(planAfter(schedule, anchorAt, 0, anchorAt, 'charge_all', changes)).toMatchObject({ next: null });
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

  it.each([
    ['the one after it', '2027-03-01T00:00:00Z', 1, ['2027-03-10T00:00:00.000Z', '2027-03-15T00:00:00.000Z']],
    ['none but it', '2027-03-01T00:00:00Z', 2, ['2027-03-10T00:00:00.000Z', null]],
    ['one that waits', '2027-03-20T00:00:00Z', 1, ['2027-04-15T00:00:00.000Z', '2027-05-15T00:00:00.000Z']],
  ])(
    'has an installment that was moved wait only if it falls into the pause: with %s',
    (_what, resumesAt, next, due) => {
      const changes = { ...NO_CHANGES, moved: [{ occurrence: next, dueAt: '2027-03-10T00:00:00.000Z' }] };
      const resumed = resumeFrom(installments(), anchorAt, next - 1, resumesAt, changes);
      expect(dueAts(installments(), anchorAt, [next, next + 1], resumed.changes)).toEqual(due);
    },
  );

  it('leaves a single charge to be due on resuming', () => {
    const once: Schedule = { type: 'once', amountMinor: 1, at: null };
    expect(resumeFrom(once, anchorAt, -1, '2027-11-01T00:00:00Z').occurrence).toBe(-1);
  });
});
