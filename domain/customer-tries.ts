/**
 * Whether a customer may try a declined charge again by hand. Their tries leave the automatic ones alone, so they
 * have a limit of their own and never eat up the card's budget. Called by the Workflow's validators; pure.
 */
import { budgetOf } from './card-budgets.ts';
import type { DeclineClass } from './decline-codes.ts';

/** Of one charge in 24 hours, with whatever cards. */
export const MOST_TRIES_BY_HAND_PER_DAY = 5;

export interface TryByHand {
  /** Tries by hand of this charge in the last 24 hours. */
  triesByHand24h: number;
  /** Whether it would be the card that was declined last, and how. */
  sameCardAsLastTry: boolean;
  lastDecline: DeclineClass | null;
  attemptsOnThisCard24h: number;
  attemptsOnThisCard30d: number;
  /** Automatic retries of this charge that are still to come. */
  automaticRetriesLeft: number;
  paymentMethodType: string | null;
  network: string | null;
}

export interface TryRefused {
  code: 'too_many_tries' | 'another_card_needed' | 'card_budget_spent';
  message: string;
}

const NEVER_AGAIN: readonly DeclineClass[] = ['hard', 'card_data', 'revoked'];

/** @returns null when the try may start; else why not, in words for the customer's page */
export function refuseTryByHand(facts: TryByHand): TryRefused | null {
  if (facts.triesByHand24h >= MOST_TRIES_BY_HAND_PER_DAY) {
    const message = `${facts.triesByHand24h} tries in 24 hours, ${MOST_TRIES_BY_HAND_PER_DAY} allowed; try again tomorrow`;
    return { code: 'too_many_tries', message };
  }
  if (facts.sameCardAsLastTry && facts.lastDecline !== null && NEVER_AGAIN.includes(facts.lastDecline)) {
    return {
      code: 'another_card_needed',
      message: 'this card cannot be used for this payment; choose another one',
    };
  }
  const { per24h, per30d } = budgetOf(facts.paymentMethodType, facts.network);
  const full24h = per24h !== null && facts.attemptsOnThisCard24h >= per24h;
  const full30d = per30d !== null && facts.attemptsOnThisCard30d + facts.automaticRetriesLeft >= per30d;
  return full24h || full30d
    ? { code: 'card_budget_spent', message: 'this card was tried too often lately; choose another one' }
    : null;
}
