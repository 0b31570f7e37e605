import { describe, expect, it } from '@jest/globals';
import { type Authentication, TEST_CARDS, type TestCard } from '../../dev/stripe-stand-in/data/cards.ts';
import { GENERIC_DECLINE } from '../../dev/stripe-stand-in/data/declines.ts';
import { decideCharge, decideSetup, wantsChallenge } from '../../dev/stripe-stand-in/payments/decide.ts';

const [visa] = TEST_CARDS;
if (visa === undefined) throw new Error('no cards');
const cardWith = (authentication: Authentication, differs: Partial<TestCard> = {}) => ({
  ...visa,
  authentication,
  ...differs,
});
const situation = { offSession: false, authenticated: false, setUp: false, requestThreeDSecure: 'automatic' };

/** For each kind of bank: is a challenge wanted on-session, on-session when asked for, off-session, off-session after setup? */
const GRID: Record<Authentication, [boolean, boolean, boolean, boolean]> = {
  not_supported: [false, false, false, false],
  not_enrolled: [false, false, false, false],
  frictionless: [false, false, false, false],
  optional: [false, true, false, false],
  optional_lookup_error: [false, true, false, false],
  until_set_up: [true, true, true, false],
  required: [true, true, true, false],
  required_lookup_error: [true, true, true, false],
  every_payment: [true, true, true, true],
  already_set_up: [true, true, false, false],
};

describe('wantsChallenge', () => {
  it.each(Object.entries(GRID) as [Authentication, [boolean, boolean, boolean, boolean]][])(
    '%s',
    (authentication, [onSession, asked, offSession, afterSetup]) => {
      const card = cardWith(authentication);
      expect(wantsChallenge(card, situation)).toBe(onSession);
      expect(wantsChallenge(card, { ...situation, requestThreeDSecure: 'any' })).toBe(asked);
      expect(wantsChallenge(card, { ...situation, offSession: true })).toBe(offSession);
      expect(wantsChallenge(card, { ...situation, offSession: true, setUp: true })).toBe(afterSetup);
      expect(wantsChallenge(card, { ...situation, authenticated: true })).toBe(false);
    },
  );
});

describe('decideCharge', () => {
  it('lets an order of the control plane win over the card', () => {
    expect(decideCharge(visa, situation, GENERIC_DECLINE)).toEqual({
      kind: 'decline',
      decline: GENERIC_DECLINE,
    });
  });
  it('asks for the challenge before it looks at an order', () => {
    expect(decideCharge(cardWith('every_payment'), situation, GENERIC_DECLINE).kind).toBe('challenge');
  });
  it('declines when the lookup for a challenge fails', () => {
    expect(decideCharge(cardWith('required_lookup_error'), situation, null).kind).toBe('decline');
    expect(decideCharge(cardWith('optional_lookup_error'), situation, null).kind).toBe('succeed');
  });
});

describe('decideSetup', () => {
  it('saves a card that only declines later', () => {
    expect(
      decideSetup(cardWith('not_enrolled', { decline: GENERIC_DECLINE, savable: true }), situation).kind,
    ).toBe('succeed');
    expect(
      decideSetup(cardWith('not_enrolled', { decline: GENERIC_DECLINE, savable: false }), situation).kind,
    ).toBe('decline');
  });
});

describe('the table of cards', () => {
  it('has each number and name once', () => {
    expect(new Set(TEST_CARDS.map(({ number }) => number)).size).toBe(TEST_CARDS.length);
    const names = TEST_CARDS.map(({ token }) => token).filter((token) => token !== null);
    expect(new Set(names).size).toBe(names.length);
  });
});
