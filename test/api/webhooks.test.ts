/** The operator's view of the inbox over HTTP. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { sql } from 'kysely';
import { waitFor } from '../support/wait.ts';
import { startApi, type TestApi } from './test-api.ts';
import { sessionEvent } from './webhook-events.ts';

let api: TestApi;
let enrollmentId: string;
/** In the order in which they came in. */
const ids: string[] = [];

beforeAll(async () => {
  api = await startApi();
  const { body } = await api.request('POST', '/v1/enrollments', {
    idempotencyKey: 'inbox',
    body: { terms: { currency: 'jpy', schedule: { type: 'on_demand' } } },
  });
  enrollmentId = body.id;
  const known = sessionEvent('completed', `cs_test_${enrollmentId.slice(4)}`);
  const unknown = sessionEvent('completed', 'cs_test_of_nobody');
  const other = { ...sessionEvent('completed', 'cs_test_of_nobody'), id: 'evt_other', type: 'price.created' };
  for (const event of [known, unknown, other]) {
    await api.webhook(event);
    await api.inbox.idle();
    ids.push(event.id);
  }
});
afterAll(() => api.close());

const list = async (query = '') => (await api.request('GET', `/v1/webhooks${query}`)).body;
const idsOf = async (query: string) => (await list(query)).data.map(({ id }: { id: string }) => id);

describe('GET /v1/webhooks', () => {
  it('lists the newest first, and says what became of each', async () => {
    const { data } = await list();
    expect(data.map(({ id }: { id: string }) => id)).toEqual([...ids].reverse());
    expect(data.map(({ state }: { state: string }) => state)).toEqual(['ignored', 'ignored', 'signalled']);
    expect(data[2]).toMatchObject({
      enrollment_id: enrollmentId,
      next_attempt_at: null,
      ignored_reason: null,
    });
    expect(data[0]).not.toHaveProperty('payload');
  });

  it('filters by state, type and enrollment', async () => {
    const [known, unknown, other] = ids;
    expect(await idsOf('?state=signalled')).toEqual([known]);
    expect(await idsOf('?state=pending')).toEqual([]);
    expect(await idsOf('?state=ignored&type=checkout.session.completed')).toEqual([unknown]);
    expect(await idsOf('?type=price.created')).toEqual([other]);
    expect(await idsOf(`?enrollment_id=${enrollmentId}`)).toEqual([known]);
  });

  it('pages through all of them, each once, though they came in the same millisecond', async () => {
    await sql`update stripe_events set received_at = '2026-05-01T00:00:00Z'`.execute(api.db);
    const seen: string[] = [];
    let cursor = '';
    do {
      const page = await list(`?limit=1${cursor}`);
      seen.push(...page.data.map(({ id }: { id: string }) => id));
      cursor = page.next_cursor === null ? '' : `&cursor=${page.next_cursor}`;
    } while (cursor !== '');
    expect(seen).toEqual([...ids].sort().reverse());
    expect(await idsOf('?cursor=evt_that_never_was')).toEqual([]);
  });
});

describe('GET /v1/webhooks/:eventId', () => {
  it('shows what is kept, without contact details', async () => {
    const event = sessionEvent('completed', 'cs_test_of_nobody');
    const object = { ...event.data.object, customer_details: { email: 'canary@example.com' } };
    await api.webhook({ ...event, id: 'evt_personal', data: { object } });
    await api.inbox.idle();
    // As if it had been kept before contact details were left out.
    await api.db
      .updateTable('stripe_events')
      .set({ payload: JSON.stringify({ id: 'evt_personal', receipt_email: 'canary@example.com' }) })
      .where('id', '=', 'evt_personal')
      .execute();
    const { status, body, text } = await api.request('GET', '/v1/webhooks/evt_personal');
    expect(status).toBe(200);
    expect(body.payload).toEqual({ id: 'evt_personal', receipt_email: '[redacted]' });
    expect(body.redeliveries).toEqual([]);
    expect(text).not.toContain('canary');
  });

  it('is 404 for one that never came', async () => {
    expect((await api.request('GET', '/v1/webhooks/evt_never')).status).toBe(404);
    expect((await api.request('POST', '/v1/webhooks/evt_never/redeliver')).status).toBe(404);
  });
});

describe('POST /v1/webhooks/:eventId/redeliver', () => {
  it('delivers it again, and keeps who asked and why', async () => {
    const [known] = ids;
    api.asked.length = 0;
    const { status, body } = await api.request('POST', `/v1/webhooks/${known}/redeliver`, {
      body: { reason: 'the worker was down' },
    });
    expect([status, body.state, body.attempts]).toEqual([202, 'pending', 0]);
    api.inbox.start();
    await waitFor('the delivery', async () => (await idsOf('?state=signalled')).includes(known));
    expect(api.asked.map(({ name }) => name)).toEqual(['checkoutSessionCompleted']);
    const { body: detail } = await api.request('GET', `/v1/webhooks/${known}`);
    expect(detail.redeliveries).toEqual([
      { at: expect.any(String), who: `api:${api.apiKeyId}`, why: 'the worker was down' },
    ]);
  });
});
