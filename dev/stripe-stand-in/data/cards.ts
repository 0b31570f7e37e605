// Stripe's test cards, one line each: number, the pm_card_ name that makes a PaymentMethod of it, and what it does.
// Source: Stripe's page "Testing". Anything that a line does not say is the default: a US Visa credit card that succeeds.

import { type Decline, declineFor, RADAR_BLOCK } from './declines.ts';

/** When the bank wants the customer to authenticate. */
export type Authentication =
  | 'not_supported'
  | 'not_enrolled'
  | 'frictionless' // Enrolled, but the bank asks nothing.
  | 'optional' // Only when the request asks for 3D Secure.
  | 'optional_lookup_error' // As optional, and asking fails.
  | 'until_set_up' // Off-session after a setup: no. Everything else: yes.
  | 'every_payment'
  | 'already_set_up' // Off-session: no. On-session: yes.
  | 'required'
  | 'required_lookup_error';

export interface TestCard {
  number: string;
  token: string | null;
  brand: string;
  funding: 'credit' | 'debit' | 'prepaid';
  country: string;
  authentication: Authentication;
  /** Each charge is declined with this. */
  decline: Decline | null;
  /** Whether a card that declines can still be saved: attached, or set up. */
  savable: boolean;
  dispute: { reason: string; inquiry: boolean } | null;
  fraudWarning: boolean;
  refund: 'succeeds' | 'pending' | 'fails';
  cvcCheck: 'pass' | 'fail' | 'unavailable';
  zipCheck: 'pass' | 'fail' | 'unavailable';
  line1Check: 'pass' | 'fail' | 'unavailable';
  /** Money goes straight to the available balance. */
  bypassPending: boolean;
}

const DEFAULTS: Omit<TestCard, 'number' | 'token'> = {
  brand: 'visa',
  funding: 'credit',
  country: 'US',
  authentication: 'not_enrolled',
  decline: null,
  savable: true,
  dispute: null,
  fraudWarning: false,
  refund: 'succeeds',
  cvcCheck: 'pass',
  zipCheck: 'pass',
  line1Check: 'pass',
  bypassPending: false,
};

const card = (number: string, token: string | null, differs: Partial<TestCard> = {}): TestCard => ({
  ...DEFAULTS,
  number,
  token,
  ...differs,
});
/** A card that declines charges, and cannot be saved for that reason. */
const declining = (number: string, token: string, declineCode: string, differs: Partial<TestCard> = {}) =>
  card(number, token, { decline: declineFor(declineCode), savable: false, ...differs });
const authenticating = (number: string, token: string | null, authentication: Authentication, differs = {}) =>
  card(number, token, { authentication, ...differs });

