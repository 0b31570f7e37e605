import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Stripe } from 'stripe';
import { BillingUnavailable } from '../../api/billing-client.ts';
import { waitFor } from '../support/wait.ts';
import { SECOND_SECRET, SECRET, type SignOptions, startApi, type TestApi } from './test-api.ts';
import { eventId, sessionEvent, stripeEvent } from './webhook-events.ts';

let api: TestApi;
let serial = 0;
/** An enrollment whose first Checkout Session is open. */
let enrollment: string;
let session: string;

beforeAll(async () => {
  api = await startApi();
});
afterAll(() => api.close());
beforeEach(async () => {
  await api.inbox.idle();
  api.forget();
  const { body } = await api.request('POST', '/v1/enrollments', {
    idempotencyKey: `key-${++serial}`,
    body: { terms: { currency: 'jpy', schedule: { type: 'on_demand' } } },
  });
  enrollment = body.id;
  session = `cs_test_${enrollment.slice(4)}`;
  api.asked.length = 0;
});

/** Time passes until the event is due, and the inbox finds it. */
async function deliverNow(id: string): Promise<void> {
  await api.db
    .updateTable('stripe_events')
    .set({ next_signal_at: new Date() })
    .where('id', '=', id)
    .execute();
  api.inbox.start();
  await waitFor(`the delivery of ${id}`, async () => {
    const event = await row(id);
    return event?.signalled_at !== null || event.ignored_reason !== null;
  });
  await api.inbox.stop();
}

const row = (id: string) =>
  api.db.selectFrom('stripe_events').selectAll().where('id', '=', id).executeTakeFirst();

const nowS = () => Math.floor(Date.now() / 1000);

