/**
 * A new idempotency key after some tries, for requests that move no money. Stripe keeps the answer 500 for a key as
 * long as the key lives, so that a customer would wait a day for a Checkout Session. Called by Activities that create
 * what costs nothing when there are two of it, or that Stripe itself takes once only; never for payments and refunds.
 */
import { Context } from '@temporalio/activity';

/** Enough for a cut connection or a busy key to pass, which the same key answers best. */
const TRIES_UNDER_ONE_KEY = 4;

/** `base` for the first tries of the running Activity, later `base` with a number; the same within a few tries. */
export function freshKey(base: string): string {
  return freshKeyOf(base, Context.current().info.attempt);
}

/** @param attempt Temporal's count of this Activity's tries, from 1 */
export function freshKeyOf(base: string, attempt: number): string {
  const round = Math.floor((attempt - 1) / TRIES_UNDER_ONE_KEY);
  return round === 0 ? base : `${base}/again-${round}`;
}
