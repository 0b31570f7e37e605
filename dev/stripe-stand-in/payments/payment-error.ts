// Writes a decline in the three places where it shows: the 402 body, last_payment_error, last_setup_error.

import type Stripe from 'stripe';
import type { Decline } from '../data/declines.ts';
import { docUrl, type ErrorBody, StripeFailure } from '../errors.ts';

/** The members that all three places share. Absent members are absent in Stripe's answers too. */
function declineMembers(decline: Decline) {
  return {
    code: decline.code,
    doc_url: docUrl(decline.code),
    message: decline.message,
    ...(decline.declineCode === null ? {} : { decline_code: decline.declineCode }),
    ...(decline.adviceCode ? { advice_code: decline.adviceCode } : {}),
    ...(decline.networkAdviceCode ? { network_advice_code: decline.networkAdviceCode } : {}),
    ...(decline.networkDeclineCode ? { network_decline_code: decline.networkDeclineCode } : {}),
    ...(decline.param === undefined ? {} : { param: decline.param }),
  };
}

export function lastPaymentError(
  decline: Decline,
  paymentMethod: Stripe.PaymentMethod,
  charge: string | null,
  type: 'card_error' | 'invalid_request_error' = 'card_error',
): Stripe.PaymentIntent.LastPaymentError {
  return {
    ...(charge === null ? {} : { charge }),
    ...declineMembers(decline),
    payment_method: { ...paymentMethod },
    type,
  };
}

export function lastSetupError(
  decline: Decline,
  paymentMethod: Stripe.PaymentMethod,
  type: 'card_error' | 'invalid_request_error' = 'card_error',
): Stripe.SetupIntent.LastSetupError {
  return { ...declineMembers(decline), payment_method: { ...paymentMethod }, type };
}

/** The 402 for a decline. Stored under the idempotency key: the same key answers the same decline. */
export function cardError(decline: Decline, context: Partial<ErrorBody> = {}): StripeFailure {
  return new StripeFailure(402, { type: 'card_error', ...declineMembers(decline), ...context });
}
