import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { insertNotification } from '../../db/notifications.ts';
import { tell } from '../../db/timeline.ts';
import { startApi, type TestApi } from './test-api.ts';

let api: TestApi;
let mine: string;
let other: string;

async function newEnrollment(key: string): Promise<string> {
  const { body } = await api.request('POST', '/v1/enrollments', {
    idempotencyKey: key,
    body: { terms: { currency: 'jpy', schedule: { type: 'on_demand' } } },
  });
  return body.id;
}

async function notify(enrollmentId: string, name: string, createdAt: string): Promise<string> {
  const id = `ntf_${enrollmentId.slice(4)}_${name}`;
  await insertNotification(api.db, {
    id,
    enrollmentId,
    chargeId: null,
    kind: 'charge_failed',
    locale: 'ja',
    data: {
      amountMinor: 980,
      currency: 'jpy',
      description: 'コーヒー',
      chargeNumber: 2,
      dueAt: '2026-12-01T00:00:00.000Z',
      nextAttemptAt: '2026-12-02T00:00:00.000Z',
      nextChargeAt: null,
      reason: 'insufficient_funds',
      timeZone: 'Asia/Tokyo',
    },
    createdAt,
  });
  return id;
}

beforeAll(async () => {
  api = await startApi();
  mine = await newEnrollment('mine');
  other = await newEnrollment('other');
});
afterAll(() => api.close());

/** All pages of a list, and how many there were. */
async function walk(path: string) {
  const data: Record<string, unknown>[] = [];
  let pages = 0;
  let cursor = '';
  do {
    const { status, body } = await api.request('GET', `${path}?limit=2${cursor}`);
    expect(status).toBe(200);
    data.push(...body.data);
    pages += 1;
    cursor = body.next_cursor === null ? '' : `&cursor=${body.next_cursor}`;
  } while (cursor !== '');
  return { data, pages };
}

describe('GET /v1/enrollments/:id/timeline', () => {
  it('tells what happened from new to old, and nothing of others', async () => {
    const at = '2026-12-01T00:00:00.000Z';
    await tell(
      api.db,
      mine,
      ['created', 'card saved', 'charged', 'canceled', 'ended'].map((what) => ({
        key: what,
        at,
        what,
        who: 'workflow',
        why: what === 'canceled' ? 'moved away' : null,
        details: { amountMinor: 980, first: true, note: null },
      })),
    );
    await tell(api.db, other, [{ key: 'created', at, what: 'created', who: 'workflow' }]);
    const { data, pages } = await walk(`/v1/enrollments/${mine}/timeline`);
    expect(data.map(({ what }) => what)).toEqual(['ended', 'canceled', 'charged', 'card saved', 'created']);
    expect(pages).toBe(3);
    expect(data[1]).toEqual({
      object: 'timeline_entry',
      id: expect.stringMatching(/^evt_\d+$/),
      at,
      what: 'canceled',
      who: 'workflow',
      why: 'moved away',
      charge_id: null,
      details: { amountMinor: 980, first: true, note: null },
    });
  });
});

describe('GET /v1/enrollments/:id/notifications', () => {
  it('tells what the customer was told, from new to old', async () => {
    const made = [
      await notify(mine, 'a', '2026-12-01T00:00:00.000Z'),
      await notify(mine, 'b', '2026-12-01T00:00:00.000Z'),
      await notify(mine, 'c', '2026-12-02T00:00:00.000Z'),
    ];
    const { data } = await walk(`/v1/enrollments/${mine}/notifications`);
    expect(data.map(({ id }) => id)).toEqual([...made].reverse());
    expect(data[0]).toEqual({
      object: 'notification',
      id: made[2],
      enrollment_id: mine,
      charge_id: null,
      kind: 'charge_failed',
      locale: 'ja',
      data: {
        amount_minor: 980,
        currency: 'jpy',
        description: 'コーヒー',
        charge_number: 2,
        due_at: '2026-12-01T00:00:00.000Z',
        next_attempt_at: '2026-12-02T00:00:00.000Z',
        next_charge_at: null,
        give_up_at: null,
        reason: 'insufficient_funds',
        time_zone: 'Asia/Tokyo',
      },
      created_at: '2026-12-02T00:00:00.000Z',
      mailed_at: null,
      read_at: null,
    });
  });
});

describe('POST /v1/enrollments/:id/notifications/:notificationId/read', () => {
  it('notes the first time that it was read', async () => {
    const id = await notify(mine, 'read', '2026-12-03T00:00:00.000Z');
    const path = `/v1/enrollments/${mine}/notifications/${id}/read`;
    const first = await api.request('POST', path);
    expect(first.status).toBe(200);
    expect(Date.parse(first.body.read_at)).toBeGreaterThan(Date.now() - 60_000);
    expect((await api.request('POST', path, { body: {} })).body.read_at).toBe(first.body.read_at);
  });

  it('answers 404 for the notification of another enrollment, and leaves it unread', async () => {
    const id = await notify(other, 'theirs', '2026-12-03T00:00:00.000Z');
    const reply = await api.request('POST', `/v1/enrollments/${mine}/notifications/${id}/read`);
    expect([reply.status, reply.body.error.code]).toEqual([404, 'not_found']);
    const row = await api.db.selectFrom('notifications').selectAll().where('id', '=', id).executeTakeFirst();
    expect(row?.read_at).toBeNull();
  });

  it('refuses what is no notification', async () => {
    const reply = await api.request('POST', `/v1/enrollments/${mine}/notifications/17/read`);
    expect([reply.status, reply.body.error.param]).toEqual([400, 'notificationId']);
  });
});

describe('lists of an enrollment', () => {
  it.each(['charges', 'timeline', 'notifications'])('answers 404 for %s of an unknown one', async (list) => {
    const { status } = await api.request('GET', `/v1/enrollments/enr_${'0'.repeat(26)}/${list}`);
    expect(status).toBe(404);
  });

  it.each(['charges', 'timeline', 'notifications'])('refuses unknown parameters of %s', async (list) => {
    const { status, body } = await api.request('GET', `/v1/enrollments/${mine}/${list}?offset=5`);
    expect([status, body.error.param]).toEqual([400, 'offset']);
  });
});
