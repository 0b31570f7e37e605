/**
 * The closed sets of states that enrollments and charges can be in, shared by Workflow, rows, API, pages and
 * search attributes. Which change is allowed is decided elsewhere; this file only names them.
 */
import type { PaymentIntentStatus } from './payment-intent.ts';

export const ENROLLMENT_STATUSES = [
  'awaiting_payment_method',
  'active',
  'past_due',
  'paused',
  'completed',
  'canceled',
  'expired',
] as const;
export type EnrollmentStatus = (typeof ENROLLMENT_STATUSES)[number];

/** The three ends: nothing is charged any more and the Workflow is closed or about to be. */
export const ENDED = ['completed', 'canceled', 'expired'] as const satisfies readonly EnrollmentStatus[];
export type EnrollmentEnd = (typeof ENDED)[number];

/** Stripe's seven PaymentIntent statuses and three of ours around them. */
export type ChargeStatus = 'scheduled' | PaymentIntentStatus | 'uncollectible' | 'needs_attention';

/** No further attempt ever follows on these. */
export const SETTLED_CHARGE: readonly ChargeStatus[] = ['succeeded', 'canceled', 'uncollectible'];

/** A charge that waits for another try, or for its customer, makes its enrollment `past_due`. */
export const PAST_DUE_CHARGE: readonly ChargeStatus[] = [
  'requires_payment_method',
  'requires_confirmation',
  'requires_action',
];
