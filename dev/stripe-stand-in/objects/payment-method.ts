// Builds PaymentMethods. The number itself goes into the Instrument beside it and never into the object.

import { createHash } from 'node:crypto';
import type Stripe from 'stripe';
import type { TestCard } from '../data/cards.ts';
import { newId } from '../ids.ts';

export interface BillingInput {
  address?: Stripe.Address | null;
  email?: string | null;
  name?: string | null;
  phone?: string | null;
}

export function billingDetails(input: BillingInput): Stripe.PaymentMethod.BillingDetails {
  return {
    address: input.address ?? EMPTY_ADDRESS,
    email: input.email ?? null,
    name: input.name ?? null,
    phone: input.phone ?? null,
    tax_id: null,
  };
}

export const EMPTY_ADDRESS: Stripe.Address = {
  city: null,
  country: null,
  line1: null,
  line2: null,
  postal_code: null,
  state: null,
};

/** The same for the same card number or account, so that two PaymentMethods of one card can be told. */
export function fingerprint(key: string): string {
  return createHash('sha256')
    .update(`stand-in ${key}`)
    .digest('base64')
    .replaceAll(/[^A-Za-z0-9]/g, '')
    .slice(0, 16);
}

export interface CardInput {
  card: TestCard;
  expMonth: number;
  expYear: number;
  cvcSent: boolean;
}

export function cardDetails(input: CardInput, billing: BillingInput): Stripe.PaymentMethod.Card {
  const { card } = input;
  return {
    brand: card.brand,
    checks: {
      address_line1_check: billing.address?.line1 ? card.line1Check : null,
      address_postal_code_check: billing.address?.postal_code ? card.zipCheck : null,
      cvc_check: input.cvcSent ? 'unchecked' : null,
    },
    country: card.country,
    display_brand: card.brand === 'amex' ? 'american_express' : card.brand,
    exp_month: input.expMonth,
    exp_year: input.expYear,
    fingerprint: fingerprint(card.number),
    funding: card.funding,
    generated_from: null,
    last4: card.number.slice(-4),
    networks: { available: [card.brand], preferred: null },
    regulated_status: 'unregulated',
    three_d_secure_usage: { supported: card.authentication !== 'not_supported' },
    wallet: null,
  };
}

interface Common {
  created: number;
  livemode: boolean;
  metadata: Record<string, string>;
  billing: BillingInput;
}

export function cardPaymentMethod(input: CardInput & Common): Stripe.PaymentMethod {
  return {
    id: newId('pm'),
    object: 'payment_method',
    allow_redisplay: 'unspecified',
    billing_details: billingDetails(input.billing),
    card: cardDetails(input, input.billing),
    created: input.created,
    customer: null,
    customer_account: null,
    livemode: input.livemode,
    metadata: input.metadata,
    type: 'card',
  };
}
