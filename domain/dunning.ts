/**
 * What follows on a decline: another try, the customer, another card, or the end. Called by Activities and
 * Workflows; pure. It says after how many days; retry-time.ts turns those into an instant.
 */
import { budgetOf } from './card-budgets.ts';
import type { ClassifiedDecline } from './declines.ts';
import type { DunningPolicy } from './terms.ts';

export interface DunningFacts {
  decline: ClassifiedDecline;
  /** With the retries that were added for this charge, which come last. */
  policy: DunningPolicy;
  /** Those that were added: days after the previous decline. @default none */
  addedRetryDays?: readonly number[];
  /** Automatic retries of this charge so far; tries by hand, and with a newly saved card, do not count. */
  automaticRetriesUsed: number;
  /** Days since the charge was declined for the first time; fractions allowed, 0 at that decline. */
  daysSinceFirstDecline: number;
  paymentMethodType: string | null;
  network: string | null;
  /** Attempts on this card for this amount that were not approved, the declined one included. */
  attemptsOnThisCard24h: number;
  attemptsOnThisCard30d: number;
  /** A second saved method that terms and customer allow to be tried, and that was not tried for this charge. */
  otherMethodAllowed: boolean;
}

/** Each with its reason in plain words, which is stored with the attempt and shown to operators. */
export type DunningDecision =
  /** The same card again, `afterDays` from this decline. */
  | { kind: 'retry'; afterDays: number; isLast: boolean; reason: string }
  /** The second saved method, at once. */
  | { kind: 'try_other_method'; reason: string }
  /** The customer is asked for another card; given up when none came in so many days from now. */
  | { kind: 'ask_customer'; giveUpAfterDays: number; reason: string }
  /** The customer is asked to confirm on-session, or to take another card. */
  | { kind: 'authenticate'; giveUpAfterDays: number; reason: string }
  /** Look for an earlier payment; if there is none, classify again with `looked`, and decide again. */
  | { kind: 'look_first'; reason: string }
  | GiveUp;

export interface GiveUp {
  kind: 'give_up';
  /** What becomes of the enrollment. */
  enrollment: DunningPolicy['afterLastTry'];
  reason: string;
}

/** A customer has that long to answer even when the policy retries for a shorter time, or never. */
export const LEAST_PATIENCE_DAYS = 3;

const DAY_MS = 86_400_000;

/**
 * Days from the first decline until a charge that only the customer can move is given up: as long as the
 * policy would have retried, and {@link LEAST_PATIENCE_DAYS} at least. What was added for this charge is theirs besides.
 */
export function patienceDays(policy: DunningPolicy, addedRetryDays: readonly number[] = []): number {
  const added = sumOf(addedRetryDays);
  return Math.max(sumOf(policy.retryAfterDays) - added, LEAST_PATIENCE_DAYS) + added;
}

function sumOf(days: readonly number[]): number {
  return days.reduce((sum, each) => sum + each, 0);
}

/** The instants of a charge's dunning, ISO 8601, UTC. */
export interface DunningTimes {
  firstDeclinedAt: string | null;
  giveUpAt: string | null;
}

/**
 * After a time in which nobody could pay the customer has {@link LEAST_PATIENCE_DAYS} at least, and as many as are left of
 * them when another card of theirs is declined meanwhile.
 */
export function withTimeLeft(
  { firstDeclinedAt, giveUpAt }: DunningTimes,
  patience: number,
  nowMs: number,
): DunningTimes {
  const leastMs = LEAST_PATIENCE_DAYS * DAY_MS;
  return {
    firstDeclinedAt: notBefore(firstDeclinedAt, nowMs + leastMs - patience * DAY_MS),
    giveUpAt: notBefore(giveUpAt, nowMs + leastMs),
  };
}

function notBefore(at: string | null, ms: number): string | null {
  return at === null || Date.parse(at) >= ms ? at : new Date(ms).toISOString();
}

/** What happens when the time of a charge that waits for its customer is over. */
export function giveUpWaiting(policy: DunningPolicy, addedRetryDays: readonly number[] = []): GiveUp {
  const patience = patienceDays(policy, addedRetryDays);
  const reason = `no usable payment method within ${patience} days of the first decline`;
  return { kind: 'give_up', enrollment: policy.afterLastTry, reason };
}

/** Decides once per decline; the same facts give the same decision. Never throws. */
export function decideDunning(facts: DunningFacts): DunningDecision {
  const { decline } = facts;
  switch (decline.class) {
    case 'soft':
      return retryOrEnd(facts);
    case 'needs_customer':
      return waitForCustomer(facts, 'authenticate', decline.rule);
    case 'card_data':
    case 'hard':
      return facts.otherMethodAllowed
        ? { kind: 'try_other_method', reason: `${decline.rule}; another saved method may be tried` }
        : waitForCustomer(facts, 'ask_customer', decline.rule);
    case 'revoked':
      // Whatever the policy says: the customer has ended the agreement at their bank.
      return { kind: 'give_up', enrollment: 'cancel', reason: decline.rule };
    case 'check_first':
      return { kind: 'look_first', reason: decline.rule };
    default:
      return decline.class satisfies never;
  }
}

function waitForCustomer(
  { policy, addedRetryDays, daysSinceFirstDecline }: DunningFacts,
  kind: 'ask_customer' | 'authenticate',
  reason: string,
): DunningDecision {
  const giveUpAfterDays = patienceDays(policy, addedRetryDays) - daysSinceFirstDecline;
  if (giveUpAfterDays > 0) {
    return { kind, giveUpAfterDays, reason };
  }
  const over = giveUpWaiting(policy, addedRetryDays);
  return { ...over, reason: `${reason}; ${over.reason}` };
}

function retryOrEnd(facts: DunningFacts): DunningDecision {
  const { policy, automaticRetriesUsed: used } = facts;
  const { rule } = facts.decline;
  const budget = budgetOf(facts.paymentMethodType, facts.network);
  const planned = Math.min(policy.retryAfterDays.length, budget.retriesPerCharge);
  const delay = policy.retryAfterDays[used];
  if (used >= planned || delay === undefined) {
    return {
      kind: 'give_up',
      enrollment: policy.afterLastTry,
      reason: `${rule}; ${used} of ${planned} retries used`,
    };
  }
  const left30d = (budget.per30d ?? Number.POSITIVE_INFINITY) - facts.attemptsOnThisCard30d;
  if (left30d <= 0) {
    const spent = `${facts.attemptsOnThisCard30d} attempts on this card in 30 days, ${budget.per30d} allowed`;
    return waitForCustomer(facts, 'ask_customer', `${rule}; ${spent}`);
  }
  const full24h = facts.attemptsOnThisCard24h >= (budget.per24h ?? Number.POSITIVE_INFINITY);
  return {
    kind: 'retry',
    afterDays: full24h ? Math.max(delay, 1) : delay,
    isLast: used + 1 >= planned || left30d === 1,
    reason: `${rule}; retry ${used + 1} of ${planned}`,
  };
}
