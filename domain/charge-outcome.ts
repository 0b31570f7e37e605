/**
 * What one look at a charge's PaymentIntent can tell: a value, never an exception. Made by the Activities that
 * talk to Stripe, read by dunning and by the Workflow. Types only.
 */
import type { PaymentIntentStatus } from './payment-intent.ts';

/** A refusal by card network, bank or Stripe, in Stripe's own codes. */
export interface Decline {
  code: string;
  declineCode: string | null;
  adviceCode: string | null;
  networkDeclineCode: string | null;
  paymentMethodType: string;
  /** Card network, e.g. `visa`; null for other payment methods or when Stripe does not say. */
  network: string | null;
}

export type ChargeOutcome =
  | {
      kind: 'payment_intent';
      paymentIntentId: string;
      status: PaymentIntentStatus;
      amountReceivedMinor: number;
      /** Stripe's Charge of the last try, `ch_…` or `py_…`. */
      stripeChargeId: string | null;
      /** Set exactly when this answer is a failed try: status `requires_payment_method` after a decline. */
      decline: Decline | null;
    }
  /** Stripe has no PaymentIntent of this charge, and certainly never will under the key that was used. */
  | { kind: 'not_made' };

export type PaymentIntentOutcome = Extract<ChargeOutcome, { kind: 'payment_intent' }>;
