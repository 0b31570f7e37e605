import { describe, expect, it } from '@jest/globals';
import { refuseTryByHand, type TryByHand } from '../../domain/customer-tries.ts';
import type { DeclineClass } from '../../domain/decline-codes.ts';

const codeOf = (given: Partial<TryByHand>) =>
  refuseTryByHand({
    triesByHand24h: 0,
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
