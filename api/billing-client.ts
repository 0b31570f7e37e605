/**
 * What the API and the customer's pages may ask of the Workflows; implemented over the Temporal client in
 * `api/temporal-billing-client.ts`. Every call is bounded in time.
 */
import type { EnrollmentStatus } from '../domain/statuses.ts';
import type { EnrollmentInput } from '../workflows/input.ts';
import type { EnrollAnswer, OpenCheckoutSession, Requested } from '../workflows/messages.ts';

export interface BillingClient {
  /**
   * Starts the enrollment's Workflow, or reaches the one that already runs under its id, in one trip.
   * Safe to call twice. @throws CommandRefused `idempotency_mismatch` when it was started from another request.
   */
  enroll(input: EnrollmentInput): Promise<EnrollAnswer>;
  /** A live Checkout Session. @throws CommandRefused when the enrollment has ended. */
  openCheckoutSession(enrollmentId: string, requested: Requested): Promise<OpenCheckoutSession>;
  /** Cancels now. @throws CommandRefused when it has already ended. */
  cancelEnrollment(
    enrollmentId: string,
    requested: Requested,
  ): Promise<{ status: EnrollmentStatus | 'canceling' }>;
  /** Ends a pause. @throws CommandRefused unless it is paused. */
  resumeEnrollment(enrollmentId: string, requested: Requested): Promise<{ status: EnrollmentStatus }>;
  /** @throws CommandRefused unless the charge needs attention. */
  resumeCharge(enrollmentId: string, chargeId: string, requested: Requested): Promise<{ chargeId: string }>;
  /** A charge besides the schedule; the same `requestKey` is the same charge. @throws CommandRefused. */
  createCharge(
    enrollmentId: string,
    request: Requested & { requestKey: string; amountMinor: number; description: string | null },
  ): Promise<{ chargeId: string }>;
  /** Tells the Workflow that a Checkout Session is complete; answers false when the Workflow is closed or unknown. */
  checkoutSessionCompleted(enrollmentId: string, checkoutSessionId: string): Promise<boolean>;
  /** As {@link checkoutSessionCompleted}, for expiry. */
  checkoutSessionExpired(enrollmentId: string, checkoutSessionId: string): Promise<boolean>;
  /** As {@link checkoutSessionCompleted}, for a PaymentIntent that changed without a request of ours. */
  paymentIntentChanged(
    enrollmentId: string,
    change: { chargeId: string; paymentIntentId: string; eventType: string },
  ): Promise<boolean>;
}

/** The Workflow's validator said no. `code` is machine-readable, the message is written for the caller. HTTP 409. */
export class CommandRefused extends Error {
  readonly code: string;
  constructor(code: string, message: string) {
    super(message);
    this.name = 'CommandRefused';
    this.code = code;
  }
}

/** Temporal cannot be reached or did not answer in time. HTTP 503; the call may be repeated. */
export class BillingUnavailable extends Error {
  constructor(message: string, cause: unknown) {
    super(message, { cause });
    this.name = 'BillingUnavailable';
  }
}

/** No running Workflow of that id. HTTP 404, or 409 when the row says that it has ended. */
export class EnrollmentNotRunning extends Error {
  constructor(enrollmentId: string) {
    super(`no Workflow is running for ${enrollmentId}`);
    this.name = 'EnrollmentNotRunning';
  }
}
