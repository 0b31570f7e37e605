// Faults that the control plane has ordered: a status, a delay or a cut connection, before or after the effect.

import type { ErrorBody } from '../errors.ts';

export interface Fault {
  method: string | null;
  pathPrefix: string;
  /** How many requests it still meets. */
  times: number;
  kind: 'status' | 'delay' | 'cut';
  status: number;
  when: 'before' | 'after';
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
      const found = faults.find(
        (fault) => (fault.method === null || fault.method === method) && path.startsWith(fault.pathPrefix),
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
export function faultBody(status: number): ErrorBody {
  switch (status) {
    case 401:
      return { type: 'invalid_request_error', message: 'Invalid API Key provided: sk_test_********' };
    case 403:
      return {
        type: 'invalid_request_error',
        message: 'The provided key does not have the required permissions.',
      };
    case 409:
      return {
        type: 'idempotency_error',
        code: 'idempotency_key_in_use',
        message:
          'There is currently another in-progress request using this Idempotency Key. Try again later.',
      };
    case 429:
      return {
        type: 'invalid_request_error',
        code: 'rate_limit',
        message:
          'Request rate limit exceeded. Learn more about rate limits: https://docs.stripe.com/rate-limits.',
      };
    default:
      return status >= 500
        ? { type: 'api_error', message: 'Sorry! There was an error while talking to one of our backends.' }
        : { type: 'invalid_request_error', message: `The control plane ordered status ${status}.` };
  }
}
