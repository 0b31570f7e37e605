/** The API, for the tests of whoever imports this, and an enrollment of its own for each of them. */
import { afterAll, beforeAll, beforeEach } from '@jest/globals';
import type { EnrollmentStatus } from '../../domain/statuses.ts';
import { enroll } from './enrolling.ts';
import { startApi, type TestApi } from './test-api.ts';

export let api: TestApi;
/** Of the enrollment, which is charged on demand. */
export let id: string;

beforeAll(async () => {
  api = await startApi();
});
afterAll(() => api.close());
beforeEach(async () => {
  api.forget();
  const { body } = await enroll(api, { terms: { currency: 'usd', schedule: { type: 'on_demand' } } });
  id = body.id;
  api.asked.length = 0;
});

export const post = (path: string, body?: object | string, idempotencyKey?: string) =>
  api.request('POST', `/v1/enrollments/${id}/${path}`, {
    ...(body === undefined ? {} : { body, headers: { 'content-type': 'application/json' } }),
    ...(idempotencyKey === undefined ? {} : { idempotencyKey }),
  });

export async function setStatus(status: EnrollmentStatus) {
  await api.db
    .updateTable('enrollments')
    .set({ status, ended_at: '2026-11-01T00:00:00.000Z' })
    .where('id', '=', id)
    .execute();
}
