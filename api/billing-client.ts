/**
 * What the API and the customer's pages may ask of the Workflows; implemented over the Temporal client in
 * `api/temporal-billing-client.ts`. Every call is bounded in time. A command with a `request` is carried out once under its
 * key, and every repeat has the answer of the first while the same run lasts; afterwards the timeline tells of it.
 */
import type { PaidCharge } from '../db/aftermath.ts';
import type { CancelPreview } from '../domain/cancel-preview.ts';
import type { EnrollmentStatus } from '../domain/statuses.ts';
import type { EnrollmentInput } from '../domain/workflow-input.ts';
import type {
  ChargeAnswer,
  EnrollAnswer,
  OpenCheckoutSession,
  Requested,
  ScheduleAnswer,
  UntriedCharge,
} from '../workflows/messages.ts';

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
  /** What a cancel would stop and what stays owed. Changes nothing. */
  previewCancel(enrollmentId: string, when: 'now' | 'at_period_end'): Promise<CancelPreview>;
  /** Cancels when the running period is over. @throws CommandRefused when nothing is planned. */
  cancelAtPeriodEnd(enrollmentId: string, requested: Requested): Promise<{ cancelAt: string }>;
  /** Takes a cancel at the period's end back. @throws CommandRefused when it has taken effect. */
  undoCancel(enrollmentId: string, requested: Requested): Promise<{ status: EnrollmentStatus }>;
  /** @param requested.resumeAt ISO 8601; null: until somebody resumes it. @throws CommandRefused */
  pauseEnrollment(
    enrollmentId: string,
    requested: Requested & { resumeAt: string | null },
  ): Promise<{ status: EnrollmentStatus }>;
  /** Ends a pause. @throws CommandRefused unless it is paused. */
  resumeEnrollment(enrollmentId: string, requested: Requested): Promise<{ status: EnrollmentStatus }>;
  /** Leaves the next charge of the schedule out. @throws CommandRefused when none is ahead. */
  skipNext(enrollmentId: string, requested: Requested): Promise<ScheduleAnswer>;
  /** @param requested.dueAt ISO 8601. @throws CommandRefused */
  moveNext(enrollmentId: string, requested: Requested & { dueAt: string }): Promise<ScheduleAnswer>;
  /** Makes the next charge of the schedule now. @throws CommandRefused when none is ahead. */
  chargeNow(enrollmentId: string, requested: Requested): Promise<ScheduleAnswer>;
  /** @throws CommandRefused unless the schedule is recurring */
  changeAmount(
    enrollmentId: string,
    requested: Requested & {
      amountMinor: number;
      effective: 'from_next' | 'at_once';
    },
  ): Promise<ScheduleAnswer & { balanceMinor: number; chargeId: string | null }>;
  /** @throws CommandRefused unless the charge needs attention. */
  resumeCharge(enrollmentId: string, chargeId: string, requested: Requested): Promise<{ chargeId: string }>;
  /** Tries a charge at once; for customers (`by: 'customer'`) within a limit. @throws CommandRefused */
  retryCharge(enrollmentId: string, chargeId: string, requested: Requested): Promise<ChargeAnswer>;
  /**
   * Confirms a declined charge while the customer is there. `redirectUrl` is where their bank asks them; null when it
   * did not. They come back to `<link>/return?charge_id=…&payment_intent=…`: then call {@link paymentIntentChanged}.
   * @throws CommandRefused
   */
  authenticateCharge(
    enrollmentId: string,
    chargeId: string,
    requested: Requested,
  ): Promise<ChargeAnswer & { redirectUrl: string | null }>;
  /** @param requested.amountMinor null: all that is held. @throws CommandRefused */
  captureCharge(
    enrollmentId: string,
    chargeId: string,
    requested: Requested & { amountMinor: number | null },
  ): Promise<ChargeAnswer>;
  /**
   * A charge that is accepted and was not tried yet, so that it may have no row.
   * @returns null when there is none such; also when the Worker is older and does not tell
   */
  untriedCharge(enrollmentId: string, chargeId: string): Promise<UntriedCharge | null>;
  /** Ends one charge: canceled, or forgiven. @throws CommandRefused */
  cancelCharge(
    enrollmentId: string,
    chargeId: string,
    requested: Requested & { as: 'cancel' | 'forgive' },
  ): Promise<ChargeAnswer>;
  /** @throws CommandRefused unless the charge is in dunning */
  extendDunning(
    enrollmentId: string,
    chargeId: string,
    requested: Requested & { days: number },
  ): Promise<ChargeAnswer & { nextAttemptAt: string | null; giveUpAt: string | null }>;
  /** @throws CommandRefused unless the charge is in dunning */
  stopDunning(enrollmentId: string, chargeId: string, requested: Requested): Promise<ChargeAnswer>;
  /** A charge besides the schedule; the same `requestKey` is the same charge. @throws CommandRefused. */
  createCharge(
    enrollmentId: string,
    request: Requested & { requestKey: string; amountMinor: number; description: string | null },
  ): Promise<{ chargeId: string }>;
  /**
   * Gives a paid charge back, also after its enrollment has ended. The same `requestKey` is the same refund.
   * @param charge as the rows have it; @param request.amountMinor null: all that is left
   * @throws CommandRefused
   */
  refundCharge(
    charge: PaidCharge,
    request: Requested & { requestKey: string; amountMinor: number | null },
  ): Promise<{ refundId: string; status: string; amountMinor: number }>;
  /** Tells that refunds or disputes of a paid charge changed; they are read from Stripe. Safe to call twice. */
  chargeAftermath(charge: PaidCharge): Promise<void>;
  /** As {@link checkoutSessionCompleted}, for a saved method that changed without a request of ours. */
  paymentMethodChanged(
    enrollmentId: string,
    change: { paymentMethodId: string; eventType: string },
  ): Promise<boolean>;
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

/**
 * Temporal or a Worker did not answer in time. HTTP 503. What was asked for may have been done, or be done yet: Temporal
 * keeps a command until a Worker takes it.
 */
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
