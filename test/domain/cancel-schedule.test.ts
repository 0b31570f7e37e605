import { describe, expect, it } from '@jest/globals';
import type { CancelFacts } from '../../domain/cancel-preview.ts';
import { scheduleAtCancel } from '../../domain/cancel-schedule.ts';
import { MOST_DUE_AT_ONCE } from '../../domain/schedule.ts';
import { NO_CHANGES, rest } from '../../domain/schedule-changes.ts';
import { recurring } from './schedules.ts';

const anchorAt = '2027-01-15T00:00:00.000Z';
const now = '2027-03-20T00:00:00.000Z';

/** Monthly; the first is paid, the second is held back. */
const facts = (change: Partial<CancelFacts> = {}): CancelFacts => ({
  at: '2027-02-15T00:00:00.000Z',
  currency: 'jpy',
  lateSuccess: 'refund',
  balanceMinor: 0,
  charges: [],
  terms: { schedule: recurring(), catchUp: 'charge_all' },
  anchorAt,
  occurrence: 0,
  changes: NO_CHANGES,
  next: { occurrence: 1, dueAt: '2027-02-15T00:00:00.000Z', amountMinor: 1000 },
  confirmedOverdue: null,
  paused: null,
  cancelAt: null,
  ...change,
});
const days = (change: Partial<CancelFacts>, at = now) => {
  const { owed, next, endsAt } = scheduleAtCancel(facts(change), at);
  return [owed.map(({ dueAt }) => dueAt.slice(0, 10)), next?.dueAt.slice(0, 10), endsAt?.slice(0, 10)];
};

describe('what the schedule would bring when a cancel is asked for', () => {
  const { terms, next } = facts();

  it.each<[string, Partial<CancelFacts>, unknown[]]>([
    ['all that is due is owed', {}, [['2027-02-15', '2027-03-15'], '2027-04-15', '2027-04-15']],
    [
      'the latest only, by the catch-up rule',
      { terms: { ...terms, catchUp: 'charge_latest' } },
      [['2027-03-15'], '2027-04-15', '2027-04-15'],
    ],
    [
      'the one that the catch-up rule was asked about stays owed',
      { terms: { ...terms, catchUp: 'charge_latest' }, confirmedOverdue: 1 },
      [['2027-02-15', '2027-03-15'], '2027-04-15', '2027-04-15'],
    ],
    [
      'nothing is, before it is due',
      { occurrence: 2, next: { occurrence: 3, dueAt: '2027-04-15T00:00:00.000Z', amountMinor: 1000 } },
      [[], '2027-04-15', '2027-04-15'],
    ],
    [
      'in a pause, what was due when it began',
      { paused: { owedUntil: '2027-02-20T00:00:00.000Z' } },
      [['2027-02-15'], '2027-03-15', '2027-03-20'],
    ],
    ['nothing is, in a pause before it', { paused: { owedUntil: null } }, [[], '2027-02-15', '2027-03-20']],
    [
      'without what fell into an earlier pause',
      { changes: rest(NO_CHANGES, 2, 3) },
      [['2027-02-15'], '2027-05-15', '2027-05-15'],
    ],
    [
      'without what is due when the last period ends',
      { cancelAt: '2027-03-15T00:00:00.000Z' },
      [['2027-02-15'], '2027-03-15', '2027-03-20'],
    ],
    ['nothing comes without a schedule', { anchorAt: null, next: null }, [[], undefined, undefined]],
  ])('%s', (_name, change, expected) => {
    expect(days(change)).toEqual(expected);
  });

  it('counts by the Workflow clock where that is ahead', () => {
    expect(days({ at: '2027-04-16T00:00:00.000Z' })[0]).toHaveLength(3);
  });

  it('tells of more than are opened at once', () => {
    const schedule = { ...recurring(), interval: { unit: 'day' as const, count: 1 } };
    const much = scheduleAtCancel(facts({ terms: { ...terms, schedule }, next }), '2027-08-15T00:00:00.000Z');
    expect(much.owed.length).toBeGreaterThan(2 * MOST_DUE_AT_ONCE);
    expect(new Set(much.owed.map(({ occurrence }) => occurrence)).size).toBe(much.owed.length);
    expect(much.next?.dueAt).toBe('2027-08-16T00:00:00.000Z');
  });
});
