import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { DECLINE_CLASSES, type DeclineClass } from '../../domain/decline-codes.ts';
import {
  type DunningFacts,
  decideDunning,
  giveUpWaiting,
  patienceDays,
  withTimeLeft,
} from '../../domain/dunning.ts';
import { DEFAULT_DUNNING, type DunningPolicy } from '../../domain/terms.ts';

function facts(declineClass: DeclineClass, given: Partial<DunningFacts> = {}): DunningFacts {
  return {
    decline: { class: declineClass, customerReason: 'declined', rule: 'the rule' },
    policy: DEFAULT_DUNNING,
    automaticRetriesUsed: 0,
    daysSinceFirstDecline: 0,
    paymentMethodType: 'card',
    network: 'visa',
    attemptsOnThisCard24h: 1,
    attemptsOnThisCard30d: 1,
    otherMethodAllowed: false,
    ...given,
  };
}

const policy = (
  retryAfterDays: number[],
  afterLastTry: DunningPolicy['afterLastTry'] = 'cancel',
): DunningPolicy => ({
  retryAfterDays,
  afterLastTry,
});

describe('a soft decline', () => {
  it('is retried after the delays of the policy, and the last is marked', () => {
    const decisions = [0, 1, 2, 3].map((automaticRetriesUsed) =>
      decideDunning(facts('soft', { automaticRetriesUsed })),
    );
    expect(decisions).toEqual([
      { kind: 'retry', afterDays: 1, isLast: false, reason: 'the rule; retry 1 of 4' },
      { kind: 'retry', afterDays: 3, isLast: false, reason: 'the rule; retry 2 of 4' },
      { kind: 'retry', afterDays: 5, isLast: false, reason: 'the rule; retry 3 of 4' },
      { kind: 'retry', afterDays: 7, isLast: true, reason: 'the rule; retry 4 of 4' },
    ]);
  });

  it.each(['cancel', 'pause', 'keep_active'] as const)(
    'ends after the last try as the terms say: %s',
    (end) => {
      expect(decideDunning(facts('soft', { policy: policy([1], end), automaticRetriesUsed: 1 }))).toEqual({
        kind: 'give_up',
        enrollment: end,
        reason: 'the rule; 1 of 1 retries used',
      });
    },
  );

  it('is not retried at all under a policy without delays', () => {
    expect(decideDunning(facts('soft', { policy: policy([]) })).kind).toBe('give_up');
  });

  it('is retried eight times at most, however long the list', () => {
    const long = policy(Array.from({ length: 12 }, () => 2));
    const used = (automaticRetriesUsed: number) =>
      decideDunning(facts('soft', { policy: long, automaticRetriesUsed }));
    expect(used(7)).toMatchObject({ kind: 'retry', isLast: true });
    expect(used(8).kind).toBe('give_up');
  });

  it.each(['us_bank_account', 'sepa_debit'])(
    'presents a returned %s twice more at most',
    (paymentMethodType) => {
      const used = (automaticRetriesUsed: number) =>
        decideDunning(facts('soft', { paymentMethodType, network: null, automaticRetriesUsed }));
      expect(used(1)).toMatchObject({ kind: 'retry', isLast: true });
      expect(used(2).kind).toBe('give_up');
    },
  );
});

describe('the budget of a card', () => {
  it.each([
    ['visa', 15],
    ['mastercard', 35],
    ['amex', 15],
    [null, 15],
  ])(
    'of %s is %i attempts in 30 days; the one before is the last, then another card is asked for',
    (network, limit) => {
      const having = (attemptsOnThisCard30d: number) =>
        decideDunning(facts('soft', { network, attemptsOnThisCard30d }));
      expect(having(limit - 2)).toMatchObject({ kind: 'retry', isLast: false });
      expect(having(limit - 1)).toMatchObject({ kind: 'retry', isLast: true });
      expect(having(limit)).toMatchObject({ kind: 'ask_customer' });
      expect(having(limit)).toMatchObject({
        reason: `the rule; ${limit} attempts on this card in 30 days, ${limit} allowed`,
      });
    },
  );

  it.each([
    ['mastercard', 1],
    ['amex', 1],
    ['visa', 0.25],
  ])(
    'of %s lets a retry after hours wait for %d days when ten tries lie within a day',
    (network, afterDays) => {
      const hurried = {
        policy: policy([0.25]),
        network,
        attemptsOnThisCard24h: 10,
        attemptsOnThisCard30d: 10,
      };
      expect(decideDunning(facts('soft', hurried))).toMatchObject({ kind: 'retry', afterDays });
      expect(decideDunning(facts('soft', { ...hurried, attemptsOnThisCard24h: 9 }))).toMatchObject({
        afterDays: 0.25,
      });
    },
  );
});

