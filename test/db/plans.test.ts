/**
 * No statement of a route, a page, an Activity, the inbox or the figures reads a whole table that grows, nor more rows the
 * more enrollments there are.
 */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { createEventSweepActivities } from '../../activities/event-sweep.ts';
import { readStamps } from '../../db/customer-view.ts';
import { makeDueNow } from '../../db/inbox-operations.ts';
import { reserveTurns } from '../../db/request-turns.ts';
import { claimStripeEvents, countPendingStripeEvents, postponeStripeEvent } from '../../db/stripe-events.ts';
import { WAITS_FOR_WORDS } from '../../domain/waits-for.ts';
import { createMailOutbox } from '../../mail/outbox.ts';
import { startApi } from '../api/test-api.ts';
import { sessionEvent } from '../api/webhook-events.ts';
import { newCustomer } from '../security/customers.ts';
import { concrete, operationsOf } from '../security/operations.ts';
import { MONTHLY, ONCE, startBilling, type TestBilling } from '../support/billing.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { sumUntilNow } from '../support/figure-sums.ts';
import { makeManyEnrollments } from '../support/many-enrollments.ts';
import {
  indexesOf,
  manyRowsRead,
  recordStatements,
  type SentStatements,
  wholeTableReads,
} from '../support/plans.ts';
import { buildPagesApp } from '../web/pages-app.ts';
import { SCENES } from '../web/scenes.ts';

/** Of a service that many use: what grows with them reads thousands of rows. */
const MANY = 10_000;
/** A page of a list, with what belongs to each row. */
const MOST_ROWS = 300;
/** Of thirty days: the sums of each hour, or as many payments as it takes to find fifty after a decline. */
const OF_A_PERIOD = MANY / 4;

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
  await sumUntilNow(db);
  api = await startApi({ over: { db, databaseUrl } });
}, 120_000);
afterAll(async () => {
  recorded.stop();
  await api.close();
  await billing.stop();
  await empty.drop();
});

/** @returns what has been sent since the last look. Of fewer statements than that, nothing found would say nothing. */
function sentSince(atLeast: number): SentStatements {
  const sent = new Map(recorded.sent);
  recorded.sent.clear();
  expect(sent.size).toBeGreaterThanOrEqual(atLeast);
  return sent;
}

