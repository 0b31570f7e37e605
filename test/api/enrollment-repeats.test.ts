import { afterAll, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { BillingUnavailable, CommandRefused, EnrollmentNotRunning } from '../../api/billing-client.ts';
import { keepStripeCustomer } from '../../db/customers.ts';
import type { EnrollmentInput } from '../../domain/workflow-input.ts';
import { enroll, MONTHLY, newKey } from './enrolling.ts';
import { startApi, type TestApi } from './test-api.ts';

/** The clock on the wall is moved; timers, and with them the database, go on. */
const ALL_BUT_DATE = [
  'hrtime',
  'nextTick',
  'performance',
  'queueMicrotask',
  'setImmediate',
  'clearImmediate',
  'setInterval',
  'clearInterval',
  'setTimeout',
  'clearTimeout',
] as const;

let api: TestApi;
beforeAll(async () => {
  api = await startApi();
});
afterAll(() => api.close());
beforeEach(() => api.forget());

/** The Checkout Session that the fake Workflow opened is gone from the rows. */
async function takeSession(enrollmentId: string) {
  return api.db
    .deleteFrom('checkout_sessions')
    .where('enrollment_id', '=', enrollmentId)
    .returningAll()
    .executeTakeFirstOrThrow();
}

/** Its Checkout Session has so much time left. */
async function expiresIn(enrollmentId: string, leftMs: number) {
  await api.db
    .updateTable('checkout_sessions')
    .set({ expires_at: new Date(Date.now() + leftMs) })
    .where('enrollment_id', '=', enrollmentId)
    .execute();
}

describe('idempotency', () => {
  it('keeps the contact details of a refused request away from the one that counts', async () => {
    const idempotencyKey = newKey();
    const customerIds = () => api.asked.map(({ args }) => (args[0] as EnrollmentInput).customerId);
    const mine = { ...MONTHLY, customer: { email: 'mine@example.com' } };
    // Both are on their way before Temporal has said which one counts.
    api.answers.enroll = async () => {
      throw new BillingUnavailable('Temporal is away', new Error('grpc'));
    };
    await enroll(api, mine, idempotencyKey);
    await enroll(api, { ...MONTHLY, customer: { email: 'other@example.com' } }, idempotencyKey);
    delete api.answers.enroll;
    const { body } = await enroll(api, mine, idempotencyKey);
    expect(body.customer.email).toBe('mine@example.com');
    const [first, other, repeated] = customerIds();
    expect([other === first, repeated === first]).toEqual([false, true]);
  });

  it('leaves newer contact details alone when an older request is repeated', async () => {
    const wanted = (email: string) => ({ ...MONTHLY, customer: { reference: 'u1', email } });
    const key = newKey();
    const { body: older } = await enroll(api, wanted('old@example.com'), key);
    await enroll(api, wanted('new@example.com'));
    // Its session has expired, and it still waits for a payment method.
    await takeSession(older.id);
    const { status, body } = await enroll(api, wanted('old@example.com'), key);
    expect([status, body.id, body.customer.email]).toEqual([200, older.id, 'new@example.com']);
    expect(api.asked).toHaveLength(3);
  });

  it.each([
    ['idempotency_mismatch', () => new CommandRefused('idempotency_mismatch', 'started by another request')],
    ['enrollment_ended', () => new EnrollmentNotRunning('enr_x')],
  ])(
    'leaves contact details as they were when the Workflow is of another request: %s',
    async (_code, refusal) => {
      const wanted = (email: string) => ({ ...MONTHLY, customer: { reference: `u-${_code}`, email } });
      const { body: first } = await enroll(api, wanted('mine@example.com'));
      // Its row is not there yet: the two were sent at the same moment, and the Workflow has gone on.
      api.answers.enroll = async ({ customerId }) => {
        await keepStripeCustomer(api.db, customerId, `cus_${_code}`);
        throw refusal();
      };
      expect((await enroll(api, wanted('other@example.com'))).status).toBe(409);
      const { body } = await api.request('GET', `/v1/enrollments/${first.id}`);
      expect(body.customer.email).toBe('mine@example.com');
    },
  );

  it('answers a repeat with the same enrollment, without asking Temporal', async () => {
    const key = newKey();
    const first = await enroll(api, MONTHLY, key);
    const second = await enroll(api, MONTHLY, key);
    expect(second.status).toBe(200);
    expect(second.body).toEqual(first.body);
    expect(api.asked).toHaveLength(1);
  });

  it('tells on every repeat what Stripe refused at first', async () => {
    const key = newKey();
    const { body: first } = await enroll(api, MONTHLY, key);
    await api.db
      .updateTable('enrollments')
      .set({ status: 'canceled', setup_refusal: 'Stripe answered 400 (resource_missing)' })
      .where('id', '=', first.id)
      .execute();
    const { status, body } = await enroll(api, MONTHLY, key);
    expect([status, body.error]).toEqual([
      409,
      { code: 'setup_refused', message: 'Stripe answered 400 (resource_missing)' },
    ]);
  });

  it('takes defaults that are said and defaults that are left out for the same request', async () => {
    const key = newKey();
    const first = await enroll(api, { ...MONTHLY, customer: {} }, key);
    const said = { ...MONTHLY.terms, capture_method: 'automatic', setup_deadline_days: 30 };
    const second = await enroll(api, { locale: 'en', description: null, metadata: {}, terms: said }, key);
    expect(second.status).toBe(200);
    expect(second.body.id).toBe(first.body.id);
  });

  it.each<[string, object]>([
    ['amount', { terms: { ...MONTHLY.terms, schedule: { ...MONTHLY.terms.schedule, amount_minor: 981 } } }],
    ['customer', { ...MONTHLY, customer: { email: 'other@example.com' } }],
    ['metadata', { ...MONTHLY, metadata: { a: 'b' } }],
    ['description', { ...MONTHLY, description: 'Tea' }],
    ['return_url', { ...MONTHLY, return_url: 'https://shop.example.com/' }],
  ])('refuses the key for another %s with 409, without asking Temporal', async (_what, other) => {
    const key = newKey();
    await enroll(api, MONTHLY, key);
    api.asked.length = 0;
    const { status, body } = await enroll(api, other, key);
    expect(status).toBe(409);
    expect(body.error).toMatchObject({ code: 'idempotency_mismatch', param: 'Idempotency-Key' });
    expect(api.asked).toHaveLength(0);
  });

  it('reaches one enrollment with twenty requests at once', async () => {
    const key = newKey();
    const replies = await Promise.all(Array.from({ length: 20 }, () => enroll(api, MONTHLY, key)));
    const others = replies.filter(({ status }) => status !== 200 && status !== 201);
    expect(others.map(({ status, body }) => ({ status, body }))).toEqual([]);
    expect(new Set(replies.map(({ body }) => body.id)).size).toBe(1);
    const { count } = await api.db
      .selectFrom('enrollments')
      .select((eb) => eb.fn.countAll<number>().as('count'))
      .where('id', '=', replies[0]?.body.id)
      .executeTakeFirstOrThrow();
    expect(count).toBe(1);
  });

  it('makes two enrollments of the same content under two keys', async () => {
    const [a, b] = [await enroll(api, MONTHLY), await enroll(api, MONTHLY)];
    expect(a.body.id).not.toBe(b.body.id);
  });

  it('answers a repeat also when its dates have passed meanwhile', async () => {
    const key = newKey();
    const schedule = { ...MONTHLY.terms.schedule, ends_at: new Date(Date.now() + 60_000).toISOString() };
    const terms = { ...MONTHLY.terms, schedule };
    expect((await enroll(api, { terms }, key)).status).toBe(201);
    jest.useFakeTimers({ now: Date.now() + 120_000, doNotFake: [...ALL_BUT_DATE] });
    try {
      expect((await enroll(api, { terms }, key)).status).toBe(200);
      expect((await enroll(api, { terms })).status).toBe(400);
    } finally {
      jest.useRealTimers();
    }
  });

  it('asks for the key and says why', async () => {
    const { status, body } = await api.request('POST', '/v1/enrollments', { body: MONTHLY });
    expect(status).toBe(400);
    expect(body.error).toMatchObject({ code: 'invalid_request', param: 'idempotency-key' });
    expect(body.error.message).toContain('Idempotency-Key header is required');
  });

  it.each([
    ['empty', ''],
    ['too long', 'k'.repeat(256)],
    ['not ASCII', 'ключ'],
  ])('refuses a key that is %s', async (_what, key) => {
    const { status, body } = await enroll(api, MONTHLY, key);
    expect(status).toBe(400);
    expect(body.error.param).toBe('idempotency-key');
  });

  it('takes a key of 255 characters', async () => {
    expect((await enroll(api, MONTHLY, `${newKey()}${'k'.repeat(240)}`)).status).toBe(201);
  });
});

describe('what Temporal says', () => {
  it('answers 409 with the refusal of the Workflow', async () => {
    api.answers.enroll = async () => {
      throw new CommandRefused('setup_refused', "Stripe has no Customer 'cus_gone'");
    };
    const { status, body } = await enroll(api, { ...MONTHLY, customer: { stripe_customer_id: 'cus_gone' } });
    expect(status).toBe(409);
    expect(body.error).toEqual({ code: 'setup_refused', message: "Stripe has no Customer 'cus_gone'" });
  });

  it('answers 503 with Retry-After when Temporal is away; the repeat starts the same enrollment', async () => {
    const key = newKey();
    api.answers.enroll = async () => {
      throw new BillingUnavailable('14 UNAVAILABLE 10.0.0.7:7233', new Error('grpc'));
    };
    const away = await enroll(api, MONTHLY, key);
    expect(away.status).toBe(503);
    expect(away.headers['retry-after']).toBe('5');
    expect(away.text).not.toContain('10.0.0.7');
    delete api.answers.enroll;
    const back = await enroll(api, MONTHLY, key);
    expect(back.status).toBe(201);
    expect(
      new Set(api.asked.map(({ args }) => (args[0] as { enrollmentId: string }).enrollmentId)).size,
    ).toBe(1);
  });

  it('waits for the first session when a repeat comes before it is open', async () => {
    const key = newKey();
    const { id, checkout_url: url } = (await enroll(api, MONTHLY, key)).body;
    // The row is written before Stripe is asked for the session.
    const values = await takeSession(id);
    api.answers.enroll = async () => {
      await api.db.insertInto('checkout_sessions').values(values).execute();
      return { status: 'awaiting_payment_method', checkoutSession: null };
    };
    const again = await enroll(api, MONTHLY, key);
    expect([again.status, again.body.checkout_url]).toEqual([200, url]);
  });

  it.each([
    ['has expired', -1],
    ['has a few minutes left', 9 * 60_000],
  ])('opens another session for a repeat when the first one %s', async (_how, leftMs) => {
    const key = newKey();
    const { id, checkout_url: url } = (await enroll(api, MONTHLY, key)).body;
    await expiresIn(id, leftMs);
    expect((await api.request('GET', `/v1/enrollments/${id}`)).body.checkout_url).toBeNull();
    const again = await enroll(api, MONTHLY, key);
    expect([again.status, again.body.checkout_url]).toEqual([
      200,
      'https://checkout.stripe.com/c/pay/cs_test_new',
    ]);
    expect(again.body.checkout_url).not.toBe(url);
    expect(api.asked.at(-1)).toMatchObject({
      name: 'openCheckoutSession',
      args: [id, { by: expect.any(String) }],
    });
  });

  it('opens none while a bank account is being proven, nor where a cancel was accepted', async () => {
    const key = newKey();
    const { id } = (await enroll(api, MONTHLY, key)).body;
    await api.db
      .updateTable('checkout_sessions')
      .set({ url: null })
      .where('enrollment_id', '=', id)
      .execute();
    api.asked.length = 0;
    expect((await enroll(api, MONTHLY, key)).body.checkout_url).toBeNull();
    expect(api.asked).toEqual([]);
    const other = newKey();
    await expiresIn((await enroll(api, MONTHLY, other)).body.id, -1);
    api.answers.openCheckoutSession = async () => {
      throw new CommandRefused('cancel_pending', 'a cancel of the enrollment has been accepted');
    };
    expect(await enroll(api, MONTHLY, other)).toMatchObject({ status: 200, body: { checkout_url: null } });
  });

  it('answers a repeat from the row when the enrollment has ended meanwhile', async () => {
    const key = newKey();
    const { id } = (await enroll(api, MONTHLY, key)).body;
    await takeSession(id);
    api.answers.enroll = async ({ enrollmentId }) => {
      throw new EnrollmentNotRunning(enrollmentId);
    };
    const again = await enroll(api, MONTHLY, key);
    expect([again.status, again.body.checkout_url]).toEqual([200, null]);
  });

  it('answers 409 when the id belongs to a Workflow that is closed and has no row', async () => {
    api.answers.enroll = async ({ enrollmentId }) => {
      throw new EnrollmentNotRunning(enrollmentId);
    };
    expect((await enroll(api, MONTHLY)).status).toBe(409);
  });

  it('answers 500 without a word of the inside when something unforeseen happens', async () => {
    api.answers.enroll = async () => {
      throw new TypeError('secret detail at /srv/app.ts:1');
    };
    const { status, text } = await enroll(api, MONTHLY);
    expect(status).toBe(500);
    expect(text).toBe('{"error":{"code":"internal_error","message":"something went wrong on our side"}}');
    expect(api.logged.join('')).toContain('secret detail');
  });
});
