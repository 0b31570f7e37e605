/**
 * What the kind of a payment method decides: bank debits settle in days and can sometimes be canceled on the
 * way. Called by Workflows and Activities; pure.
 */

/** Stripe's `type`s of debits from a bank account: ACH, ACSS, BECS (AU and NZ), Bacs and SEPA. */
export const BANK_DEBITS: readonly string[] = [
  'us_bank_account',
  'acss_debit',
  'au_becs_debit',
  'bacs_debit',
  'nz_bank_account',
  'sepa_debit',
];

/** @param paymentMethodType Stripe's `type`; null, when it is not known, counts as a card */
export function isBankDebit(paymentMethodType: string | null): boolean {
  return paymentMethodType !== null && BANK_DEBITS.includes(paymentMethodType);
}
