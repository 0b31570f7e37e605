import { describe, expect, it } from '@jest/globals';
import { failsAhead } from '../../domain/method-notice.ts';

const card = { detached: false, expMonth: 3, expYear: 2027 };

describe('failsAhead', () => {
  it('tells of a card that is over at the next charge, by the month in which it expires', () => {
    expect(failsAhead(card, '2027-04-01T11:59:59.000Z')).toBeNull();
    expect(failsAhead(card, '2027-04-01T12:00:00.000Z')).toBe('expires_2027_3');
  });

  it('tells nothing of a card while no charge is planned, and nothing of what does not expire', () => {
    expect(failsAhead(card, null)).toBeNull();
    expect(failsAhead({ ...card, expMonth: null, expYear: null }, '2099-01-01T00:00:00.000Z')).toBeNull();
  });

  it('tells of a detached method whatever is planned', () => {
    expect(failsAhead({ ...card, detached: true }, null)).toBe('detached');
  });
});
