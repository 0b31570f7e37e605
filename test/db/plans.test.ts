/** No statement of a route, an Activity or the inbox reads a whole table that grows. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { WAITS_FOR_WORDS } from '../../domain/waits-for.ts';
import { createMailOutbox } from '../../mail/outbox.ts';
import { startApi } from '../api/test-api.ts';
import { MONTHLY, ONCE, startBilling, type TestBilling } from '../support/billing.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { makeManyEnrollments } from '../support/many-enrollments.ts';
import { manyRowsRead, recordStatements, wholeTableReads } from '../support/plans.ts';

/** Of a service that many use: what grows with them reads thousands of rows. */
const MANY = 10_000;
/** A page of a list, with what belongs to each row. */
const MOST_ROWS = 300;

const recorded = recordStatements();
/** Of which the planner knows nothing: it goes by the indexes that there are. */
let empty: TestDatabase;
let billing: TestBilling;
let api: Awaited<ReturnType<typeof startApi>>;
beforeAll(async () => {
  empty = await createTestDatabase();
  billing = await startBilling();
  const { db, databaseUrl } = billing;
  await makeManyEnrollments(databaseUrl, MANY);
  api = await startApi({ over: { db, databaseUrl } });
}, 120_000);
afterAll(async () => {
  recorded.stop();
  await api.close();
  await billing.stop();
  await empty.drop();
});

/** @param most rows that one statement may read */
async function findings(most = MOST_ROWS): Promise<string[]> {
  const sent = new Map(recorded.sent);
  recorded.sent.clear();
  expect(sent.size).toBeGreaterThan(0);
  return [
    ...(await wholeTableReads(empty.url, sent.keys())),
    ...(await manyRowsRead(billing.databaseUrl, sent, most)),
  ];
}

describe('what finds whole-table reads', () => {
  it('finds one, also when it hides in an index', async () => {
    const texts = [
      'select id from charges where last_code = $1',
      'select count(*) from enrollments',
      'select id from charges where id = $1',
      'select id from enrollments order by created_at desc, id desc limit 5',
    ];
    const found = await wholeTableReads(empty.url, texts);
    expect(found).toHaveLength(2);
    expect(found[0]).toContain('reads all of charges');
  });

  it.each([
    'select id from stripe_events where type <> $1 order by received_at desc, id desc limit 5',
    `select id from stripe_events where type <> $1 and (received_at, id) < (now(), $2)
      order by received_at desc, id desc limit 5`,
    `select id from enrollments where exists (select from charges where enrollment_id = enrollments.id and last_code = $1)
      order by created_at desc, id desc limit 5`,
    `select e.id from enrollments e left join lateral (
        select min(due_at) as since from charges where enrollment_id = e.id) as sums on true
      where sums.since < $1 order by e.created_at desc, e.id desc limit 5`,
    'select id from enrollments order by created_at + $1::interval limit 5',
  ])('finds one that a limit hides: %s', async (text) => {
    expect(await wholeTableReads(empty.url, [text])).toEqual([
      expect.stringMatching(/reads? all of the index/),
    ]);
  });
});

describe('no whole table is read', () => {
  it('by Activities: from the request to paid, declined, recovered, given back and canceled', async () => {
    recorded.sent.clear();
    const paid = await billing.enrolled(ONCE);
    const charge = await billing.charged(paid.enrollmentId, 1, 'succeeded');
    const declined = await billing.enrolled(MONTHLY, '4000000000000341');
    await billing.charged(declined.enrollmentId, 1, 'requires_payment_method');
    const requested = { by: 'operator', reason: null };
    const session = await billing.billing.openCheckoutSession(declined.enrollmentId, requested);
    await billing.payOnCheckout(session.url);
    await billing.billing.checkoutSessionCompleted(declined.enrollmentId, session.id);
    await billing.charged(declined.enrollmentId, 1, 'succeeded');
    await billing.stripe.refunds.create({ payment_intent: String(charge.payment_intent_id) });
    await billing.deliverEvents();
    await billing.billing.cancelEnrollment(declined.enrollmentId, requested);
    await billing.handle(declined.enrollmentId).result();
    expect(await findings()).toEqual([]);
  }, 120_000);

  it('by routes: lists with every filter, single objects, webhooks', async () => {
    recorded.sent.clear();
    const { body } = await api.request('POST', '/v1/enrollments', {
      idempotencyKey: 'plans',
      body: {
        customer: { reference: 'user-1', email: 'user@example.com' },
        terms: { currency: 'jpy', schedule: { type: 'on_demand' } },
      },
    });
    const id = String(body.id);
    const routes = [
      `/v1/enrollments/${id}`,
      `/v1/enrollments/${id}/charges`,
      `/v1/enrollments/${id}/timeline`,
      `/v1/enrollments/${id}/notifications`,
      '/v1/enrollments?limit=5',
      '/v1/enrollments?status=active&limit=5',
      '/v1/enrollments?customer_reference=user-1',
      '/v1/enrollments?stripe_customer_id=cus_123',
      '/v1/enrollments?past_due_before=2026-11-02T09:00:00Z',
      '/v1/enrollments?status=past_due&past_due_before=2026-11-02T09:00:00Z',
      ...WAITS_FOR_WORDS.map((word) => `/v1/enrollments?waits_for=${word}`),
      '/v1/webhooks?limit=5',
      '/v1/webhooks?type=x',
      '/v1/webhooks?type=x&cursor=evt_0',
      '/v1/webhooks?state=pending',
      '/v1/webhooks?state=signalled&cursor=evt_0',
      '/v1/webhooks?state=ignored',
      ...['pending', 'signalled', 'ignored'].flatMap((state) => [
        `/v1/webhooks?type=x&state=${state}`,
        `/v1/webhooks?type=x&state=${state}&cursor=evt_0`,
      ]),
      `/v1/webhooks?enrollment_id=${id}&type=x`,
    ];
    for (const route of routes) {
      expect([route, (await api.request('GET', route)).status]).toEqual([route, 200]);
    }
    await api.webhook({
      id: 'evt_1',
      type: 'x',
      livemode: false,
      created: 1,
      data: { object: { id: 'x_1' } },
    });
    expect(await findings()).toEqual([]);
  }, 60_000);

  it('by the outbox', async () => {
    recorded.sent.clear();
    const outbox = createMailOutbox({
      db: billing.db,
      links: { create: async () => 'http://127.0.0.1/c/x' },
      log: { info() {}, warn() {}, error() {} },
      mailer: { send: async () => '<1@example.com>', close() {} },
    });
    await outbox.dispatchOnce();
    expect(await findings()).toEqual([]);
  });
});
