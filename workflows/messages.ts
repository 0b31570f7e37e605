/**
 * The messages of the enrollment Workflow, defined once: the Workflow handles them, the API sends them.
 * Signals are facts and have no answer. Updates are requests with an answer; a refused one (its validator
 * throws) leaves no event in the history. Queries only read.
 */
import { defineQuery, defineSignal, defineUpdate } from '@temporalio/workflow';
import type { ChargeStatus, EnrollmentStatus } from '../domain/statuses.ts';

/** Who asks, and why: kept in the timeline. `by` is `customer`, `operator`, or `api:<key id>`. */
export interface Requested {
  by: string;
  reason: string | null;
}

export interface OpenCheckoutSession {
  id: string;
  url: string;
  /** ISO 8601, UTC, by Stripe's clock. */
  expiresAt: string;
}

/** Sent with the start. Answered once the first Checkout Session exists, or at once when the customer is past it. */
export interface EnrollAnswer {
  status: EnrollmentStatus;
  checkoutSession: OpenCheckoutSession | null;
}

/**
 * `update-with-start` of an enrollment. Refused with type `IdempotencyMismatch` when the running Workflow was
 * started from a request with another fingerprint.
 */
export const enrollUpdate = defineUpdate<EnrollAnswer, [{ requestFingerprint: string }]>('enroll');

/** A live Checkout Session: the open one while it has time left, else a new one. Refused when the enrollment has ended. */
export const openCheckoutSessionUpdate = defineUpdate<OpenCheckoutSession, [Requested]>(
  'openCheckoutSession',
);

/** Cancels now. Answers when it has taken effect, or `canceling` when a payment's outcome must be awaited first. */
export const cancelEnrollmentUpdate = defineUpdate<{ status: EnrollmentStatus | 'canceling' }, [Requested]>(
  'cancelEnrollment',
);

/** An operator has mended what parked a charge as `needs_attention`: try it again. */
export const resumeChargeUpdate = defineUpdate<{ chargeId: string }, [Requested & { chargeId: string }]>(
  'resumeCharge',
);

/** Ends a pause, e.g. one that dunning ended with. */
export const resumeEnrollmentUpdate = defineUpdate<{ status: EnrollmentStatus }, [Requested]>(
  'resumeEnrollment',
);

/** A charge asked for through the API; the same `requestKey` is the same charge. */
export const createChargeUpdate = defineUpdate<
  { chargeId: string },
  [Requested & { requestKey: string; amountMinor: number; description: string | null }]
>('createCharge');

/** Stripe, or the return page, says that this Checkout Session is complete. It is read from Stripe before use. */
export const checkoutSessionCompletedSignal =
  defineSignal<[{ checkoutSessionId: string }]>('checkoutSessionCompleted');

/** Stripe says that this Checkout Session has expired. */
export const checkoutSessionExpiredSignal =
  defineSignal<[{ checkoutSessionId: string }]>('checkoutSessionExpired');

/** Something happened to a PaymentIntent that no request of ours caused: it is read from Stripe. */
export const paymentIntentChangedSignal =
  defineSignal<[{ chargeId: string; paymentIntentId: string; eventType: string }]>('paymentIntentChanged');

/** What the Workflow holds as true, for operators and for the check of the books. */
export interface EnrollmentState {
  status: EnrollmentStatus;
  paymentMethodId: string | null;
  nextChargeAt: string | null;
  charges: {
    id: string;
    status: ChargeStatus;
    amountMinor: number;
    attempts: number;
    nextAttemptAt: string | null;
  }[];
  chargesSucceeded: number;
  amountCollectedMinor: number;
}

export const enrollmentStateQuery = defineQuery<EnrollmentState>('enrollmentState');
