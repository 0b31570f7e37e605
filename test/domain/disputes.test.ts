import { describe, expect, it } from '@jest/globals';
import {
  DISPUTE_TABLE,
  disputeAfterReading,
  forbidsCharging,
  forbidsRefunding,
  readDisputeStatus,
  takenByPrevented,
} from '../../domain/disputes.ts';

const EFFECTS = {
  warning_needs_response: 'open',
  warning_under_review: 'open',
  warning_closed: 'over',
  needs_response: 'open',
  under_review: 'open',
  won: 'over',
  lost: 'lost',
  prevented: 'over',
  appeal_needs_response: 'open',
  appeal_under_review: 'open',
};

const CLOSED = ['won', 'lost', 'appeal_needs_response', 'appeal_under_review', 'arbitration'];
const DISPUTED = ['needs_response', 'under_review', ...CLOSED];
const ASKED = ['warning_closed', 'prevented', ...DISPUTED];
const ALL = ['warning_needs_response', 'warning_under_review', ...ASKED];

describe('disputeAfterReading', () => {
  it.each([
    ['warning_needs_response', ALL],
    ['warning_under_review', ALL],
    ['warning_closed', ASKED],
    ['prevented', ASKED],
    ['needs_response', DISPUTED],
    ['under_review', DISPUTED],
    ['won', CLOSED],
    ['lost', CLOSED],
    ['appeal_needs_response', CLOSED],
    ['appeal_under_review', CLOSED],
    ['arbitration', ALL],
  ])('after %s a later reading shows %j; anything else is older', (known, later) => {
    expect(ALL.filter((seen) => disputeAfterReading(known, seen) === seen)).toEqual(later);
  });

  it('takes the first reading as it is', () => {
    expect(ALL.map((seen) => disputeAfterReading(null, seen))).toEqual(ALL);
  });
});

describe('a dispute', () => {
  it.each(Object.entries(EFFECTS))('that is %s is %s', (status, effect) => {
    expect(readDisputeStatus(status)).toBe(status);
    expect(forbidsCharging([status])).toBe(effect === 'open');
  });

  it('has a row for each of the statuses and for nothing else', () => {
    const rows = Object.entries(DISPUTE_TABLE).map(([status, { effect }]) => [status, effect]);
    expect(Object.fromEntries(rows)).toEqual(EFFECTS);
  });

  it('in a status that nobody knows stops charging', () => {
    expect(readDisputeStatus('arbitration')).toBe('unknown');
    expect(readDisputeStatus('toString')).toBe('unknown');
    expect(forbidsCharging(['arbitration'])).toBe(true);
  });

  it('keeps the money from going back twice, but not while the bank only asks', () => {
    const refundable = [
      'warning_needs_response',
      'warning_under_review',
      'warning_closed',
      'prevented',
      'won',
    ];
    expect(ALL.filter((status) => !forbidsRefunding([status]))).toEqual(refundable);
    expect(forbidsRefunding(['won', 'lost'])).toBe(true);
  });

  const resolved = { amountMinor: 980, movedMinor: -980, caseType: 'resolution', isChargeRefundable: false };
  it.each([
    ['a resolution that has withdrawn the money', [resolved], 980],
    ['a resolution whose withdrawal is not listed', [{ ...resolved, movedMinor: 0 }], 980],
    ['a withdrawal, whatever it is called', [{ ...resolved, caseType: null }], 980],
    ['a block', [{ ...resolved, movedMinor: 0, caseType: 'block' }], 0],
    [
      'one that leaves the payment refundable',
      [{ ...resolved, movedMinor: 0, caseType: null, isChargeRefundable: true }],
      0,
    ],
    ['one of which nothing is said', [resolved, { ...resolved, movedMinor: 0, caseType: null }], null],
    [
      'two of them',
      [
        { ...resolved, movedMinor: -500 },
        { ...resolved, movedMinor: -480 },
      ],
      980,
    ],
    ['none', [], 0],
  ])('that was prevented tells what it took: %s', (_how, disputes, takenMinor) => {
    expect(takenByPrevented(disputes)).toBe(takenMinor);
  });

  it('stops charging when one of several is open', () => {
    expect(forbidsCharging(['won', 'needs_response'])).toBe(true);
    expect(forbidsCharging(['won', 'lost'])).toBe(false);
    expect(forbidsCharging([])).toBe(false);
  });
});