async function findings({ atLeast = 6 } = {}): Promise<string[]> {
  const sent = sentSince(atLeast);
  return [
    ...(await wholeTableReads(empty.url, sent.keys())),
    ...(await manyRowsRead(billing.databaseUrl, sent, MOST_ROWS)),
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

describe('what tells by which indexes a table is read', () => {
  it('names them of reads alone: a row that is written is found by none', async () => {
    const texts = [
      'insert into api_keys (id) values ($1)',
      'update charges set last_code = null where id = $1',
      'select id from charges where last_code = $1',
    ];
    expect(await indexesOf(empty.url, texts, 'api_keys')).toEqual([]);
    expect(await indexesOf(empty.url, texts, 'charges')).toEqual(['charges_pkey', 'none']);
  });
});

describe('what is recorded of a statement', () => {
  it('is its values, in whichever way they are handed over', async () => {
    const client = new pg.Client({ connectionString: empty.url });
    await client.connect();
    const text = 'select id from charges where number = $1';
    await client.query(text, [1]);
    await client.query({ text, values: [2] });
    await client.query({ text }, [3]);
    await client.end();
    expect(recorded.sent.get(text)).toEqual([[1], [2], [3]]);
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

  it('nor all that an enrollment has lived through, where it is shown', async () => {
    const { enrollmentId: id } = await billing.enrolled(ONCE);
    // Until then its Activities send statements of their own.
    await billing.handle(id).result();
    recorded.sent.clear();
    for (const path of [`/v1/enrollments/${id}`, '/v1/enrollments?limit=5']) {
      expect([path, (await api.request('GET', path)).status]).toEqual([path, 200]);
    }
    const ofTimeline = [...sentSince(2).keys()].filter((text) => text.includes('enrollment_events'));
    // The few facts that are answered, and the end by its key.
    expect(await indexesOf(empty.url, ofTimeline, 'enrollment_events')).toEqual([
      'enrollment_events_answered',
      'enrollment_events_key_key',
    ]);
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
    expect(await findings({ atLeast: 1 })).toEqual([]);
  });

  it('by any operation of the API', async () => {
    const customer = await newCustomer(api, 'plans-of-operations');
    const event = sessionEvent('completed', 'cs_test_of_nobody');
    await api.webhook(event);
    const ids = { ...customer.owned, id: customer.enrollmentId, eventId: event.id };
    const operations = (await operationsOf(api.app)).filter(({ path }) => path.startsWith('/v1/'));
    expect(operations.length).toBeGreaterThan(25);
    recorded.sent.clear();
    for (const { name, method, path } of operations) {
      const body = { body: BODIES[path] ?? {}, idempotencyKey: name.replace(/\W+/g, '-') };
      const answer = await api.request(method, concrete(path, ids), method === 'POST' ? body : {});
      expect([name, answer.status < 300 ? 'done' : answer.text]).toEqual([name, 'done']);
    }
    expect(await findings()).toEqual([]);
  }, 60_000);

  it('by the inbox: what is due, what could not be delivered, what is delivered again', async () => {
    recorded.sent.clear();
    const { db } = billing;
    await api.webhook(sessionEvent('completed', 'cs_test_of_somebody'));
    await claimStripeEvents(db, 16);
    await postponeStripeEvent(db, 'evt_none', 'Temporal is away');
    await countPendingStripeEvents(db);
    await makeDueNow(db, 'evt_none');
    expect(await findings()).toEqual([]);
  });

  it('by the pages of customers', async () => {
    const pages = await buildPagesApp(billing.db);
    const scenes = await Promise.all(Object.values(SCENES).map((seed) => seed(billing.db, 'en')));
    const { enrollmentId, owned } = await newCustomer(api, 'plans-of-pages');
    recorded.sent.clear();
    for (const { enrollmentId: id, path } of scenes.filter((scene) => !scene.path.startsWith('/nothing'))) {
      expect([path, (await pages.get(id, path)).statusCode]).toEqual([path, 200]);
      await pages.get(id, '');
    }
    const charge = `/charges/${owned.chargeId}`;
    for (const path of [`/return?session_id=${owned.sessionId}`, `/return?charge_id=${owned.chargeId}`]) {
      expect([path, (await pages.get(enrollmentId, path)).statusCode]).toEqual([path, 303]);
    }
    for (const path of [
      '/checkout-sessions',
      `${charge}/retry`,
      `${charge}/confirm`,
      '/messages/read',
      `/messages/${owned.notificationId}/read`,
      '/cancel',
      '/undo-cancel',
    ]) {
      const { statusCode } = await pages.post(enrollmentId, path, { when: 'now' });
      expect([path, statusCode]).toEqual([path, 303]);
    }
    await readStamps(billing.db, [enrollmentId, ...scenes.map((scene) => scene.enrollmentId)]);
    await pages.app.close();
    expect(await findings()).toEqual([]);
  }, 60_000);

  it('by the sweep over events, and by Workers that take turns at Stripe', async () => {
    recorded.sent.clear();
    const { db, stripe } = billing;
    const links = { create: async () => 'http://127.0.0.1/c/x' };
    const { sweepStripeEvents } = createEventSweepActivities({ db, stripe, links, livemode: false });
    expect((await sweepStripeEvents({ travelMs: 0 })).found).toBeGreaterThan(0);
    await sweepStripeEvents({ travelMs: 0 });
    await reserveTurns(db, 'stripe', 3, 20);
    await reserveTurns(db, 'stripe', 3, 20);
    expect(await findings({ atLeast: 5 })).toEqual([]);
  });

  it('by the figures that are asked for again and again', async () => {
    const scrape = async () => {
      const { text } = await api.request('GET', '/metrics');
      expect(text).toContain('billing_source_up{source="ledger"} 1');
    };
    recorded.sent.clear();
    await scrape();
    expect(await findings({ atLeast: 5 })).toEqual([]);
  });

  it('by the sums of what is over', async () => {
    await sumUntilNow(billing.db);
    recorded.sent.clear();
    await sumUntilNow(billing.db);
    expect(await findings({ atLeast: 5 })).toEqual([]);
  });

  it.each(['24h', '7d', '30d', '12m'])('by the page of operators that looks at %s', async (window) => {
    const { key } = await api.keyWith(['read', 'webhooks']);
    const form = { 'content-type': 'application/x-www-form-urlencoded' };
    const signedIn = await api.app.inject({
      method: 'POST',
      url: '/ops/sign-in',
      payload: new URLSearchParams({ key }).toString(),
      headers: form,
    });
    const cookie = String(signedIn.headers['set-cookie']).split(';', 1)[0] ?? '';
    recorded.sent.clear();
    const lists = ['collected', 'recovered', 'refunded'].map((of) => `of=${of}&currency=jpy`);
    for (const path of [
      `?window=${window}`,
      ...[...lists, 'of=declined', 'of=declined&code=card_declined'].map(
        (of) => `/charges?window=${window}&${of}`,
      ),
      '/webhooks',
    ]) {
      const { statusCode } = await api.app.inject({ url: `/ops${path}`, headers: { cookie } });
      expect([path, statusCode]).toEqual([path, 200]);
    }
    expect(await manyRowsRead(billing.databaseUrl, sentSince(6), OF_A_PERIOD)).toEqual([]);
  });
});

/** What an operation must be told. */
const BODIES: Record<string, object> = {
  '/v1/enrollments': { terms: { currency: 'jpy', schedule: { type: 'on_demand' } } },
  '/v1/enrollments/{id}/amount': { amount_minor: 1_200 },
  '/v1/enrollments/{id}/charges': { amount_minor: 500 },
  '/v1/enrollments/{id}/move-next': { due_at: new Date(Date.now() + 86_400_000).toISOString() },
  '/v1/enrollments/{id}/charges/{chargeId}/extend-dunning': { days: 3 },
};