describe('POST /webhooks/stripe', () => {
  it('keeps the event, answers 200, signals the Workflow and then marks the row', async () => {
    const event = sessionEvent('completed', session);
    const { status, body } = await api.webhook(event);
    expect([status, body]).toEqual([200, { received: true }]);
    await api.inbox.idle();
    expect(api.asked).toEqual([{ name: 'checkoutSessionCompleted', args: [enrollment, session] }]);
    expect(await row(event.id)).toMatchObject({
      type: 'checkout.session.completed',
      api_version: '2026-10-28.endive',
      livemode: false,
      object_id: session,
      enrollment_id: enrollment,
      payload: event,
      deliveries: 1,
      signal_attempts: 1,
      signalled_at: expect.any(Date),
      ignored_reason: null,
    });
  });

  describe('signatures', () => {
    const good = (text: string, secret: string, timestamp: number) =>
      Stripe.webhooks.generateTestHeaderString({ payload: text, secret, timestamp });
    const v1 = (header: string) => header.slice(header.indexOf('v1='));

    it.each<[string, () => Partial<SignOptions>]>([
      ['the first secret', () => ({ secret: SECRET })],
      ['the second secret, while one is rotated', () => ({ secret: SECOND_SECRET })],
      ['an age of 299 seconds', () => ({ timestamp: nowS() - 299 })],
      ['a clock that is 299 seconds ahead of ours', () => ({ timestamp: nowS() + 299 })],
    ])('takes %s', async (_what, sign) => {
      const event = sessionEvent('completed', session);
      expect((await api.webhook(event, sign())).status).toBe(200);
      expect(await row(event.id)).toBeDefined();
    });

    it('takes one good signature among several', async () => {
      const event = sessionEvent('completed', session);
      const text = JSON.stringify(event);
      const header = `${good(text, 'whsec_of_another', nowS())},${v1(good(text, SECOND_SECRET, nowS()))},v0=abc`;
      expect((await api.webhook(text, { header })).status).toBe(200);
    });

    it.each<[string, (text: string) => Partial<SignOptions>]>([
      ['no signature', () => ({ header: null })],
      ['an empty signature', () => ({ header: '' })],
      ['noise', () => ({ header: 'hello' })],
      ['a signature without a time', (text) => ({ header: v1(good(text, SECRET, nowS())) })],
      ['a time without a signature', () => ({ header: `t=${nowS()}` })],
      ['a time that is no number', (text) => ({ header: `t=x,${v1(good(text, SECRET, nowS()))}` })],
      ['another scheme', (text) => ({ header: good(text, SECRET, nowS()).replace('v1=', 'v0=') })],
      ['another secret', () => ({ secret: 'whsec_of_another' })],
      ['an age of more than 300 seconds', () => ({ timestamp: nowS() - 302 })],
      ['a time more than 300 seconds ahead', () => ({ timestamp: nowS() + 302 })],
      [
        'an old signature with a new time',
        (text) => ({ header: `t=${nowS()},${v1(good(text, SECRET, nowS() - 900))}` }),
      ],
      ['altered bytes', (text) => ({ sent: text.replace(session, 'cs_test_of_another') })],
      ['one more space', (text) => ({ sent: `${text} ` })],
      ['the same JSON, written differently', (text) => ({ sent: JSON.stringify(JSON.parse(text)) })],
      ['half a signature', (text) => ({ header: good(text, SECRET, nowS()).slice(0, -2) })],
      ['nothing', () => ({ sent: '' })],
    ])('refuses %s with 400, and nothing follows', async (_what, sign) => {
      const event = sessionEvent('completed', session);
      const text = JSON.stringify(event, null, 2);
      const { status, body } = await api.webhook(text, sign(text));
      expect([status, body.error.code]).toEqual([400, 'invalid_signature']);
      await api.inbox.idle();
      expect(await row(event.id)).toBeUndefined();
      expect(api.asked).toEqual([]);
    });

    it('verifies bytes, whatever the type of the body says', async () => {
      const event = sessionEvent('completed', session);
      const text = JSON.stringify(event);
      const header = good(text, SECRET, nowS());
      for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'application/json']) {
        const reply = await api.app.inject({
          method: 'POST',
          url: '/webhooks/stripe',
          headers: { 'content-type': type, 'stripe-signature': header },
          payload: text,
        });
        expect([type, reply.statusCode]).toEqual([type, 200]);
      }
    });

    it.each(['not json', '[]', '{}', '"text"', '{"id":"evt_x"}', 'null'])(
      'refuses %s with 400 although it is signed',
      async (text) => {
        const { status, body } = await api.webhook(text);
        expect([status, body.error.code]).toEqual([400, 'not_an_event']);
      },
    );

    it('needs no API key, and gives none away', async () => {
      const { headers } = await api.webhook(sessionEvent('completed', session));
      expect(headers).not.toHaveProperty('x-ratelimit-limit');
      expect(api.logged.join('')).not.toContain('v1=');
    });
  });

  describe('repeats and disorder', () => {
    it('signals once for twenty copies at once', async () => {
      const event = sessionEvent('completed', session);
      const replies = await Promise.all(Array.from({ length: 20 }, () => api.webhook(event)));
      expect(replies.map(({ status }) => status)).toEqual(Array(20).fill(200));
      await api.inbox.idle();
      expect(api.asked).toHaveLength(1);
      expect(await row(event.id)).toMatchObject({ deliveries: 20, signal_attempts: 1 });
    });

    it('does not signal again what was signalled', async () => {
      const event = sessionEvent('completed', session);
      await api.webhook(event);
      await api.inbox.idle();
      const first = await row(event.id);
      await api.webhook(event);
      await api.inbox.idle();
      expect(api.asked).toHaveLength(1);
      expect(await row(event.id)).toEqual({ ...first, deliveries: 2 });
    });

    it('lets the SetupIntent of the same moment wait, and has it known by then', async () => {
      await api.webhook(sessionEvent('completed', session));
      const second = stripeEvent('setup_intent.succeeded', { id: `seti_${enrollment.slice(4)}` });
      await api.webhook(second);
      await api.inbox.idle();
      expect(api.asked).toEqual([{ name: 'checkoutSessionCompleted', args: [enrollment, session] }]);
      expect(await row(second.id)).toMatchObject({ signalled_at: null, ignored_reason: null });
      await api.db
        .updateTable('checkout_sessions')
        .set({ status: 'complete', completed_at: new Date() })
        .where('id', '=', session)
        .execute();
      await deliverNow(second.id);
      expect(api.asked).toHaveLength(1);
      expect(await row(second.id)).toMatchObject({
        signalled_at: null,
        ignored_reason: 'already known: the Checkout Session is complete',
      });
    });

    it('learns from the SetupIntent alone when the session’s own event was missed', async () => {
      const event = stripeEvent('setup_intent.succeeded', { id: `seti_${enrollment.slice(4)}` });
      await api.webhook(event);
      await deliverNow(event.id);
      expect(api.asked).toEqual([{ name: 'checkoutSessionCompleted', args: [enrollment, session] }]);
    });

    it('signals an expired session', async () => {
      await api.webhook(sessionEvent('expired', session));
      await api.inbox.idle();
      expect(api.asked).toEqual([{ name: 'checkoutSessionExpired', args: [enrollment, session] }]);
    });
  });

  describe('routing', () => {
    it('finds the enrollment by the hint when the session has no row yet', async () => {
      const event = sessionEvent('completed', 'cs_test_unknown', { client_reference_id: enrollment });
      await api.webhook(event);
      await api.inbox.idle();
      expect(api.asked).toEqual([
        { name: 'checkoutSessionCompleted', args: [enrollment, 'cs_test_unknown'] },
      ]);
    });

    it('believes its own row before what the session says of itself', async () => {
      const other = `enr_${'z'.repeat(26)}`;
      await api.webhook(sessionEvent('completed', session, { client_reference_id: other }));
      await api.inbox.idle();
      expect(api.asked[0]?.args[0]).toBe(enrollment);
    });

    const seed = JSON.parse(
      readFileSync(
        new URL('../fixtures/checkout.session.completed.2019-03-14.json', import.meta.url),
        'utf8',
      ),
    );

    it('routes the body of the 2019 API by its session id', async () => {
      const { id } = seed.data.object;
      await api.db.updateTable('checkout_sessions').set({ id }).where('id', '=', session).execute();
      await api.webhook({ ...seed, id: eventId() });
      await api.inbox.idle();
      expect(api.asked).toEqual([{ name: 'checkoutSessionCompleted', args: [enrollment, id] }]);
      await api.db.deleteFrom('checkout_sessions').where('id', '=', id).execute();
    });

    it('keeps the body of the 2019 API as ignored when the session is nobody’s', async () => {
      const event = { ...seed, id: eventId() };
      expect((await api.webhook(event)).status).toBe(200);
      await api.inbox.idle();
      expect(await row(event.id)).toMatchObject({
        api_version: '2019-03-14',
        ignored_reason: 'Checkout Session of no enrollment',
        signalled_at: null,
      });
      expect(api.asked).toEqual([]);
    });

    it('signals a PaymentIntent that changed by itself, and not the echo of our own request', async () => {
      const chargeId = `chg_${enrollment.slice(4)}_1`;
      const object = { id: 'pi_1', object: 'payment_intent', metadata: { charge_id: chargeId } };
      const echo = stripeEvent('payment_intent.succeeded', object, {
        request: { id: 'req_1', idempotency_key: `durable-billing/${enrollment}/${chargeId}/attempt-1` },
      });
      const news = stripeEvent('payment_intent.succeeded', object);
      await api.webhook(echo);
      await api.webhook(news);
      await api.inbox.idle();
      expect(api.asked).toEqual([
        {
          name: 'paymentIntentChanged',
          args: [enrollment, { chargeId, paymentIntentId: 'pi_1', eventType: 'payment_intent.succeeded' }],
        },
      ]);
      expect(await row(echo.id)).toMatchObject({
        ignored_reason: 'echo of our own request',
        object_id: 'pi_1',
      });
    });

    it.each<[string, object, string]>([
      [
        'of an unknown type',
        stripeEvent('invoice.paid', { id: 'in_1' }),
        'event type invoice.paid has no effect here',
      ],
      [
        'of the other mode',
        { ...sessionEvent('completed', 'cs_live_1'), livemode: true },
        'event of the live mode, the Stripe key is of the test mode',
      ],
      [
        'that is thin',
        {
          object: 'v2.core.event',
          type: 'v1.billing.meter.no_meter_found',
          created: '2026-11-01T00:00:00.000Z',
          livemode: false,
        },
        'thin event v1.billing.meter.no_meter_found: this endpoint takes snapshot events',
      ],
    ])('keeps an event %s as ignored, with the reason', async (_what, given, reason) => {
      const event = { ...given, id: eventId() };
      expect((await api.webhook(event)).status).toBe(200);
      const kept = await row(event.id);
      expect(kept?.ignored_reason).toBe(reason);
      expect(kept?.payload).toEqual(event);
      expect(api.asked).toEqual([]);
    });

    it('keeps an event with NUL and half a surrogate pair in it', async () => {
      const event = stripeEvent('invoice.paid', { id: 'in_1', note: 'a\u0000b\ud800c \\u0000', '\u0000': 1 });
      expect((await api.webhook(event)).status).toBe(200);
      expect((await row(event.id))?.payload).toMatchObject({
        data: { object: { note: 'a\ufffdb\ufffdc \\u0000', '\ufffd': 1 } },
      });
    });
  });

  describe('faults', () => {
    it('answers 200 while Temporal is away, and keeps the row due', async () => {
      api.answers.checkoutSessionCompleted = async () => {
        throw new BillingUnavailable('Temporal did not answer', new Error('14 UNAVAILABLE'));
      };
      const event = sessionEvent('completed', session);
      expect((await api.webhook(event)).status).toBe(200);
      await api.inbox.idle();
      expect(await row(event.id)).toMatchObject({
        signalled_at: null,
        ignored_reason: null,
        signal_attempts: 1,
        last_error: 'Temporal did not answer',
      });
    });

    it('keeps an event for a Workflow that is closed as ignored', async () => {
      api.answers.checkoutSessionCompleted = async () => false;
      const event = sessionEvent('completed', session);
      await api.webhook(event);
      await api.inbox.idle();
      expect(await row(event.id)).toMatchObject({
        ignored_reason: 'workflow closed or unknown',
        enrollment_id: enrollment,
      });
    });

    it('answers 503 while the database is away, so that Stripe sends it again', async () => {
      const away = await startApi({ databaseUrl: 'postgres://nobody@127.0.0.1:9/none' });
      try {
        const { status, headers, body } = await away.webhook(sessionEvent('completed', session));
        expect([status, headers['retry-after'], body.error.code]).toEqual([503, '5', 'database_unavailable']);
        expect(away.asked).toEqual([]);
      } finally {
        await away.close();
      }
    });

    it('refuses more than a megabyte', async () => {
      const event = sessionEvent('completed', session, { filler: 'x'.repeat(1_100_000) });
      const { status, body } = await api.webhook(event);
      expect([status, body.error.code]).toEqual([413, 'payload_too_large']);
    });

    it('takes half a megabyte', async () => {
      const event = sessionEvent('completed', session, { filler: 'x'.repeat(500_000) });
      expect((await api.webhook(event)).status).toBe(200);
    });
  });
});
