/**
 * One row per reason that a payment can be refused for: how far the same card may be tried again, and what its
 * owner may be told. Data only, shared by declines.ts, the docs and the tests; imported by Workflows.
 * Sources: Stripe's pages "Stripe decline codes", "Card declines", "Network decline codes" and "Error codes"; the grouping
 * is ours.
 */
import type { CustomerReason } from './notifications.ts';

export const DECLINE_CLASSES = [
  'soft',
  'needs_customer',
  'card_data',
  'hard',
  'revoked',
  'check_first',
] as const;
export type DeclineClass = (typeof DECLINE_CLASSES)[number];

export const DECLINE_CLASS_MEANING: Readonly<Record<DeclineClass, string>> = {
  soft: 'The same card may work on another day: it is retried after the delays of the policy.',
  needs_customer: 'Only the customer can move it: they are brought on-session; nothing is retried blindly.',
  card_data: 'The details of the card are wrong or old: another card is asked for.',
  hard: 'Never again with this card: another card is asked for.',
  revoked: 'The customer told the bank to stop: the enrollment is canceled.',
  check_first: 'Perhaps it was paid already: an earlier payment is looked for before anything else.',
};

export interface DeclineRow {
  class: DeclineClass;
  customerReason: CustomerReason;
}

/** `decline_code`s, and those `code`s that name a reason themselves. */
export const DECLINE_CODES: Readonly<Record<string, DeclineRow>> = {
  // The bank may say yes on another day.
  insufficient_funds: { class: 'soft', customerReason: 'insufficient_funds' },
  card_velocity_exceeded: { class: 'soft', customerReason: 'declined' },
  withdrawal_count_limit_exceeded: { class: 'soft', customerReason: 'declined' },
  processing_error: { class: 'soft', customerReason: 'temporary' },
  issuer_not_available: { class: 'soft', customerReason: 'temporary' },
  reenter_transaction: { class: 'soft', customerReason: 'temporary' },
  try_again_later: { class: 'soft', customerReason: 'temporary' },
  approve_with_id: { class: 'soft', customerReason: 'declined' },
  call_issuer: { class: 'soft', customerReason: 'declined' },
  do_not_honor: { class: 'soft', customerReason: 'declined' },
  generic_decline: { class: 'soft', customerReason: 'declined' },
  no_action_taken: { class: 'soft', customerReason: 'declined' },
  service_not_allowed: { class: 'soft', customerReason: 'declined' },
  // Stripe itself holds the card back for a day after too many declines.
  card_decline_rate_limit_exceeded: { class: 'soft', customerReason: 'declined' },

  // Only the customer can move it: a blind try has the same end.
  authentication_required: { class: 'needs_customer', customerReason: 'authentication_required' },
  authentication_not_handled: { class: 'needs_customer', customerReason: 'authentication_required' },
  payment_intent_authentication_failure: {
    class: 'needs_customer',
    customerReason: 'authentication_required',
  },
  authentication_failure: { class: 'needs_customer', customerReason: 'authentication_required' },
  mobile_device_authentication_required: {
    class: 'needs_customer',
    customerReason: 'authentication_required',
  },
  offline_pin_required: { class: 'needs_customer', customerReason: 'authentication_required' },
  online_or_offline_pin_required: { class: 'needs_customer', customerReason: 'authentication_required' },

  // The details are wrong or old.
  expired_card: { class: 'card_data', customerReason: 'expired_card' },
  incorrect_number: { class: 'card_data', customerReason: 'card_data' },
  invalid_number: { class: 'card_data', customerReason: 'card_data' },
  incorrect_cvc: { class: 'card_data', customerReason: 'card_data' },
  invalid_cvc: { class: 'card_data', customerReason: 'card_data' },
  invalid_expiry_month: { class: 'card_data', customerReason: 'card_data' },
  invalid_expiry_year: { class: 'card_data', customerReason: 'card_data' },
  incorrect_zip: { class: 'card_data', customerReason: 'card_data' },
  incorrect_postal_code: { class: 'card_data', customerReason: 'card_data' },
  expired_payment_method: { class: 'card_data', customerReason: 'expired_card' },
  incorrect_address: { class: 'card_data', customerReason: 'card_data' },
  incorrect_pin: { class: 'card_data', customerReason: 'card_data' },
  invalid_pin: { class: 'card_data', customerReason: 'card_data' },
  invalid_account: { class: 'card_data', customerReason: 'card_data' },
  new_account_information_available: { class: 'card_data', customerReason: 'card_data' },

  // Never again with this card. Fraud, loss and theft must read like any other refusal.
  fraudulent: { class: 'hard', customerReason: 'declined' },
  fraud: { class: 'hard', customerReason: 'declined' },
  lost_card: { class: 'hard', customerReason: 'declined' },
  stolen_card: { class: 'hard', customerReason: 'declined' },
  merchant_blacklist: { class: 'hard', customerReason: 'declined' },
  pickup_card: { class: 'hard', customerReason: 'declined' },
  restricted_card: { class: 'hard', customerReason: 'declined' },
  // Of any kind of method, e.g. a card that was reported lost or stolen.
  payment_method_restricted: { class: 'hard', customerReason: 'declined' },
  security_violation: { class: 'hard', customerReason: 'declined' },
  card_not_supported: { class: 'hard', customerReason: 'declined' },
  currency_not_supported: { class: 'hard', customerReason: 'declined' },
  not_permitted: { class: 'hard', customerReason: 'declined' },
  transaction_not_allowed: { class: 'hard', customerReason: 'declined' },
  pin_try_exceeded: { class: 'hard', customerReason: 'declined' },
  do_not_try_again: { class: 'hard', customerReason: 'declined' },
  invalid_amount: { class: 'hard', customerReason: 'declined' },
  testmode_decline: { class: 'hard', customerReason: 'declined' },

  // The customer told the bank to stop: the agreement is over, not only this card.
  stop_payment_order: { class: 'revoked', customerReason: 'declined' },
  revocation_of_authorization: { class: 'revoked', customerReason: 'declined' },
  revocation_of_all_authorizations: { class: 'revoked', customerReason: 'declined' },

  // The same amount was just taken: look before anything else.
  duplicate_transaction: { class: 'check_first', customerReason: 'declined' },

  // Bank debits.
  generic_could_not_process: { class: 'soft', customerReason: 'temporary' },
  charge_exceeds_source_limit: { class: 'soft', customerReason: 'declined' },
  charge_exceeds_weekly_limit: { class: 'soft', customerReason: 'declined' },
  payment_method_provider_timeout: { class: 'soft', customerReason: 'temporary' },
  payment_method_provider_decline: { class: 'soft', customerReason: 'declined' },
  payment_method_not_available: { class: 'soft', customerReason: 'temporary' },
  payment_method_customer_decline: { class: 'needs_customer', customerReason: 'declined' },
  incorrect_account_holder_name: { class: 'card_data', customerReason: 'card_data' },
  no_account: { class: 'card_data', customerReason: 'card_data' },
  bank_account_invalid_details: { class: 'card_data', customerReason: 'card_data' },
  account_closed: { class: 'hard', customerReason: 'declined' },
  bank_account_closed: { class: 'hard', customerReason: 'declined' },
  bank_account_frozen: { class: 'hard', customerReason: 'declined' },
  recipient_deceased: { class: 'hard', customerReason: 'declined' },
  tokenized_account_number_deactivated: { class: 'hard', customerReason: 'declined' },
  bank_account_restricted: { class: 'hard', customerReason: 'declined' },
  bank_account_unusable: { class: 'hard', customerReason: 'declined' },
  // The customer stopped this payment with the bank, and not the agreement: only they know what is to follow.
  refer_to_customer: { class: 'hard', customerReason: 'declined' },
  // What the customer or the bank agreed to has ended, or Stripe takes no debits of the account any more.
  payment_intent_mandate_invalid: { class: 'hard', customerReason: 'declined' },
  india_recurring_payment_mandate_canceled: { class: 'hard', customerReason: 'declined' },
  payment_method_bank_account_blocked: { class: 'hard', customerReason: 'declined' },
  bank_ownership_changed: { class: 'hard', customerReason: 'declined' },
  invalid_currency: { class: 'hard', customerReason: 'declined' },
  debit_not_authorized: { class: 'revoked', customerReason: 'declined' },
};

