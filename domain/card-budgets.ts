/**
 * How often one card may be tried, by network: past these limits a network charges fees or Stripe blocks the
 * card. Data and one question, used by dunning.ts; imported by Workflows.
 * Sources: Stripe's pages "Card declines" and "Payment blocked due to excessive retries"; acquirers' notices.
 */
import { isBankDebit } from './payment-methods.ts';

export interface CardBudget {
  /** Attempts in any 24 hours and 30 days that were not approved, for one card and amount; null where no limit is known. */
  per24h: number | null;
  per30d: number | null;
  /** Automatic retries of one charge. */
  retriesPerCharge: number;
}

/** Stripe's own advice for a charge that permits retries. */
export const MOST_RETRIES_PER_CHARGE = 8;

export const CARD_BUDGETS: Readonly<Record<'visa' | 'mastercard' | 'other' | 'bank_debit', CardBudget>> = {
  // Visa raised it to 20 in 2025; the older limit holds everywhere.
  visa: { per24h: null, per30d: 15, retriesPerCharge: MOST_RETRIES_PER_CHARGE },
  mastercard: { per24h: 10, per30d: 35, retriesPerCharge: MOST_RETRIES_PER_CHARGE },
  // Networks that publish nothing are held to the stricter of both.
  other: { per24h: 10, per30d: 15, retriesPerCharge: MOST_RETRIES_PER_CHARGE },
  // A returned debit may be presented twice more (Nacha's rule; SEPA and Bacs ask for no more than that).
  bank_debit: { per24h: null, per30d: null, retriesPerCharge: 2 },
};

/** @param paymentMethodType Stripe's `type`; null and what is not a bank debit count as a card */
export function budgetOf(paymentMethodType: string | null, network: string | null): CardBudget {
  if (isBankDebit(paymentMethodType)) {
    return CARD_BUDGETS.bank_debit;
  }
  return network === 'visa' || network === 'mastercard' ? CARD_BUDGETS[network] : CARD_BUDGETS.other;
}
