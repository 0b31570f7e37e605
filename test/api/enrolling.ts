/** Enrolls over the API, for the tests of what it answers. */
import type { TestApi } from './test-api.ts';

/** The least that a monthly enrollment says. */
export const MONTHLY = {
  terms: {
    currency: 'jpy',
    schedule: { type: 'recurring', amount_minor: 980, interval: { unit: 'month' } },
  },
};

let serial = 0;

/** An Idempotency-Key that no other request of this file has. */
export const newKey = () => `key-${++serial}`;

export const enroll = (api: TestApi, body: object | string, idempotencyKey = newKey()) =>
  api.request('POST', '/v1/enrollments', { body, idempotencyKey });
