/**
 * What one look at a charge's PaymentIntent can tell: a value, never an exception. Made by the Activities that
 * talk to Stripe, read by dunning and by the Workflow. Types only.
 */
import type { DeclineFacts } from './declines.ts';
import type { PaymentIntentStatus } from './payment-intent.ts';

export interface PaymentIntentOutcome {
  kind: 'payment_intent';
  paymentIntentId: string;
  status: PaymentIntentStatus;
  amountReceivedMinor: number;
  /** Stripe's Charge of the last try, `ch_…` or `py_…`. */
  stripeChargeId: string | null;
  /** Set exactly when this answer is a failed try: status `requires_payment_method` after a decline. */
  decline: DeclineFacts | null;
}

export type ChargeOutcome =
  | PaymentIntentOutcome
  /** Stripe has no PaymentIntent of this charge, and never will under the key that was used. */
  | { kind: 'not_made' };
