// What a refused card answers: `code`, `decline_code` and the sentence. Codes are Stripe's; sentences are for people.

export interface Decline {
  code: string;
  declineCode: string | null;
  message: string;
  param?: string;
  adviceCode?: string | null;
  networkDeclineCode?: string | null;
  networkAdviceCode?: string | null;
  /** Stripe's own refusal: the network never saw the payment. */
  blocked?: boolean;
}

const DECLINED = 'Your card was declined.';

function issuer(declineCode: string, message = DECLINED): Decline {
  return { code: 'card_declined', declineCode, message };
}

/** Codes that stand for themselves instead of `card_declined`; decline_code repeats them. */
const OWN_CODE: Record<string, { message: string; param?: string }> = {
  authentication_required: { message: 'Your card was declined. This transaction requires authentication.' },
  expired_card: { message: 'Your card has expired.', param: 'exp_month' },
  incorrect_cvc: { message: "Your card's security code is incorrect.", param: 'cvc' },
  invalid_cvc: { message: "Your card's security code is invalid.", param: 'cvc' },
  incorrect_number: { message: 'Your card number is incorrect.', param: 'number' },
  invalid_number: { message: 'Your card number is not a valid credit card number.', param: 'number' },
  invalid_expiry_month: { message: "Your card's expiration month is invalid.", param: 'exp_month' },
  invalid_expiry_year: { message: "Your card's expiration year is invalid.", param: 'exp_year' },
  incorrect_zip: { message: "Your card's postal code is incorrect.", param: 'address_zip' },
  processing_error: {
    message: 'An error occurred while processing your card. Try again in a little bit.',
  },
};

const ISSUER_MESSAGES: Record<string, string> = {
  insufficient_funds: 'Your card has insufficient funds.',
  card_velocity_exceeded:
    'Your card was declined for making repeated attempts too frequently or exceeding its amount limit.',
  card_not_supported: 'Your card is not supported.',
  currency_not_supported: 'Your card does not support this currency.',
  test_mode_live_card:
    'Your card was declined. Your request was in test mode, but used a non test card. ' +
    'For a list of valid test cards, visit: https://docs.stripe.com/testing.',
  live_mode_test_card: 'Your card was declined. Your request was in live mode, but used a known test card.',
};

/** The decline for one of Stripe's decline codes, e.g. `insufficient_funds` or `expired_card`. */
export function declineFor(declineCode: string): Decline {
  const own = OWN_CODE[declineCode];
  if (own !== undefined) return { code: declineCode, declineCode, ...own };
  return issuer(declineCode, ISSUER_MESSAGES[declineCode]);
}

export const GENERIC_DECLINE = declineFor('generic_decline');
export const AUTHENTICATION_REQUIRED = declineFor('authentication_required');
export const RADAR_BLOCK: Decline = { ...issuer('fraudulent'), blocked: true };
