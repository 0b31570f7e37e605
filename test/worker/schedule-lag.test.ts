/** How late a charge is, by what its Activity was asked. */
import { describe, expect, it } from '@jest/globals';
import type { AskedOfAttempt, AskedOfCharge } from '../../activities/charge-work.ts';
import { type OpenCharge, openedCharge, toldCharge } from '../../domain/open-charge.ts';
import { scheduleLag } from '../../worker/schedule-lag.ts';

const DUE = '2027-03-01T09:00:00.000Z';
const NOW_MS = Date.parse('2027-03-05T09:00:30.000Z');
const DAY_S = 86_400;

/** What is looked at of it. */
function asked(of: Partial<OpenCharge> = {}, more: Partial<AskedOfAttempt & Pick<AskedOfCharge, 'by'>> = {}) {
  const charge = openedCharge({
    id: 'chg_1',
    number: 1,
    occurrence: 0,
    origin: 'schedule',
    description: null,
    amountMinor: 980,
    dueAt: DUE,
    reauthorizations: 0,
  });
  const terms = { schedule: { type: 'on_demand' } };
  return { toldCharge: toldCharge({ ...charge, ...of }), terms, ...more } as AskedOfCharge & AskedOfAttempt;
}

describe('the schedule lag', () => {
  it('is the time since the charge fell due', () => {
    expect(scheduleLag(asked(), NOW_MS)).toBe(4 * DAY_S + 30);
  });

  it('begins where what held the charge back was over', () => {
    expect(scheduleLag(asked({}, { heldUntil: '2027-03-05T09:00:00.000Z' }), NOW_MS)).toBe(30);
    expect(scheduleLag(asked({}, { heldUntil: '2027-02-01T09:00:00.000Z' }), NOW_MS)).toBe(4 * DAY_S + 30);
  });

  it.each([
    ['a retry', asked({ attempts: 1 })],
    ['a charge that was asked for', asked({ origin: 'api' })],
    ['a try by hand', asked({}, { by: { by: 'operator', reason: null } })],
  ])('is none of %s', (_which, told) => {
    expect(scheduleLag(told, NOW_MS)).toBeNull();
  });
});
