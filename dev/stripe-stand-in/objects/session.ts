// Builds Checkout Sessions in setup mode.

import type Stripe from 'stripe';
import { randomChars } from '../ids.ts';

export interface SessionInput {
  created: number;
  livemode: boolean;
  baseUrl: string;
  expiresAt: number;
  allowed: string[] | null;
  excluded: string[] | null;
  paymentMethodTypes: string[];
  cancelUrl: string | null;
  successUrl: string | null;
  returnUrl: string | null;
  uiMode: string;
  clientReferenceId: string | null;
  consentCollection: Stripe.Checkout.Session.ConsentCollection | null;
  currency: string | null;
  customText: Stripe.Checkout.Session.CustomText;
  customer: string | null;
  customerEmail: string | null;
  customerCreation: 'always' | 'if_required' | null;
  customerDetails: Stripe.Checkout.Session.CustomerDetails | null;
  billingAddressCollection: 'auto' | 'required' | null;
  locale: Stripe.Checkout.Session.Locale | null;
  metadata: Record<string, string>;
  setupIntent: string;
  requestThreeDSecure: 'automatic' | 'any' | 'challenge';
  collectPhone: boolean | null;
  submitType: Stripe.Checkout.Session.SubmitType | null;
}

export function buildSession(input: SessionInput): Stripe.Checkout.Session {
  const id = `cs_${input.livemode ? 'live' : 'test'}_a1${randomChars(56)}`;
  const hosted = input.uiMode === 'hosted_page';
  return {
    id,
    object: 'checkout.session',
    adaptive_pricing: null,
    after_expiration: null,
    allow_promotion_codes: null,
    allowed_payment_method_types: input.allowed,
    amount_subtotal: null,
    amount_total: null,
    automatic_tax: { enabled: false, liability: null, provider: null, status: null },
    billing_address_collection: input.billingAddressCollection,
    cancel_url: input.cancelUrl,
    client_reference_id: input.clientReferenceId,
    client_secret: hosted ? null : `${id}_secret_${randomChars(48)}`,
    collected_information: null,
    consent: null,
    consent_collection: input.consentCollection,
    created: input.created,
    currency: input.currency,
    currency_conversion: null,
    custom_fields: [],
    custom_text: input.customText,
    customer: input.customer,
    customer_account: null,
    customer_creation: input.customerCreation,
    customer_details: input.customerDetails,
    customer_email: input.customerEmail,
    discounts: null,
    ...(input.excluded === null ? {} : { excluded_payment_method_types: input.excluded }),
    expires_at: input.expiresAt,
    integration_identifier: null,
    invoice: null,
    invoice_creation: null,
    livemode: input.livemode,
    locale: input.locale,
    managed_payments: null,
    metadata: input.metadata,
    mode: 'setup',
    origin_context: null,
    payment_intent: null,
    payment_link: null,
    payment_method_collection: 'always',
    payment_method_configuration_details: null,
    payment_method_options: { card: { request_three_d_secure: input.requestThreeDSecure } },
    payment_method_types: input.paymentMethodTypes,
    payment_status: 'no_payment_required',
    permissions: null,
    ...(input.collectPhone === null ? {} : { phone_number_collection: { enabled: input.collectPhone } }),
    recovered_from: null,
    ...(input.returnUrl === null ? {} : { return_url: input.returnUrl }),
    saved_payment_method_options: null,
    setup_intent: input.setupIntent,
    shipping_address_collection: null,
    shipping_cost: null,
    shipping_options: [],
    status: 'open',
    submit_type: input.submitType,
    subscription: null,
    success_url: input.successUrl,
    total_details: null,
    ui_mode: input.uiMode,
    url: hosted ? `${input.baseUrl}/c/pay/${id}` : null,
    wallet_options: null,
  };
}

export function customerDetails(
  email: string | null,
  name: string | null,
): Stripe.Checkout.Session.CustomerDetails {
  return {
    address: null,
    business_name: null,
    email,
    individual_name: null,
    name,
    phone: null,
    tax_exempt: 'none',
    tax_ids: [],
  };
}
