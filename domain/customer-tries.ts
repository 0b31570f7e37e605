/**
 * Whether a customer may try a declined charge again by hand. Their tries leave the automatic ones alone, so they
 * have a limit of their own and never eat up the card's budget. A challenge that was begun and left without an answer
 * is no try: the bank has refused nothing, and the customer may come back. Called by Workflows; pure.
 */
import { budgetOf } from './card-budgets.ts';
import type { DeclineClass } from './decline-codes.ts';

/** Of one charge in 24 hours, with whatever cards. */
export const MOST_TRIES_BY_HAND_PER_DAY = 5;

/** Challenges of one charge in 24 hours that nobody answers: enough for a customer, too few for a script. */
export const MOST_CHALLENGES_PER_DAY = 20;

/** What is remembered of one charge; instants, ISO 8601 UTC, oldest first. */
export interface CustomerTries {
  triesByHand: string[];
  /** Begun on-session and not declined; absent in what older versions wrote. */
  challenges?: string[];
}

export interface TryByHand {
  /** Tries by hand of this charge in the last 24 hours. */
  triesByHand24h: number;
  /** Challenges of this charge that were begun in the last 24 hours and not declined. */
  challenges24h: number;
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
  if (facts.challenges24h >= MOST_CHALLENGES_PER_DAY) {
    const message = `${facts.challenges24h} confirmations were begun in 24 hours, ${MOST_CHALLENGES_PER_DAY} allowed; try again tomorrow`;
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

/**
 * What counts of the newest try once its answer is known.
 * @param answer `challenge`: the customer is asked by their bank; `not_made`: it never reached Stripe
 */
export function afterTry(tries: CustomerTries, answer: 'challenge' | 'not_made' | 'answered'): CustomerTries {
  const { triesByHand, challenges = [] } = tries;
  const newest = triesByHand.slice(-1);
  switch (answer) {
    case 'answered':
      return tries;
    case 'not_made':
      return { ...tries, triesByHand: triesByHand.slice(0, -1) };
    case 'challenge':
      return {
        triesByHand: triesByHand.slice(0, -1),
        challenges: [...challenges, ...newest].slice(-MOST_CHALLENGES_PER_DAY),
      };
    default:
      return answer satisfies never;
  }
}

/** The challenge that was begun last has been declined, or the customer refused it there: that was a try. */
export function afterDeclinedChallenge({ triesByHand, challenges = [] }: CustomerTries): CustomerTries {
  return {
    triesByHand: [...triesByHand, ...challenges.slice(-1)],
    challenges: challenges.slice(0, -1),
  };
}
