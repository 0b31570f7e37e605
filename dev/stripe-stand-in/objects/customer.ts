// Builds Customers.

import type Stripe from 'stripe';
import { newId, randomChars } from '../ids.ts';

export interface CustomerInput {
  created: number;
  livemode: boolean;
  address: Stripe.Address | null;
  description: string | null;
  email: string | null;
  name: string | null;
  phone: string | null;
  preferredLocales: string[];
  shipping: Stripe.Customer.Shipping | null;
  metadata: Record<string, string>;
  defaultPaymentMethod: string | null;
}

export function buildCustomer(input: CustomerInput): Stripe.Customer {
  return {
    id: newId('cus', 14),
    object: 'customer',
    address: input.address,
    balance: 0,
    created: input.created,
    currency: null,
    default_source: null,
    delinquent: false,
    description: input.description,
    discount: null,
    email: input.email,
    invoice_prefix: randomChars(8).toUpperCase(),
    invoice_settings: {
      custom_fields: null,
      default_payment_method: input.defaultPaymentMethod,
      footer: null,
      rendering_options: null,
    },
    livemode: input.livemode,
    metadata: input.metadata,
    name: input.name,
    next_invoice_sequence: 1,
    phone: input.phone,
    preferred_locales: input.preferredLocales,
    shipping: input.shipping,
    tax_exempt: 'none',
    test_clock: null,
  };
}
