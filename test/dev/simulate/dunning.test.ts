import { describe, expect, it } from '@jest/globals';
import { compare } from '../../../dev/simulate/compare.ts';
import { live } from '../../../dev/simulate/dunning.ts';
import { ASSUMPTIONS, type Cause, type Member, population } from '../../../dev/simulate/population.ts';
import type { DunningPolicy } from '../../../domain/terms.ts';

const SEED = 11;
const members = population(400, SEED, ASSUMPTIONS);
const policy = (retryAfterDays: number[]): DunningPolicy => ({ retryAfterDays, afterLastTry: 'cancel' });
const DEFAULT = policy([1, 3, 5, 7]);
/** Nobody answers a message, so that only the rules move anything. */
const silent = {
  ...ASSUMPTIONS,
  reaction: { ...ASSUMPTIONS.reaction, authenticate: 0, newCard: 0, topUp: 0 },
};

function one(cause: Cause, given: Partial<Member> = {}): Member {
  return {
    index: 0,
    cause,
    amountMinor: 1000,
    timeZone: 'UTC',
    network: 'visa',
    declinedAt: '2027-01-10T12:00:00.000Z',
    funded: [],
    willingness: 0,
    outageDays: 0,
    ...given,
  };
}

describe('a population', () => {
  it('is the same for the same seed and another for another', () => {
    expect(population(50, 3, ASSUMPTIONS)).toEqual(population(50, 3, ASSUMPTIONS));
    expect(population(50, 4, ASSUMPTIONS)).not.toEqual(population(50, 3, ASSUMPTIONS));
  });

  it('has every cause in about the share that is assumed', () => {
    const large = population(4000, SEED, ASSUMPTIONS);
    const total = Object.values(ASSUMPTIONS.causes).reduce((sum, weight) => sum + weight, 0);
    for (const [cause, weight] of Object.entries(ASSUMPTIONS.causes)) {
      const share = large.filter((member) => member.cause === cause).length / large.length;
      expect(Math.abs(share - weight / total)).toBeLessThan(0.03);
    }
  });
});

describe('a charge under a policy', () => {
  it('is retried at the days of the policy until the account has money', () => {
    const payday = one('short_of_money', { funded: [[6, 10]] });
    expect(live(payday, DEFAULT, SEED, silent)).toMatchObject({
      recoveredAtDays: 9,
      attempts: 3,
      messages: 1,
    });
    const late = one('short_of_money', { funded: [[20, 30]] });
    expect(live(late, DEFAULT, SEED, silent)).toMatchObject({
      recoveredAtDays: null,
      attempts: 4,
      messages: 3,
    });
  });

  it.each<Cause>(['card_lost', 'card_expired', 'not_allowed', 'wants_authentication'])(
    'that %s declined is never retried blindly, and given up when nobody answers',
    (cause) => {
      const fate = live(one(cause), DEFAULT, SEED, silent);
      expect(fate).toMatchObject({ recoveredAtDays: null, attempts: 0, endedAtDays: 16 });
    },
  );

  it('that the customer stopped at the bank ends at once', () => {
    expect(live(one('stopped_by_customer'), DEFAULT, SEED, silent)).toMatchObject({
      attempts: 0,
      endedAtDays: 0,
    });
  });

  it('is paid when the customer answers with another card', () => {
    const eager = {
      ...ASSUMPTIONS,
      reaction: { ...ASSUMPTIONS.reaction, newCard: 1 },
      worksAfterwards: { authenticate: 1, newCard: 1 },
    };
    const fate = live(one('card_lost'), policy([30]), SEED, eager);
    expect(fate.recoveredAtDays).not.toBeNull();
    expect(fate.attempts).toBe(1);
  });

  it('is never tried more often than eight times and the customer, whatever the policy', () => {
    const eight = policy([1, 1, 1, 1, 1, 1, 1, 1]);
    const stubborn = members.map((member) =>
      live({ ...member, funded: [], willingness: 0 }, eight, SEED, silent),
    );
    expect(Math.max(...stubborn.map(({ attempts }) => attempts))).toBe(8);
  });
});

describe('compare', () => {
  const policies = new Map([
    ['never', []],
    ['default', [1, 3, 5, 7]],
    ['twice', [1, 3]],
  ]);
  const summaries = compare(members, policies, SEED, ASSUMPTIONS);
  const [never, standard, twice] = summaries;

  it('meets the same charges under every policy, and repeats itself', () => {
    expect(new Set(summaries.map(({ owedMinor }) => owedMinor)).size).toBe(1);
    expect(compare(members, policies, SEED, ASSUMPTIONS)).toEqual(summaries);
  });

  it('recovers more with more tries, and never more than is owed', () => {
    expect(never?.recoveredMinor).toBeLessThan(twice?.recoveredMinor ?? 0);
    expect(twice?.recoveredMinor).toBeLessThan(standard?.recoveredMinor ?? 0);
    expect(standard?.recoveredMinor).toBeLessThan(standard?.owedMinor ?? 0);
    expect(standard?.attempts).toBeGreaterThan(twice?.attempts ?? Number.POSITIVE_INFINITY);
  });

  it('draws money that only ever grows', () => {
    for (const { recoveredShareByDay, recoveredMinor, owedMinor } of summaries) {
      expect([...recoveredShareByDay].sort((a, b) => a - b)).toEqual(recoveredShareByDay);
      expect(recoveredShareByDay.at(-1)).toBeLessThanOrEqual(recoveredMinor / owedMinor);
    }
  });
});
