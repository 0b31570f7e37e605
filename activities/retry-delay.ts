/**
 * When an Activity asks Stripe again after it was told to wait. Called by stripe-errors.ts alone. Temporal's own delays are
 * the same for all, so those who were refused together would come back together, and be refused again.
 */
import { asyncLocalStorage } from '@temporalio/activity';

/** Before this long a limit of so many requests a second has not moved on. */
const SOONEST_MS = 1_000;
/** What the first retry is spread over; each further one over twice as much. */
const FIRST_SPREAD_MS = 2_000;
/** A customer may wait for it. */
const WIDEST_SPREAD_MS = 32_000;
/** Whatever Stripe, or something between it and us, asks for. */
const LONGEST_MS = 300_000;

type Headers = Record<string, string | undefined>;

/**
 * After a 429: not sooner than `Retry-After` says, and each at a time of its own.
 * @returns milliseconds; at random, so that it is asked once for each failure
 */
export function delayAfterRateLimit(headers: Headers = {}): number {
  const attempt = asyncLocalStorage.getStore()?.info.attempt ?? 1;
  // "No" is for clients that retry within seconds: it is asked again all the same, since nothing was done yet.
  const isLate = headers['stripe-should-retry'] === 'false';
  const doubled = FIRST_SPREAD_MS * 2 ** (attempt - 1);
  const spreadMs = isLate ? WIDEST_SPREAD_MS : Math.min(doubled, WIDEST_SPREAD_MS);
  return Math.round((retryAfterMs(headers) ?? SOONEST_MS) + Math.random() * spreadMs);
}

/** @returns what `Retry-After` says, in seconds or as a date; null when it says nothing that can be waited for */
export function retryAfterMs(headers: Headers = {}): number | null {
  const said = headers['retry-after']?.trim() ?? '';
  const ms = /^\d+(\.\d+)?$/.test(said) ? Number(said) * 1_000 : Date.parse(said) - Date.now();
  return ms > 0 ? Math.min(ms, LONGEST_MS) : null;
}
