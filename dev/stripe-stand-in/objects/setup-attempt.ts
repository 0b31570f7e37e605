// Builds SetupAttempts: one for each try of a SetupIntent.

import type Stripe from 'stripe';
import { newId } from '../ids.ts';

export function buildSetupAttempt(
  intent: Stripe.SetupIntent,
  paymentMethod: Stripe.PaymentMethod,
  status: 'requires_action' | 'succeeded' | 'failed',
  error: Stripe.SetupAttempt.SetupError | null,
  created: number,
): Stripe.SetupAttempt {
  return {
    id: newId('setatt'),
    object: 'setup_attempt',
    application: null,
    created,
    customer: intent.customer,
    customer_account: null,
    flow_directions: null,
    livemode: intent.livemode,
    on_behalf_of: null,
    payment_method: paymentMethod.id,
    payment_method_details: attemptDetails(paymentMethod),
    setup_error: error,
    setup_intent: intent.id,
    status,
    usage: intent.usage,
  };
}

function attemptDetails(paymentMethod: Stripe.PaymentMethod): Stripe.SetupAttempt.PaymentMethodDetails {
  const { card, ideal } = paymentMethod;
  if (ideal !== undefined) {
    const { bank, bic } = ideal;
    const generated = { generated_sepa_debit: null, generated_sepa_debit_mandate: null };
    return { type: 'ideal', ideal: { bank, bic, ...generated, iban_last4: null, verified_name: null } };
  }
  if (card === undefined) {
    switch (paymentMethod.type) {
      case 'sepa_debit':
        return { type: 'sepa_debit', sepa_debit: {} };
      case 'acss_debit':
        return { type: 'acss_debit', acss_debit: {} };
      default:
        return { type: 'us_bank_account', us_bank_account: {} };
    }
  }
  return {
    type: 'card',
    card: {
      brand: card.brand,
      checks: card.checks,
      country: card.country,
      exp_month: card.exp_month,
      exp_year: card.exp_year,
      fingerprint: card.fingerprint ?? null,
      funding: card.funding,
      last4: card.last4,
      network: card.brand,
      three_d_secure: null,
      wallet: null,
    },
  };
}
