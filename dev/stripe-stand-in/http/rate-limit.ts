// Stripe's rate limit: so many requests in any second, of reads and of writes each. Off unless the setting says so.
// Strict on purpose: a client that never meets a 429 here meets none at a limiter that forgives bursts.

import type { ErrorBody } from '../errors.ts';

export interface RateLimit {
  /** Whether a request may pass at this instant; one that may not does not count. */
  admits(method: string, perSecond: number, nowMs: number): boolean;
  clear(): void;
}

export const RATE_LIMITED: ErrorBody = {
  type: 'invalid_request_error',
  code: 'rate_limit',
  message: 'Request rate limit exceeded. Learn more about rate limits: https://docs.stripe.com/rate-limits.',
};

const WINDOW_MS = 1000;

export function createRateLimit(): RateLimit {
  let passed: Record<'read' | 'write', number[]> = { read: [], write: [] };
  return {
    admits(method, perSecond, nowMs) {
      const kind = method === 'GET' ? 'read' : 'write';
      const recent = passed[kind].filter((atMs) => atMs > nowMs - WINDOW_MS);
      passed[kind] = recent;
      if (recent.length >= perSecond) return false;
      recent.push(nowMs);
      return true;
    },
    clear() {
      passed = { read: [], write: [] };
    },
  };
}
