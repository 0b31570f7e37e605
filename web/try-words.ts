/**
 * What came of a try that the customer asked for, by the charge's row, so that an open page follows it; or why it was
 * not taken. Called by the account page; pure.
 */
import type { CustomerCharge } from '../db/customer-charges.ts';
import { MOST_TRIES_BY_HAND_PER_DAY } from '../domain/customer-tries.ts';
import { formatMoney, type Locale } from '../domain/format.ts';
import type { Say } from '../templates/renderer.ts';
import type { BannerModel } from './banner-words.ts';

export interface TryMade {
  charge: CustomerCharge;
  /** Asked for when the charge had so many attempts; or back from the bank, where this attempt was to be confirmed. */
  attempt: { before: number } | { confirmed: number };
  /** Milliseconds ago. */
  ageMs: number;
  /** Code of the Workflow's refusal. */
  refused: string | null;
}

/** An address that is opened later tells nothing of then. */
export const TOLD_FOR_MS = 10 * 60_000;
/** What the bank was told is read from Stripe within seconds. */
const CHECKING_MS = 60_000;

/** Whether its outcome is about to be known. */
export function isUnderWay(tried: TryMade): boolean {
  const { charge, attempt, ageMs, refused } = tried;
  if (refused !== null || ageMs > CHECKING_MS) {
    return false;
  }
  return 'before' in attempt
    ? charge.attempts <= attempt.before && charge.settledAt === null && charge.status !== 'needs_attention'
    : charge.attempts === attempt.confirmed && charge.status === 'requires_action';
}

/**
 * @param hasProblem something below asks the customer to act
 * @returns null when the rest of the page says it all
 */
export function tryBanner(tried: TryMade, hasProblem: boolean, locale: Locale, say: Say): BannerModel | null {
  const { charge, attempt, refused } = tried;
  const isReturn = 'confirmed' in attempt;
  // Another attempt since then is another story.
  if (tried.ageMs > TOLD_FOR_MS || (isReturn && charge.attempts > attempt.confirmed)) {
    return null;
  }
  const amount = formatMoney(charge.amountMinor, charge.currency, locale);
  const words = (key: string, tone: BannerModel['tone']): BannerModel => ({
    title: say(`try.${key}.title`),
    text: say(`try.${key}.text`, { amount, count: MOST_TRIES_BY_HAND_PER_DAY }),
    tone,
  });
  if (refused !== null) {
    const key = REFUSALS[refused];
    return key === undefined ? null : words(key, key === 'busy' ? 'wait' : 'bad');
  }
  if (isUnderWay(tried)) {
    return words(isReturn ? 'checking' : 'making', 'wait');
  }
  switch (charge.status) {
    case 'succeeded':
      return words(hasProblem ? 'paid_one' : 'paid', 'good');
    case 'requires_capture':
      return words(hasProblem ? 'reserved_one' : 'reserved', 'good');
    case 'processing':
      return words('on_its_way', 'wait');
    case 'requires_payment_method':
      return words(isReturn ? 'not_confirmed' : 'declined_again', 'bad');
    case 'scheduled':
    case 'requires_confirmation':
    case 'requires_action':
    case 'canceled':
    case 'uncollectible':
    case 'needs_attention':
      return null;
    default:
      return charge.status satisfies never;
  }
}

/** Refusals that the customer hears of; after the others the page shows by itself how things stand. */
const REFUSALS: Readonly<Record<string, string>> = {
  too_many_tries: 'too_many',
  another_card_needed: 'another_card',
  card_budget_spent: 'another_card',
  charge_busy: 'busy',
  charge_in_progress: 'busy',
  charge_disputed: 'disputed',
};
