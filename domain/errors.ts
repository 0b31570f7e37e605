/**
 * The `type`s of every ApplicationFailure of ours: a closed set, so that Workflow, API and alerts can tell them
 * apart without reading messages. Imported by workflows; free of I/O.
 */

/** Never retried by Temporal: the same try would fail the same way, and a person must look. */
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

/** Retried by Temporal under the same idempotency key, however long it takes. */
export const FAULTS = {
  StripeRateLimited: 'StripeRateLimited',
  /** 409, 5xx or no answer: whether it took effect is unknown. */
  StripeOutcomeUnknown: 'StripeOutcomeUnknown',
} as const;

/**
 * Refusals of commands, by the `type` of the ApplicationFailure that a validator throws. The API answers 409 with the
 * type in snake_case, which is how the tables of `domain/` name them.
 */
export const REFUSALS = {
  IdempotencyMismatch: 'IdempotencyMismatch',
  /** Stripe refused the first Checkout Session, e.g. for an unknown Customer. */
  SetupRefused: 'SetupRefused',
  // By the enrollment's status: enrollment-states.ts.
  EnrollmentEnded: 'EnrollmentEnded',
  EnrollmentNotStarted: 'EnrollmentNotStarted',
  EnrollmentPaused: 'EnrollmentPaused',
  EnrollmentNotPaused: 'EnrollmentNotPaused',
  CancelPending: 'CancelPending',
  NoCancelPending: 'NoCancelPending',
  // By the charge's status: charge-states.ts.
  ChargeUnknown: 'ChargeUnknown',
  ChargeSettled: 'ChargeSettled',
  ChargeInProgress: 'ChargeInProgress',
  ChargeHeld: 'ChargeHeld',
  ChargeNotCapturable: 'ChargeNotCapturable',
  ChargeNotRefundable: 'ChargeNotRefundable',
  ChargeNotInDunning: 'ChargeNotInDunning',
  ChargeNotParked: 'ChargeNotParked',
  ChargeDisputed: 'ChargeDisputed',
  /** Another command of the same charge is being carried out. */
  ChargeBusy: 'ChargeBusy',
  TooManyOpenCharges: 'TooManyOpenCharges',
  TooManyRetries: 'TooManyRetries',
  AmountInvalid: 'AmountInvalid',
  CaptureTooLarge: 'CaptureTooLarge',
  CaptureAmountInvalid: 'CaptureAmountInvalid',
  NothingToRefund: 'NothingToRefund',
  RefundTooLarge: 'RefundTooLarge',
  RefundAmountInvalid: 'RefundAmountInvalid',
  // Of the schedule: schedule-changes.ts.
  NothingToChange: 'NothingToChange',
  NotRecurring: 'NotRecurring',
  MoveNotAhead: 'MoveNotAhead',
  MovePastFollowing: 'MovePastFollowing',
  MovePastEnd: 'MovePastEnd',
  ResumeNotAhead: 'ResumeNotAhead',
  /** Its charge is not collected, so that nothing of it can be credited. */
  PeriodNotPaid: 'PeriodNotPaid',
  // Of tries by hand: customer-tries.ts.
  TooManyTries: 'TooManyTries',
  AnotherCardNeeded: 'AnotherCardNeeded',
  CardBudgetSpent: 'CardBudgetSpent',
} as const;

type SnakeCase<Text extends string> = Text extends `${infer First}${infer Rest}`
  ? `${First extends Lowercase<First> ? First : `_${Lowercase<First>}`}${SnakeCase<Rest>}`
  : '';

/** A refusal as the tables and the API name it, e.g. `charge_not_parked`. A code without a type fails the type check. */
export type RefusalCode = SnakeCase<Uncapitalize<keyof typeof REFUSALS>>;

/** `ChargeNotParked` is answered as `charge_not_parked`. */
export function refusalCode(type: string): string {
  return type.replace(/(?<!^)[A-Z]/g, (letter) => `_${letter}`).toLowerCase();
}

/** `charge_not_parked` is thrown as `ChargeNotParked`. */
export function refusalType(code: RefusalCode): string {
  return code.replace(/(?:^|_)([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

/** A request to Stripe was not sent, since its turn could not be had: for a database that is away, say. Retried. */
export class NoTurn extends Error {
  constructor(cause: unknown) {
    const why = cause instanceof Error ? cause.message : String(cause);
    super(`no turn at Stripe could be had, and nothing was sent: ${why}`, { cause });
    this.name = 'NoTurn';
  }
}