export const TEST_CARDS: readonly TestCard[] = [
  card('4242424242424242', 'pm_card_visa'),
  card('4000056655665556', 'pm_card_visa_debit', { funding: 'debit' }),
  card('5555555555554444', 'pm_card_mastercard', { brand: 'mastercard' }),
  card('2223003122003222', null, { brand: 'mastercard' }),
  card('5200828282828210', 'pm_card_mastercard_debit', { brand: 'mastercard', funding: 'debit' }),
  card('5105105105105100', 'pm_card_mastercard_prepaid', { brand: 'mastercard', funding: 'prepaid' }),
  card('378282246310005', 'pm_card_amex', { brand: 'amex', authentication: 'not_supported' }),
  card('6011111111111117', 'pm_card_discover', { brand: 'discover', authentication: 'not_supported' }),
  card('3056930009020004', 'pm_card_diners', { brand: 'diners', authentication: 'not_supported' }),
  card('3566002020360505', 'pm_card_jcb', { brand: 'jcb', country: 'JP', authentication: 'not_supported' }),
  card('6200000000000005', 'pm_card_unionpay', { brand: 'unionpay', authentication: 'not_supported' }),
  card('4000003920000003', 'pm_card_jp', { country: 'JP' }),
  card('4000002760000016', 'pm_card_de', { country: 'DE' }),
  card('4000008260000000', 'pm_card_gb', { country: 'GB' }),
  card('4000000000000077', 'pm_card_bypassPending', { bypassPending: true }),

  card('4000000000000341', 'pm_card_chargeCustomerFail', { decline: declineFor('generic_decline') }),
  declining('4000000000000002', 'pm_card_visa_chargeDeclined', 'generic_decline'),
  declining('4000000000009995', 'pm_card_visa_chargeDeclinedInsufficientFunds', 'insufficient_funds'),
  declining('4000000000009987', 'pm_card_visa_chargeDeclinedLostCard', 'lost_card'),
  declining('4000000000009979', 'pm_card_visa_chargeDeclinedStolenCard', 'stolen_card'),
  declining('4000000000000069', 'pm_card_chargeDeclinedExpiredCard', 'expired_card'),
  declining('4000000000000127', 'pm_card_chargeDeclinedIncorrectCvc', 'incorrect_cvc', { cvcCheck: 'fail' }),
  declining('4000000000000119', 'pm_card_chargeDeclinedProcessingError', 'processing_error'),
  declining('4000000000006975', 'pm_card_visa_chargeDeclinedVelocityLimitExceeded', 'card_velocity_exceeded'),

  authenticating('4000002500003155', 'pm_card_authenticationRequiredOnSetup', 'until_set_up'),
  authenticating('4000002760003184', 'pm_card_authenticationRequired', 'every_payment'),
  authenticating('4000003800000446', 'pm_card_authenticationRequiredSetupForOffSession', 'already_set_up'),
  // What it answers off-session after a setup is not stated; here: no challenge, then the decline.
  authenticating(
    '4000008260003178',
    'pm_card_authenticationRequiredChargeDeclinedInsufficientFunds',
    'until_set_up',
    { decline: declineFor('insufficient_funds') },
  ),
  authenticating('4000000000003220', 'pm_card_threeDSecure2Required', 'required'),
  authenticating('4000008400001629', 'pm_card_threeDSecureRequiredChargeDeclined', 'required', {
    decline: declineFor('generic_decline'),
    savable: false,
  }),
  authenticating('4000008400001280', 'pm_card_threeDSecureRequiredProcessingError', 'required_lookup_error'),
  authenticating('4000000000003055', 'pm_card_threeDSecureOptional', 'optional'),
  authenticating('4000000000003097', 'pm_card_threeDSecureOptionalProcessingError', 'optional_lookup_error'),
  authenticating('4000000032200000', null, 'frictionless'),

  card('4000000000000259', 'pm_card_createDispute', { dispute: { reason: 'fraudulent', inquiry: false } }),
  card('4000000000002685', 'pm_card_createDisputeProductNotReceived', {
    dispute: { reason: 'product_not_received', inquiry: false },
  }),
  card('4000000000001976', 'pm_card_createDisputeInquiry', {
    dispute: { reason: 'fraudulent', inquiry: true },
  }),
  card('4000000000005423', 'pm_card_createIssuerFraudRecord', { fraudWarning: true }),
  card('4000000000007726', 'pm_card_pendingRefund', { refund: 'pending' }),
  card('4000000000005126', 'pm_card_refundFail', { refund: 'fails' }),
  card('4100000000000019', 'pm_card_radarBlock', { decline: RADAR_BLOCK }),
  card('4000000000000101', 'pm_card_cvcCheckFail', { cvcCheck: 'fail' }),
  card('4000000000000036', 'pm_card_avsZipFail', { zipCheck: 'fail' }),
  card('4000000000000028', 'pm_card_avsLine1Fail', { line1Check: 'fail' }),
  card('4000000000000010', 'pm_card_avsFail', { zipCheck: 'fail', line1Check: 'fail' }),
  card('4000000000000044', 'pm_card_avsUnchecked', { zipCheck: 'unavailable', line1Check: 'unavailable' }),
];

const byNumber = new Map(TEST_CARDS.map((line) => [line.number, line]));
const byToken = new Map(TEST_CARDS.map((line) => [line.token, line]));

export function cardByNumber(number: string): TestCard | undefined {
  return byNumber.get(number);
}

/** @param token a name such as `pm_card_visa`; names of declines are known with and without `visa_` in them */
export function cardByToken(token: string): TestCard | undefined {
  return byToken.get(token) ?? byToken.get(token.replace('pm_card_', 'pm_card_visa_'));
}

/** The check digit of a card number (Luhn's formula). */
export function hasValidCheckDigit(number: string): boolean {
  let sum = 0;
  for (let i = 0; i < number.length; i++) {
    const digit = Number(number[number.length - 1 - i]);
    const doubled = i % 2 === 1 ? digit * 2 : digit;
    sum += doubled > 9 ? doubled - 9 : doubled;
  }
  return number.length >= 12 && sum % 10 === 0;
}
