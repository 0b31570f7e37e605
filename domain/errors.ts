/**
 * The `type`s of every ApplicationFailure of ours: a closed set, so that Workflow, API and alerts can tell them
 * apart without reading messages. Imported by workflows; free of I/O.
 */

export const DEFECTS = {
  /** Stripe answered 401 or 403: the key is wrong, revoked or lacks a permission. */
  StripeKeyRefused: 'StripeKeyRefused',
  /** Stripe answered 400 or 404 to a request that we built: a bug of ours, or data that Stripe no longer has. */
  StripeRequestRefused: 'StripeRequestRefused',
  /** Stripe holds another request under the same Idempotency-Key: never answered by taking a new key. */
  StripeIdempotencyMismatch: 'StripeIdempotencyMismatch',
  /** Our rows contradict the Workflow or Stripe. */
  BooksDisagree: 'BooksDisagree',
} as const;

/** Never retried by Temporal: the same try would fail the same way, and a person must look. */
export const NON_RETRYABLE_TYPES: string[] = Object.values(DEFECTS);

/** Retried by Temporal under the same idempotency key, however long it takes. */
export const FAULTS = {
  StripeRateLimited: 'StripeRateLimited',
  /** 409, 5xx or no answer: whether it took effect is unknown. */
  StripeOutcomeUnknown: 'StripeOutcomeUnknown',
} as const;

/** Refusals of commands by the Workflow's validators. The API answers 409 with the type in snake_case. */
export const REFUSALS = {
  IdempotencyMismatch: 'IdempotencyMismatch',
  EnrollmentEnded: 'EnrollmentEnded',
  EnrollmentNotStarted: 'EnrollmentNotStarted',
  CancelPending: 'CancelPending',
  ChargeUnknown: 'ChargeUnknown',
  ChargeNotParked: 'ChargeNotParked',
  TooManyOpenCharges: 'TooManyOpenCharges',
  AmountInvalid: 'AmountInvalid',
  NotPaused: 'NotPaused',
  /** Stripe refused the first Checkout Session, e.g. for an unknown Customer. */
  SetupRefused: 'SetupRefused',
} as const;
