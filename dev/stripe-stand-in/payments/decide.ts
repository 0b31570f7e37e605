// What a card answers, as a pure decision: no state is read or written here. Callers apply it (payments/*.ts).

import type { TestCard } from '../data/cards.ts';
import { type Decline, declineFor } from '../data/declines.ts';

export interface Situation {
  offSession: boolean;
  /** The customer has just passed the challenge for this attempt. */
  authenticated: boolean;
  /** The card was set up for off-session use before. */
  setUp: boolean;
  requestThreeDSecure: string;
}

export type CardDecision =
  | { kind: 'succeed' }
  | { kind: 'decline'; decline: Decline }
  | { kind: 'challenge' };

/** Whether the bank asks the customer to authenticate before it answers. */
export function wantsChallenge(card: TestCard, situation: Situation): boolean {
  if (situation.authenticated) return false;
  const asked = !situation.offSession && situation.requestThreeDSecure !== 'automatic';
  switch (card.authentication) {
    case 'not_supported':
    case 'not_enrolled':
    case 'frictionless':
      return false;
    case 'optional':
    case 'optional_lookup_error':
      return asked;
    case 'until_set_up':
    case 'required':
    case 'required_lookup_error':
      return !(situation.offSession && situation.setUp);
    case 'every_payment':
      return true;
    case 'already_set_up':
      return !situation.offSession;
  }
}

/** @param override what the control plane says this charge answers, once no challenge is in the way */
export function decideCharge(card: TestCard, situation: Situation, override: Decline | null): CardDecision {
  if (wantsChallenge(card, situation)) return challengeOrLookupError(card);
  const decline = override ?? card.decline;
  return decline === null ? { kind: 'succeed' } : { kind: 'decline', decline };
}

/** Saving a card: the bank is asked too, but a card that only fails later charges can be saved. */
export function decideSetup(card: TestCard, situation: Situation): CardDecision {
  if (wantsChallenge(card, situation)) return challengeOrLookupError(card);
  if (card.decline !== null && !card.savable) return { kind: 'decline', decline: card.decline };
  return { kind: 'succeed' };
}

function challengeOrLookupError(card: TestCard): CardDecision {
  if (card.authentication === 'required_lookup_error') {
    return { kind: 'decline', decline: declineFor('generic_decline') };
  }
  if (card.authentication === 'optional_lookup_error') {
    return { kind: 'decline', decline: declineFor('processing_error') };
  }
  return { kind: 'challenge' };
}
