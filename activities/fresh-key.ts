/**
 * Idempotency keys of requests that move no money, or that Stripe itself takes once only. Such a key names the request's
 * content, so that a try with other content (a customer who has a new address meanwhile, a new version of ours) is a
 * request of its own and no `idempotency_error`; and it is renewed after some tries, because Stripe keeps the answer 500
 * for a key as long as the key lives, and a customer would wait a day. Never for payments; for refunds after a look.
 */
import { createHash } from 'node:crypto';
import { Context } from '@temporalio/activity';

/** Enough for a cut connection or a busy key to pass, which the same key answers best. */
const TRIES_UNDER_ONE_KEY = 4;

/**
 * The key of the running Activity's try: the same for the same content within a few tries, then a new one.
 * @param content what is sent, in an order that does not change
 */
export function freshKey(base: string, content: object): string {
  const digest = createHash('sha256').update(JSON.stringify(content)).digest('hex').slice(0, 16);
  return freshKeyOf(`${base}/${digest}`, Context.current().info.attempt);
}

/** @param attempt Temporal's count of this Activity's tries, from 1 */
export function freshKeyOf(base: string, attempt: number): string {
  const round = Math.floor((attempt - 1) / TRIES_UNDER_ONE_KEY);
  return round === 0 ? base : `${base}/again-${round}`;
}