/** Reasons that the customer must not learn: whoever holds the card may not be its owner. */
export const SECRET_CODES: readonly string[] = [
  'fraudulent',
  'fraud',
  'lost_card',
  'stolen_card',
  'merchant_blacklist',
  'pickup_card',
  'restricted_card',
  'payment_method_restricted',
  'security_violation',
];

/** `advice_code`: Stripe's own word on whether this card may be tried again. */
export const ADVICE_CODES: Readonly<Record<string, 'soft' | 'card_data' | 'hard'>> = {
  try_again_later: 'soft',
  confirm_card_data: 'card_data',
  do_not_try_again: 'hard',
};

/** Answers after which Visa forbids every further try (its category 1), as `network_decline_code`. */
export const VISA_NEVER_AGAIN: Readonly<Record<string, 'hard' | 'revoked'>> = {
  '04': 'hard',
  '07': 'hard',
  '12': 'hard',
  '14': 'hard',
  '15': 'hard',
  '41': 'hard',
  '43': 'hard',
  '46': 'hard',
  '57': 'hard',
  R0: 'revoked',
  R1: 'revoked',
  R3: 'revoked',
};

/** `network_advice_code`s by which Mastercard forbids every further try. */
export const MASTERCARD_NEVER_AGAIN: readonly string[] = ['03', '21'];
