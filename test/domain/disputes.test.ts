import { describe, expect, it } from '@jest/globals';
import {
  DISPUTE_TABLE,
  disputeAfterReading,
  forbidsCharging,
  forbidsRefunding,
  readDisputeStatus,
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
    const refundable = ['warning_needs_response', 'warning_under_review', 'warning_closed', 'won'];
    expect(ALL.filter((status) => !forbidsRefunding([status]))).toEqual(refundable);
    expect(forbidsRefunding(['won', 'lost'])).toBe(true);
  });

  it('stops charging when one of several is open', () => {
    expect(forbidsCharging(['won', 'needs_response'])).toBe(true);
    expect(forbidsCharging(['won', 'lost'])).toBe(false);
    expect(forbidsCharging([])).toBe(false);
  });
});
