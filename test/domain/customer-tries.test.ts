import { describe, expect, it } from '@jest/globals';
import {
  afterDeclinedChallenge,
  afterTry,
  type CustomerTries,
  refuseTryByHand,
  type TryByHand,
} from '../../domain/customer-tries.ts';
import type { DeclineClass } from '../../domain/decline-codes.ts';

const codeOf = (given: Partial<TryByHand>) =>
  refuseTryByHand({
    triesByHand24h: 0,
    challenges24h: 0,
    sameCardAsLastTry: true,
    lastDecline: 'soft',
    attemptsOnThisCard24h: 1,
    attemptsOnThisCard30d: 1,
    automaticRetriesLeft: 4,
    paymentMethodType: 'card',
    network: 'visa',
    ...given,
  })?.code ?? null;

describe('a try by hand', () => {
  it('is allowed five times a day', () => {
    expect(codeOf({ triesByHand24h: 4 })).toBeNull();
    expect(codeOf({ triesByHand24h: 5 })).toBe('too_many_tries');
  });

  it('may be begun and left at the bank more often, but not without end', () => {
    expect(codeOf({ challenges24h: 19 })).toBeNull();
    expect(codeOf({ challenges24h: 20 })).toBe('too_many_tries');
  });

  it.each<[DeclineClass, string | null]>([
    ['soft', null],
    ['needs_customer', null],
    ['check_first', null],
    ['hard', 'another_card_needed'],
    ['card_data', 'another_card_needed'],
    ['revoked', 'another_card_needed'],
  ])('with the card that was declined as %s: %s; with another card it is free', (lastDecline, expected) => {
    expect(codeOf({ lastDecline })).toBe(expected);
    expect(codeOf({ lastDecline, sameCardAsLastTry: false })).toBeNull();
  });

  it("leaves the automatic retries their part of the card's budget", () => {
    expect(codeOf({ attemptsOnThisCard30d: 10 })).toBeNull();
    expect(codeOf({ attemptsOnThisCard30d: 11 })).toBe('card_budget_spent');
    expect(codeOf({ attemptsOnThisCard30d: 11, automaticRetriesLeft: 3 })).toBeNull();
    expect(codeOf({ attemptsOnThisCard30d: 11, network: 'mastercard' })).toBeNull();
  });

  it('keeps to the limit of a day', () => {
    expect(codeOf({ attemptsOnThisCard24h: 10, network: 'mastercard' })).toBe('card_budget_spent');
    expect(codeOf({ attemptsOnThisCard24h: 9, network: 'mastercard' })).toBeNull();
  });
});

describe('what counts as a try', () => {
  const begun: CustomerTries = { triesByHand: ['one', 'two'], challenges: ['closed'] };

  it.each<['challenge' | 'not_made' | 'answered', CustomerTries]>([
    ['answered', begun],
    ['not_made', { triesByHand: ['one'], challenges: ['closed'] }],
    ['challenge', { triesByHand: ['one'], challenges: ['closed', 'two'] }],
  ])('that came to %s', (answer, expected) => {
    expect(afterTry(begun, answer)).toEqual(expected);
  });

  it('is a challenge that ends in a decline, and not one that was closed', () => {
    const after = afterTry({ triesByHand: ['one'] }, 'challenge');
    expect(after).toEqual({ triesByHand: [], challenges: ['one'] });
    expect(afterDeclinedChallenge(after)).toEqual({ triesByHand: ['one'], challenges: [] });
    expect(afterDeclinedChallenge({ triesByHand: ['one'] })).toEqual({
      triesByHand: ['one'],
      challenges: [],
    });
  });
});
