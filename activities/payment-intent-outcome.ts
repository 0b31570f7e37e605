/**
 * What a PaymentIntent, or Stripe's refusal of one, says about its charge. Called by the files that talk to Stripe about
 * PaymentIntents; asks Stripe nothing itself and decides nothing.
 */
import type { Stripe } from 'stripe';
import type { PaymentIntentOutcome } from '../domain/charge-outcome.ts';
import type { DeclineFacts } from '../domain/declines.ts';
import { readPaymentIntentStatus } from '../domain/payment-intent.ts';
import { defect } from './defect.ts';

/** What a PaymentIntent says about its charge. A failed try is told by `last_payment_error`. */
export function outcomeOf(intent: Stripe.PaymentIntent, paymentMethodType: string): PaymentIntentOutcome {
  const status = readPaymentIntentStatus(intent.status);
  if (status === 'unknown') {
    throw defect(
      'BooksDisagree',
      `${intent.id} has status '${intent.status}', which this version does not know`,
    );
  }
  const failed = status === 'requires_payment_method' ? intent.last_payment_error : null;
  return {
    kind: 'payment_intent',
    paymentIntentId: intent.id,
    status,
    amountReceivedMinor: intent.amount_received,
    stripeChargeId:
      typeof intent.latest_charge === 'string' ? intent.latest_charge : (intent.latest_charge?.id ?? null),
    decline: failed ? declineFacts(failed, failed.payment_method ?? null, paymentMethodType) : null,
    hold: status === 'requires_capture' ? holdOf(intent) : null,
    redirectUrl: intent.next_action === null ? null : addressOf(intent.next_action),
    lapsed: status === 'canceled' && LAPSED.includes(intent.cancellation_reason ?? ''),
  };
}

/**
 * Where the customer does what is asked of them: the bank's page, or else Stripe's page about it. Null where there is none,
 * e.g. for what is approved in the bank's app.
 */
function addressOf(next: Stripe.PaymentIntent.NextAction): string | null {
  const cashApp = next.cashapp_handle_redirect_or_display_qr_code;
  const swish = next.swish_handle_redirect_or_display_qr_code;
  const known = [
    next.redirect_to_url?.url,
    next.alipay_handle_redirect?.url,
    next.verify_with_microdeposits?.hosted_verification_url,
    cashApp?.hosted_instructions_url,
    swish?.hosted_instructions_url,
    next.upi_handle_redirect_or_display_qr_code?.hosted_instructions_url,
    next.pix_display_qr_code?.hosted_instructions_url,
    next.paynow_display_qr_code?.hosted_instructions_url,
    next.promptpay_display_qr_code?.hosted_instructions_url,
    next.wechat_pay_display_qr_code?.hosted_instructions_url,
    next.display_bank_transfer_instructions?.hosted_instructions_url,
    cashApp?.mobile_auth_url,
    swish?.mobile_auth_url,
  ];
  return known.find((address) => typeof address === 'string' && address !== '') ?? null;
}

/**
 * The outcome of a try that left the PaymentIntent without a method although Stripe names no error any more, e.g. because
 * somebody has edited it since: a decline for no reason given, so that dunning decides and the customer hears of it.
 */
export function withReason(outcome: PaymentIntentOutcome, paymentMethodType: string): PaymentIntentOutcome {
  return outcome.status === 'requires_payment_method' && outcome.decline === null
    ? { ...outcome, decline: declineFacts({}, null, paymentMethodType) }
    : outcome;
}

/** `cancellation_reason`s of Stripe's own doing, when nobody captured in time or after too many confirmations. */
const LAPSED = ['automatic', 'expired'];

/** Stripe names the last instant to capture on the Charge, which is there when it was expanded. */
function holdOf(intent: Stripe.PaymentIntent): PaymentIntentOutcome['hold'] {
  const charge = typeof intent.latest_charge === 'string' ? null : intent.latest_charge;
  return {
    capturableMinor: intent.amount_capturable,
    captureBeforeEpochS: charge?.payment_method_details?.card?.capture_before ?? null,
  };
}

interface SaidByStripe {
  code?: string | null;
  decline_code?: string | null;
  advice_code?: string | null;
  network_decline_code?: string | null;
  network_advice_code?: string | null;
}

export function declineFacts(
  said: SaidByStripe,
  method: Stripe.PaymentMethod | null,
  paymentMethodType: string,
): DeclineFacts {
  return {
    code: said.code ?? null,
    declineCode: said.decline_code ?? null,
    adviceCode: said.advice_code ?? null,
    networkDeclineCode: said.network_decline_code ?? null,
    networkAdviceCode: said.network_advice_code ?? null,
    paymentMethodType: method?.type ?? paymentMethodType,
    network: method?.card?.brand ?? null,
  };
}
