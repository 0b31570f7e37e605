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
  /** Set exactly in `requires_capture`: what is held, and until when if Stripe said so (epoch seconds). */
  hold: { capturableMinor: number; captureBeforeEpochS: number | null } | null;
  /** Where the customer confirms; only after an on-session confirmation that asks for it. */
  redirectUrl: string | null;
  /** Canceled by Stripe itself, e.g. because nobody captured in time. */
  lapsed: boolean;
}

export type ChargeOutcome =
  | PaymentIntentOutcome
  /** Stripe has no PaymentIntent of this charge, and never will under the key that was used. */
  | { kind: 'not_made' };
