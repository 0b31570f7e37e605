// Builds Charges: one for each attempt that reached a bank, whatever it answered.

import type Stripe from 'stripe';
import type { Decline } from '../data/declines.ts';
import { newId, randomChars } from '../ids.ts';

export interface ChargeInput {
  paymentIntent: Stripe.PaymentIntent;
  paymentMethod: Stripe.PaymentMethod;
  created: number;
  status: 'succeeded' | 'pending' | 'failed';
  captured: boolean;
  /** When an uncaptured charge is released, epoch seconds. */
  captureBefore: number | null;
  decline: Decline | null;
  details: Stripe.Charge.PaymentMethodDetails;
  baseUrl: string;
}

export function buildCharge(input: ChargeInput): Stripe.Charge {
  const { paymentIntent: intent, paymentMethod, decline } = input;
  const id = newId(paymentMethod.type === 'card' ? 'ch' : 'py');
  const descriptor = ['STAND-IN', intent.statement_descriptor_suffix].filter(Boolean).join('* ');
  return {
    id,
    object: 'charge',
    amount: intent.amount,
    amount_captured: input.captured ? intent.amount : 0,
    amount_refunded: 0,
    application: null,
    application_fee: null,
    application_fee_amount: null,
    balance_transaction: null,
    billing_details: paymentMethod.billing_details,
    calculated_statement_descriptor: descriptor.toUpperCase(),
    captured: input.captured,
    created: input.created,
    currency: intent.currency,
    customer: intent.customer,
    description: intent.description,
    disputed: false,
    failure_balance_transaction: null,
    failure_code: decline?.code ?? null,
    failure_message: decline?.message ?? null,
    fraud_details: {},
    livemode: intent.livemode,
    metadata: { ...intent.metadata },
    on_behalf_of: null,
    outcome: chargeOutcome(decline),
    paid: input.status !== 'failed',
    payment_intent: intent.id,
    payment_method: paymentMethod.id,
    payment_method_details: input.details,
    receipt_email: intent.receipt_email,
    receipt_number: null,
    receipt_url: input.status === 'succeeded' ? `${input.baseUrl}/receipts/${id}` : null,
    refunded: false,
    review: null,
    shipping: null,
    source: null,
    source_transfer: null,
    statement_descriptor: intent.statement_descriptor,
    statement_descriptor_suffix: intent.statement_descriptor_suffix,
    status: input.status,
    transfer_data: null,
    transfer_group: intent.transfer_group,
  };
}

function chargeOutcome(decline: Decline | null): Stripe.Charge.Outcome {
  if (decline === null) {
    return {
      advice_code: null,
      network_advice_code: null,
      network_decline_code: null,
      network_status: 'approved_by_network',
      reason: null,
      risk_level: 'normal',
      risk_score: 20,
      seller_message: 'Payment complete.',
      type: 'authorized',
    };
  }
  const blocked = decline.blocked === true;
  return {
    advice_code: decline.adviceCode ?? null,
    network_advice_code: decline.networkAdviceCode ?? null,
    network_decline_code: decline.networkDeclineCode ?? null,
    network_status: blocked ? 'not_sent_to_network' : 'declined_by_network',
    reason: blocked ? 'highest_risk_level' : (decline.declineCode ?? decline.code),
    risk_level: blocked ? 'highest' : 'normal',
    risk_score: blocked ? 90 : 20,
    seller_message: blocked
      ? 'Stripe blocked this payment as too risky.'
      : `The bank returned the decline code \`${decline.declineCode ?? decline.code}\`.`,
    type: blocked ? 'blocked' : 'issuer_declined',
  };
}

/** The card as it was used: a copy, because a PaymentMethod can be updated later. */
export function chargedCard(
  card: Stripe.PaymentMethod.Card,
  amount: number,
  authenticated: boolean,
  captureBefore: number | null,
): Stripe.Charge.PaymentMethodDetails {
  return {
    type: 'card',
    card: {
      amount_authorized: amount,
      authorization_code: randomChars(6).toUpperCase(),
      brand: card.brand,
      ...(captureBefore === null ? {} : { capture_before: captureBefore }),
      checks: card.checks,
      country: card.country,
      electronic_commerce_indicator: null,
      exp_month: card.exp_month,
      exp_year: card.exp_year,
      extended_authorization: { status: 'disabled' },
      fingerprint: card.fingerprint ?? null,
      funding: card.funding,
      incremental_authorization: { status: 'unavailable' },
      installments: null,
      last4: card.last4,
      mandate: null,
      multicapture: { status: 'unavailable' },
      network: card.brand,
      network_token: { used: false },
      network_transaction_id: randomChars(15),
      overcapture: { maximum_amount_capturable: amount, status: 'unavailable' },
      regulated_status: 'unregulated',
      three_d_secure: authenticated ? THREE_D_SECURE : null,
      transaction_link_id: null,
      wallet: null,
    },
  };
}

const THREE_D_SECURE: Stripe.Charge.PaymentMethodDetails.Card.ThreeDSecure = {
  authentication_flow: 'challenge',
  electronic_commerce_indicator: '05',
  exemption_indicator: null,
  result: 'authenticated',
  result_reason: null,
  transaction_id: '00000000-0000-4000-8000-000000000000',
  version: '2.2.0',
};
