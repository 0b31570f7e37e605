import { describe, expect, it } from '@jest/globals';
import { DISPUTE_TABLE, forbidsCharging, readDisputeStatus } from '../../domain/disputes.ts';

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

  it('stops charging when one of several is open', () => {
    expect(forbidsCharging(['won', 'needs_response'])).toBe(true);
    expect(forbidsCharging(['won', 'lost'])).toBe(false);
    expect(forbidsCharging([])).toBe(false);
  });
});
