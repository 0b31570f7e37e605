/**
 * What the kind of a payment method decides: bank debits settle in days and can sometimes be canceled on the
 * way, and only some kinds can hold money that is captured later. Called by Workflows and Activities; pure.
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

/**
 * Whether every PaymentIntent must name the mandate that the customer gave, and Stripe finds none by itself (DOC "Save
 * details for future payments with pre-authorized debit in Canada").
 */
export function namesItsMandate(paymentMethodType: string): boolean {
  return paymentMethodType === 'acss_debit';
}

/** @param paymentMethodType Stripe's `type`; null, when it is not known, counts as a card */
export function isBankDebit(paymentMethodType: string | null): boolean {
  return paymentMethodType !== null && BANK_DEBITS.includes(paymentMethodType);
}

/** Stripe's `type`s that can be saved for later and hold money: those with `capture_method` in its `payment_method_options`. */
export const TYPES_THAT_HOLD: readonly string[] = [
  'card',
  'link',
  'amazon_pay',
  'cashapp',
  'kakao_pay',
  'klarna',
  'kr_card',
  'naver_pay',
  'paypal',
  'revolut_pay',
  'satispay',
];

/** Whether a payment with this `type` can be authorised first and captured later. */
export function canHold(paymentMethodType: string): boolean {
  return TYPES_THAT_HOLD.includes(paymentMethodType);
}
