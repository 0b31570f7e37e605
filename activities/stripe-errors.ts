/**
 * The one place where a StripeError becomes an outcome, a fault or a defect. Called by every Activity that talks
 * to Stripe. Decides by class, HTTP status and code; never reads a message.
 */
import { ApplicationFailure } from '@temporalio/common';
import { Stripe } from 'stripe';
import { DEFECTS, FAULTS, NoTurn } from '../domain/errors.ts';
import { defect } from './defect.ts';
import { delayAfterRateLimit, retryAfterMs } from './retry-delay.ts';

/** A 402: the request was right, the payment was not made. */
export function isDecline(error: unknown): error is InstanceType<typeof Stripe.errors.StripeCardError> {
  return error instanceof Stripe.errors.StripeCardError;
}

/**
 * A 400 because the object is not in a state that allows the call; `error.payment_intent` then shows the state
 * it is in.
 */
export function isUnexpectedState(error: unknown): error is InstanceType<typeof Stripe.errors.StripeError> {
  return (
    error instanceof Stripe.errors.StripeInvalidRequestError &&
    (error.code === 'payment_intent_unexpected_state' || error.code === 'setup_intent_unexpected_state')
  );
}

/** A 400 because nothing is held any more: the time to capture is over, or it was captured. It brings no PaymentIntent along. */
export function isHeldNoMore(error: unknown): boolean {
  return error instanceof Stripe.errors.StripeInvalidRequestError && HELD_NO_MORE.includes(error.code ?? '');
}

const HELD_NO_MORE: readonly string[] = [
  'capture_charge_authorization_expired',
  'charge_expired_for_capture',
  'charge_already_captured',
];

/**
 * The `code` of a 400 to a capture that says that this amount cannot be captured, e.g. because it is too small in the
 * currency that the account settles in; another one can. Null for anything else.
 */
export function refusedCapture(error: unknown): string | null {
  const isRefused =
    error instanceof Stripe.errors.StripeInvalidRequestError &&
    (error.code === 'amount_too_small' || error.code === 'amount_too_large');
  return isRefused ? (error.code ?? null) : null;
}

/** Why a saved method can be charged no more: the `code` of Stripe's that says so, or ours for one that is gone. */
export type UnusableMethod = 'payment_method_unusable' | (typeof ENDED)[number];

/** The agreement behind the method has ended, or Stripe takes no debits of the account: it stays saved, and of no use. */
const ENDED = [
  'payment_intent_mandate_invalid',
  'india_recurring_payment_mandate_canceled',
  'payment_method_bank_account_blocked',
] as const;

/**
 * @returns null for anything but a 400 or 404 that says that the named payment method will not do any more: detached, of
 * a deleted Customer, or without what allows to charge it
 */
export function unusableMethod(error: unknown): UnusableMethod | null {
  if (!(error instanceof Stripe.errors.StripeInvalidRequestError)) {
    return null;
  }
  const isGone =
    error.param === 'payment_method' &&
    (error.code === 'resource_missing' || error.code === 'payment_method_unexpected_state' || !error.code);
  return isGone ? 'payment_method_unusable' : (ENDED.find((code) => code === error.code) ?? null);
}

/** A 400 or 404 that says that what was named is gone, or was never there. */
export function isMissing(error: unknown): boolean {
  return error instanceof Stripe.errors.StripeInvalidRequestError && error.code === 'resource_missing';
}

/** A 400 that says that the named Customer is gone, or was never there: of another account or mode, say. */
export function isMissingCustomer(error: unknown): boolean {
  return (
    error instanceof Stripe.errors.StripeInvalidRequestError && error.param === 'customer' && isMissing(error)
  );
}

/** A 400 that names neither a code nor a parameter. */
export function isUnexplained(error: unknown): boolean {
  return error instanceof Stripe.errors.StripeInvalidRequestError && !error.code && !error.param;
}

/**
 * An answer after which nobody knows whether the request took effect, or Stripe's stored copy of one: a repeat
 * with the same key brings the same answer for as long as Stripe keeps the key.
 */
export function isServerError(error: unknown): boolean {
  return error instanceof Stripe.errors.StripeAPIError && (error.statusCode ?? 0) >= 500;
}

/**
 * Stripe's stored copy of a 500: the request has ended, whatever came of it, and this key brings nothing else any more.
 * After a look that shows no effect, another key is safe even where money moves.
 */
export function isStoredServerError(error: unknown): boolean {
  return (
    error instanceof Stripe.errors.StripeAPIError &&
    isServerError(error) &&
    error.headers?.['idempotent-replayed'] === 'true'
  );
}

/** The key came before with other parameters. Stripe names "still being worked on" an idempotency_error, too. */
export function isKeyOfAnother(error: unknown): boolean {
  return error instanceof Stripe.errors.StripeIdempotencyError && !isKeyInUse(error);
}

function isKeyInUse({ statusCode, code }: InstanceType<typeof Stripe.errors.StripeError>): boolean {
  return statusCode === 409 || code === 'idempotency_key_in_use';
}

/**
 * What to throw for any other error. Faults are retried by Temporal under the same idempotency key; defects are
 * not retried and park what they belong to. Anything that is not Stripe's is given back unchanged.
 */
export function failureOf(error: unknown, doing: string): unknown {
  if (!(error instanceof Stripe.errors.StripeError)) {
    return error;
  }
  if (error.detail instanceof NoTurn) {
    // Stripe's library takes it for a broken connection; nothing was sent.
    return error.detail;
  }
  const said = `Stripe answered ${error.statusCode ?? 'nothing'} (${error.code ?? error.rawType ?? error.type}) while ${doing}`;
  const request = error.requestId === undefined ? '' : `; request ${error.requestId}`;
  const param = error.param === undefined ? '' : `; parameter ${error.param}`;
  const message = `${said}${param}${request}`;
  if (error instanceof Stripe.errors.StripeRateLimitError) {
    return ApplicationFailure.create({
      type: FAULTS.StripeRateLimited,
      message,
      nextRetryDelay: delayAfterRateLimit(error.headers),
    });
  }
  if (isKeyOfAnother(error)) {
    return defect('StripeIdempotencyMismatch', message);
  }
  if (error.headers?.['stripe-should-retry'] === 'true') {
    return outcomeUnknown(error, message);
  }
  if (
    error instanceof Stripe.errors.StripeAuthenticationError ||
    error instanceof Stripe.errors.StripePermissionError
  ) {
    return defect('StripeKeyRefused', message);
  }
  if (error instanceof Stripe.errors.StripeInvalidRequestError || isDecline(error)) {
    return defect('StripeRequestRefused', message);
  }
  return outcomeUnknown(error, message);
}

/** Temporal says when it is tried again, unless Stripe does. */
function outcomeUnknown({ headers }: InstanceType<typeof Stripe.errors.StripeError>, message: string) {
  const waitMs = retryAfterMs(headers);
  return ApplicationFailure.create({
    type: FAULTS.StripeOutcomeUnknown,
    message,
    ...(waitMs === null ? {} : { nextRetryDelay: waitMs }),
  });
}

/**
 * As {@link failureOf}, for work that a customer or caller waits for and that a mended key completes by itself: a
 * refused key is retried every minute instead of ending the work.
 */
export function patientFailureOf(error: unknown, doing: string): unknown {
  const failure = failureOf(error, doing);
  if (failure instanceof ApplicationFailure && failure.type === DEFECTS.StripeKeyRefused) {
    return ApplicationFailure.create({
      type: `${DEFECTS.StripeKeyRefused}Waiting`,
      message: failure.message,
      nextRetryDelay: '60s',
    });
  }
  return failure;
}
