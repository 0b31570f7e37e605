// Builds mandates: a customer's leave to debit a bank account. Cards have none here.

import type Stripe from 'stripe';
import { newId, randomChars } from '../ids.ts';

export function buildMandate(paymentMethod: Stripe.PaymentMethod, acceptedAt: number): Stripe.Mandate {
  return {
    id: newId('mandate'),
    object: 'mandate',
    customer_acceptance: {
      accepted_at: acceptedAt,
      online: { ip_address: '127.0.0.1', user_agent: 'stripe-stand-in' },
      type: 'online',
    },
    livemode: paymentMethod.livemode,
    multi_use: {},
    payment_method: paymentMethod.id,
    payment_method_details: detailsOf(paymentMethod.type),
    status: 'active',
    type: 'multi_use',
  };
}

function detailsOf(type: string): Stripe.Mandate.PaymentMethodDetails {
  switch (type) {
    case 'sepa_debit':
      return { type, sepa_debit: { reference: randomChars(16).toUpperCase(), url: 'about:blank' } };
    case 'acss_debit': {
      const acss_debit = {
        interval_description: null,
        payment_schedule: 'sporadic',
        transaction_type: 'personal',
      };
      return { type, acss_debit };
    }
    default:
      return { type: 'us_bank_account', us_bank_account: {} };
  }
}
