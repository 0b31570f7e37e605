/**
 * What Stripe refuses for a moment is asked again: a large account takes many minutes to be read, and one request that
 * failed would have them all begin anew. Used by `read-stripe.ts`, for reads alone.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import pRetry from 'p-retry';
import { Stripe } from 'stripe';

/** Its waits double from half a second on: a minute altogether, where Stripe does not say how long. */
const RETRIES = 7;
const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 30_000;

/** @throws Stripe's error unchanged: at once where another try would be answered alike, else that of the last one */
export function patiently<T>(ask: () => Promise<T>): Promise<T> {
  return pRetry(ask, {
    retries: RETRIES,
    minTimeout: FIRST_WAIT_MS,
    maxTimeout: LONGEST_WAIT_MS,
    async shouldRetry({ error, retryDelay }) {
      if (!(error instanceof Stripe.errors.StripeError) || !passes(error)) {
        return false;
      }
      await sleep(Math.max(0, askedToWaitMs(error) - retryDelay));
      return true;
    },
  });
}

/** An answer that could not be read has no status, and neither has none at all. */
function passes({ statusCode = 500 }: { statusCode?: number | undefined }): boolean {
  return statusCode === 429 || statusCode >= 500;
}

function askedToWaitMs({ headers }: { headers?: Record<string, string> | undefined }): number {
  const seconds = Number(headers?.['retry-after']);
  return Number.isFinite(seconds) ? Math.min(seconds * 1_000, LONGEST_WAIT_MS) : 0;
}
