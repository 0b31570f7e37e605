// Faults that the control plane has ordered: a status, a delay or a cut connection, before or after the effect.

import type { ErrorBody } from '../errors.ts';
import { RATE_LIMITED } from './rate-limit.ts';

export interface Fault {
  /** null: any. */
  method: string | null;
  pathPrefix: string;
  /** How the path ends, e.g. `/cancel`; empty: however. */
  pathSuffix: string;
  /** How many requests it still meets. */
  times: number;
  /** Host time in epoch milliseconds after which it meets none; null: no end. */
  untilMs: number | null;
  kind: 'status' | 'delay' | 'cut';
  status: number;
  /** Replaces the error code that goes with the status, e.g. `lock_timeout` for 429. */
  code: string | null;
  /** The header Stripe-Should-Retry; null leaves it out. */
  shouldRetry: boolean | null;
  /** The effect: it comes to none, it has been, or the endpoint began and failed, which is kept for the key. */
  when: 'before' | 'after' | 'instead';
  delayMs: number;
}

export interface Faults {
  add(fault: Fault): void;
  /** Takes one use of the first fault that the request meets. */
  take(method: string, path: string): Fault | null;
  list(): readonly Fault[];
  clear(): void;
}

export function createFaults(): Faults {
  let faults: Fault[] = [];
  return {
    add(fault) {
      faults.push({ ...fault });
    },
    take(method, path) {
      if (faults.length === 0) return null;
      faults = faults.filter((fault) => fault.untilMs === null || fault.untilMs > Date.now());
      const found = faults.find(
        (fault) =>
          (fault.method === null || fault.method === method) &&
          path.startsWith(fault.pathPrefix) &&
          path.endsWith(fault.pathSuffix),
      );
      if (found === undefined) return null;
      found.times -= 1;
      if (found.times <= 0) faults = faults.filter((fault) => fault !== found);
      return found;
    },
    list: () => faults,
    clear() {
      faults = [];
    },
  };
}

/** The body that goes with an ordered status. */
export function faultBody(fault: Fault): ErrorBody {
  const body = bodyOf(fault.status);
  return fault.code === null ? body : { ...body, code: fault.code };
}

function bodyOf(status: number): ErrorBody {
  switch (status) {
    case 401:
      return { type: 'invalid_request_error', message: 'Invalid API Key provided: sk_test_********' };
    case 403:
      return {
        type: 'invalid_request_error',
        message: 'The provided key does not have the required permissions for this endpoint.',
      };
    case 409:
      return {
        type: 'idempotency_error',
        code: 'idempotency_key_in_use',
        message:
          'There is currently another in-progress request using this Idempotency Key. Try again later.',
      };
    case 429:
      return RATE_LIMITED;
    default:
      return status >= 500
        ? { type: 'api_error', message: 'Sorry! There was an error while talking to one of our backends.' }
        : { type: 'invalid_request_error', message: `The control plane ordered status ${status}.` };
  }
}