describe('a decline that only the customer can move', () => {
  it.each([
    ['needs_customer', 'authenticate'],
    ['card_data', 'ask_customer'],
    ['hard', 'ask_customer'],
  ] as const)(
    'of class %s is never retried: %s, for as long as the policy would have retried',
    (declineClass, kind) => {
      expect(decideDunning(facts(declineClass))).toEqual({ kind, giveUpAfterDays: 16, reason: 'the rule' });
      expect(decideDunning(facts(declineClass, { daysSinceFirstDecline: 9.5 }))).toMatchObject({
        giveUpAfterDays: 6.5,
      });
    },
  );

  it('is given up as the terms say when that time is over', () => {
    const decision = decideDunning(
      facts('hard', { policy: policy([1, 3, 5, 7], 'pause'), daysSinceFirstDecline: 16 }),
    );
    expect(decision).toMatchObject({ kind: 'give_up', enrollment: 'pause' });
    expect(giveUpWaiting(policy([1, 3], 'keep_active'))).toEqual({
      kind: 'give_up',
      enrollment: 'keep_active',
      reason: 'no usable payment method within 4 days of the first decline',
    });
  });

  it('leaves the customer three days even under a policy that never retries', () => {
    expect(patienceDays(policy([]))).toBe(3);
    expect(decideDunning(facts('needs_customer', { policy: policy([]) }))).toMatchObject({
      giveUpAfterDays: 3,
    });
  });

  it('leaves them the days that were added besides', () => {
    expect(patienceDays(policy([1, 4]), [4])).toBe(7);
    expect(patienceDays(policy([1, 3, 5, 7, 4]), [4])).toBe(20);
    const extended = { policy: policy([1, 4]), addedRetryDays: [4] };
    expect(decideDunning(facts('hard', { ...extended, daysSinceFirstDecline: 5.5 }))).toMatchObject({
      giveUpAfterDays: 1.5,
    });
    expect(decideDunning(facts('hard', { ...extended, daysSinceFirstDecline: 7 }))).toMatchObject({
      reason: 'the rule; no usable payment method within 7 days of the first decline',
    });
  });

  it('is tried with the second saved method where that is allowed, but not instead of the customer', () => {
    const allowed = { otherMethodAllowed: true };
    expect(decideDunning(facts('hard', allowed)).kind).toBe('try_other_method');
    expect(decideDunning(facts('card_data', allowed)).kind).toBe('try_other_method');
    expect(decideDunning(facts('needs_customer', allowed)).kind).toBe('authenticate');
    expect(decideDunning(facts('soft', allowed)).kind).toBe('retry');
  });
});

describe('the other classes', () => {
  it('cancel the enrollment when the customer revoked it at the bank, whatever the terms say', () => {
    expect(
      decideDunning(facts('revoked', { policy: policy([1], 'keep_active'), otherMethodAllowed: true })),
    ).toEqual({
      kind: 'give_up',
      enrollment: 'cancel',
      reason: 'the rule',
    });
  });

  it('look for the earlier payment of a duplicate first', () => {
    expect(decideDunning(facts('check_first'))).toEqual({ kind: 'look_first', reason: 'the rule' });
  });
});

describe('every decision', () => {
  it('retries only soft declines, and never past any limit, for whatever policy and history', () => {
    const anyFacts = fc.record({
      declineClass: fc.constantFrom(...DECLINE_CLASSES),
      retryAfterDays: fc.array(fc.integer({ min: 0, max: 30 }), { maxLength: 12 }),
      automaticRetriesUsed: fc.nat(12),
      network: fc.constantFrom('visa', 'mastercard', 'amex', null),
      attemptsOnThisCard30d: fc.integer({ min: 1, max: 40 }),
      attemptsOnThisCard24h: fc.integer({ min: 1, max: 12 }),
      daysSinceFirstDecline: fc.double({ min: 0, max: 400, noNaN: true }),
    });
    fc.assert(
      fc.property(anyFacts, ({ declineClass, retryAfterDays, ...rest }) => {
        const decision = decideDunning(facts(declineClass, { ...rest, policy: policy(retryAfterDays) }));
        expect(decision.reason).toContain('the rule');
        if (decision.kind === 'retry') {
          expect(declineClass).toBe('soft');
          expect(rest.automaticRetriesUsed).toBeLessThan(Math.min(8, retryAfterDays.length));
          expect(rest.attemptsOnThisCard30d).toBeLessThan(rest.network === 'mastercard' ? 35 : 15);
          expect(decision.afterDays).toBeGreaterThanOrEqual(retryAfterDays[rest.automaticRetriesUsed] ?? 0);
        }
        if (decision.kind === 'ask_customer' || decision.kind === 'authenticate') {
          expect(decision.giveUpAfterDays).toBeGreaterThan(0);
        }
      }),
    );
  });
});

describe('withTimeLeft', () => {
  const nowMs = Date.parse('2026-11-20T00:00:00.000Z');
  const times = (firstDeclinedAt: string | null, giveUpAt: string | null) => ({ firstDeclinedAt, giveUpAt });

  it('leaves three days at least, also where another card is declined after it', () => {
    const late = times('2026-10-01T00:00:00.000Z', '2026-10-17T00:00:00.000Z');
    expect(withTimeLeft(late, 16, nowMs)).toEqual(
      times('2026-11-07T00:00:00.000Z', '2026-11-23T00:00:00.000Z'),
    );
  });

  it('takes nothing from who has more, and gives none to what has no end', () => {
    const ample = times('2026-11-15T00:00:00.000Z', '2026-12-01T00:00:00.000Z');
    expect(withTimeLeft(ample, 16, nowMs)).toEqual(ample);
    expect(withTimeLeft(times(null, null), 16, nowMs)).toEqual(times(null, null));
  });
});
