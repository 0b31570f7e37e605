/** What a customer is told about what they have just done: saved a payment method, tried again, confirmed. Pure. */
import type { CustomerCharge } from '../db/customer-charges.ts';
import type { CustomerSession } from '../db/customer-view.ts';
import { formatMoney, type Locale } from '../domain/format.ts';
import type { Say } from '../templates/renderer.ts';
import type { Tone } from './charge-words.ts';
import { TOLD_FOR_MS, type TryMade, tryBanner } from './try-words.ts';

export interface BannerModel {
  title: string;
  text: string;
  tone: Tone;
}

export interface BannerFacts {
  /** The Checkout Session that the customer has just come back from. */
  session: CustomerSession | null;
  /** The charge that the customer has just tried again or confirmed. */
  tried: TryMade | null;
  charges: readonly CustomerCharge[];
  /** What is being charged at this moment. */
  charging: { amountMinor: number; currency: string } | null;
  /** Something below asks the customer to act. */
  hasProblem: boolean;
  /** The page asks for another payment method although nothing is wrong yet. */
  isNudged: boolean;
  /** Milliseconds since 1970. */
  nowMs: number;
}

/** It takes days: nothing that a page waits for. */
export function isBeingProven({ status, url }: CustomerSession): boolean {
  return status === 'open' && url === null;
}

/** @returns null when the page needs no word about it */
export function bannerModel(facts: BannerFacts, locale: Locale, say: Say): BannerModel | null {
  const { session, tried, nowMs } = facts;
  if (tried !== null) {
    return tryBanner(tried, facts.hasProblem, locale, say);
  }
  if (session === null || nowMs - (session.completedAt?.getTime() ?? nowMs) > TOLD_FOR_MS) {
    return null;
  }
  if (session.refusedReason !== null) {
    return { title: say('banner.refused.title'), text: say('banner.refused.text'), tone: 'bad' };
  }
  switch (session.status) {
    case 'open':
      return isBeingProven(session)
        ? { title: say('banner.proving.title'), text: say('banner.proving.text'), tone: 'wait' }
        : { title: say('banner.checking.title'), text: say('banner.checking.text'), tone: 'wait' };
    case 'complete':
      return { title: say('banner.saved.title'), ...savedWords(facts, session, locale, say) };
    case 'expired':
      return null;
    default:
      return session.status satisfies never;
  }
}

function savedWords(
  { charging, hasProblem, isNudged, charges }: BannerFacts,
  session: CustomerSession,
  locale: Locale,
  say: Say,
): { text: string; tone: Tone } {
  const amount = (of: { amountMinor: number; currency: string }) => ({
    amount: formatMoney(of.amountMinor, of.currency, locale),
  });
  if (charging !== null) {
    return { text: say('banner.saved_charging.text', amount(charging)), tone: 'wait' };
  }
  if (hasProblem) {
    return { text: say('banner.saved_unpaid.text'), tone: 'bad' };
  }
  const paidSince = charges.find(
    ({ status, settledAt }) =>
      status === 'succeeded' &&
      settledAt !== null &&
      session.completedAt !== null &&
      settledAt >= session.completedAt,
  );
  if (paidSince) {
    return { text: say('banner.saved_paid.text', amount(paidSince)), tone: 'good' };
  }
  return { text: say(isNudged ? 'banner.saved_nudged.text' : 'banner.saved.text'), tone: 'good' };
}
