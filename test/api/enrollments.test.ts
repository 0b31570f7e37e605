import { afterAll, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { BillingUnavailable, CommandRefused, EnrollmentNotRunning } from '../../api/billing-client.ts';
import type { EnrollmentInput } from '../../workflows/input.ts';
import { startApi, type TestApi } from './test-api.ts';

let api: TestApi;
let serial = 0;
const newKey = () => `key-${++serial}`;

const MONTHLY = {
  terms: {
    currency: 'jpy',
    schedule: { type: 'recurring', amount_minor: 980, interval: { unit: 'month' } },
  },
};

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

beforeAll(async () => {
  api = await startApi();
});
afterAll(() => api.close());
beforeEach(() => {
  api.asked.length = 0;
  for (const name of Object.keys(api.answers)) {
    delete api.answers[name as keyof typeof api.answers];
  }
});

const enroll = (body: object | string, idempotencyKey = newKey()) =>
  api.request('POST', '/v1/enrollments', { body, idempotencyKey });

async function takeSession(enrollmentId: string) {
  return api.db
    .deleteFrom('checkout_sessions')
    .where('enrollment_id', '=', enrollmentId)
    .returningAll()
    .executeTakeFirstOrThrow();
}

describe('POST /v1/enrollments', () => {
  it('starts the Workflow and answers 201 with the whole enrollment', async () => {
    const { status, body } = await enroll({
      ...MONTHLY,
      customer: { reference: 'c-1', email: 'jane@example.com', name: 'Jane' },
      description: 'Coffee, monthly',
      locale: 'ja',
      return_url: 'https://shop.example.com/thanks?order=1',
      metadata: { order: '17' },
    });
    expect(status).toBe(201);
    expect(body).toEqual({
      object: 'enrollment',
      id: expect.stringMatching(/^enr_[0-9a-v]{26}$/),
      status: 'awaiting_payment_method',
      customer: { reference: 'c-1', email: 'jane@example.com', name: 'Jane', stripe_customer_id: null },
      terms: {
        time_zone: 'UTC',
        currency: 'jpy',
        schedule: {
          type: 'recurring',
          amount_minor: 980,
          interval: { unit: 'month', count: 1 },
          starts_at: null,
          time_zone: 'UTC',
          local_hour: null,
          trial_days: 0,
          ends_at: null,
          max_charges: null,
        },
        capture_method: 'automatic',
        dunning: { retry_after_days: [1, 3, 5, 7], after_last_try: 'cancel' },
        late_success: 'refund',
        catch_up: 'charge_all',
        after_lost_dispute: 'cancel',
        reauthorize_holds: 0,
        try_other_method: false,
        setup_deadline_days: 30,
      },
      description: 'Coffee, monthly',
      locale: 'ja',
      return_url: 'https://shop.example.com/thanks?order=1',
      metadata: { order: '17' },
      checkout_url: `https://checkout.stripe.com/c/pay/cs_test_${body.id.slice(4)}`,
      customer_link: await api.links.create(body.id),
      payment_method: null,
      past_due_since: null,
      waits_for: ['payment_method'],
      next_charge: null,
      latest_charge: null,
      charges_succeeded: 0,
      amount_collected_minor: 0,
      amount_past_due_minor: 0,
      workflow_id: `enrollment/${body.id}`,
      temporal_ui_url: `http://127.0.0.1:8233/namespaces/default/workflows/enrollment%2F${body.id}`,
      livemode: false,
      setup_deadline_at: expect.any(String),
      cancel_at: null,
      paused_until: null,
      created_at: expect.any(String),
      started_at: null,
      ended_at: null,
      end_reason: null,
    });
  });

  it('gives the Workflow terms and ids, and no personal data', async () => {
    await enroll({ ...MONTHLY, customer: { reference: 'c-2', email: 'bob@example.com', name: 'Bob' } });
    const [call] = api.asked;
    expect(call).toMatchObject({ name: 'enroll', args: [{ v: 1, livemode: false, locale: 'en' }] });
    const sent = JSON.stringify(call);
    expect(sent).not.toContain('bob@example.com');
    expect(sent).not.toContain('Bob');
    expect(sent).not.toContain('c-2');
  });

  it.each<[string, object, object]>([
    [
      'a single charge at an instant, whose offset becomes UTC',
      { type: 'once', amount_minor: 500, at: '2027-01-31T09:00:00+09:00' },
      { type: 'once', amountMinor: 500, at: '2027-01-31T00:00:00.000Z' },
    ],
    [
      'instalments by their amounts',
      {
        type: 'installments',
        amounts_minor: [500, 300],
        interval: { unit: 'week', count: 2 },
        time_zone: 'Asia/Tokyo',
        local_hour: 9,
      },
      {
        type: 'installments',
        amountsMinor: [500, 300],
        interval: { unit: 'week', count: 2 },
        startsAt: null,
        timeZone: 'Asia/Tokyo',
        localHour: 9,
      },
    ],
    [
      'instalments by their total, split exactly',
      { type: 'installments', total_amount_minor: 1000, count: 3, interval: { unit: 'month' } },
      {
        type: 'installments',
        amountsMinor: [334, 333, 333],
        interval: { unit: 'month', count: 1 },
        startsAt: null,
        timeZone: 'UTC',
        localHour: null,
      },
    ],
    [
      'a recurring charge with everything said',
      {
        type: 'recurring',
        amount_minor: 980,
        interval: { unit: 'year', count: 1 },
        starts_at: '2027-02-28T00:00:00Z',
        time_zone: 'Europe/Berlin',
        local_hour: 0,
        trial_days: 14,
        ends_at: '2037-02-28T00:00:00Z',
        max_charges: 10,
      },
      {
        type: 'recurring',
        amountMinor: 980,
        interval: { unit: 'year', count: 1 },
        startsAt: '2027-02-28T00:00:00.000Z',
        timeZone: 'Europe/Berlin',
        localHour: 0,
        trialDays: 14,
        endsAt: '2037-02-28T00:00:00.000Z',
        maxCharges: 10,
      },
    ],
    ['charges on demand', { type: 'on_demand' }, { type: 'on_demand' }],
  ])('takes %s', async (_what, schedule, expected) => {
    const { status } = await enroll({ terms: { currency: 'jpy', schedule } });
    expect(status).toBe(201);
    expect(api.asked[0]?.args[0]).toMatchObject({ terms: { schedule: expected } });
  });

  it('takes the policies that terms may state', async () => {
    const terms = {
      ...MONTHLY.terms,
      capture_method: 'manual',
      dunning: { retry_after_days: [0.5, 2], after_last_try: 'pause' },
      late_success: 'keep',
      catch_up: 'charge_latest',
      setup_deadline_days: 3,
    };
    const { body } = await enroll({ terms });
    expect(body.terms).toMatchObject({ ...terms, schedule: expect.any(Object) });
    expect(api.asked[0]?.args[0]).toMatchObject({
      terms: {
        captureMethod: 'manual',
        dunning: { retryAfterDays: [0.5, 2], afterLastTry: 'pause' },
        lateSuccess: 'keep',
        catchUp: 'charge_latest',
        setupDeadlineDays: 3,
      },
    });
  });

  describe('customers', () => {
    const customerIdOf = () => api.asked.map(({ args }) => (args[0] as EnrollmentInput).customerId).at(-1);

    it('is one record for each reference, with the newest details', async () => {
      await enroll({ ...MONTHLY, customer: { reference: 'same', email: 'old@example.com', name: 'Old' } });
      const first = customerIdOf();
      const { body } = await enroll({
        ...MONTHLY,
        customer: { reference: 'same', email: 'new@example.com' },
      });
      expect(customerIdOf()).toBe(first);
      expect(body.customer).toMatchObject({ reference: 'same', email: 'new@example.com', name: 'Old' });
    });

    it('is one record for each Stripe Customer', async () => {
      const { body } = await enroll({ ...MONTHLY, customer: { stripe_customer_id: 'cus_A1' } });
      const first = customerIdOf();
      expect(body.customer).toEqual({
        reference: null,
        email: null,
        name: null,
        stripe_customer_id: 'cus_A1',
      });
      await enroll({ ...MONTHLY, customer: { stripe_customer_id: 'cus_A1' } });
      expect(customerIdOf()).toBe(first);
      await enroll({ ...MONTHLY, customer: { stripe_customer_id: 'cus_A2' } });
      expect(customerIdOf()).not.toBe(first);
    });

    it('is a record of its own for somebody without a reference, also with an e-mail that is known', async () => {
      await enroll(MONTHLY);
      const nobody = customerIdOf();
      await enroll(MONTHLY);
      expect(customerIdOf()).not.toBe(nobody);
      await enroll({ ...MONTHLY, customer: { email: 'shared@example.com' } });
      const first = customerIdOf();
      await enroll({ ...MONTHLY, customer: { email: 'shared@example.com' } });
      expect(customerIdOf()).not.toBe(first);
    });
  });

  describe('idempotency', () => {
    it('keeps the contact details of a refused request away from the one that counts', async () => {
      const idempotencyKey = newKey();
      const customerIds = () => api.asked.map(({ args }) => (args[0] as EnrollmentInput).customerId);
      const mine = { ...MONTHLY, customer: { email: 'mine@example.com' } };
      // Both are on their way before Temporal has said which one counts.
      api.answers.enroll = async () => {
        throw new BillingUnavailable('Temporal is away', new Error('grpc'));
      };
      await enroll(mine, idempotencyKey);
      await enroll({ ...MONTHLY, customer: { email: 'other@example.com' } }, idempotencyKey);
      delete api.answers.enroll;
      const { body } = await enroll(mine, idempotencyKey);
      expect(body.customer.email).toBe('mine@example.com');
      const [first, other, repeated] = customerIds();
      expect([other === first, repeated === first]).toEqual([false, true]);
    });

    it('answers a repeat with the same enrollment, without asking Temporal', async () => {
      const key = newKey();
      const first = await enroll(MONTHLY, key);
      const second = await enroll(MONTHLY, key);
      expect(second.status).toBe(200);
      expect(second.body).toEqual(first.body);
      expect(api.asked).toHaveLength(1);
    });

    it('tells on every repeat what Stripe refused at first', async () => {
      const key = newKey();
      const { body: first } = await enroll(MONTHLY, key);
      await api.db
        .updateTable('enrollments')
        .set({ status: 'canceled', setup_refusal: 'Stripe answered 400 (resource_missing)' })
        .where('id', '=', first.id)
        .execute();
      const { status, body } = await enroll(MONTHLY, key);
      expect([status, body.error]).toEqual([
        409,
        { code: 'setup_refused', message: 'Stripe answered 400 (resource_missing)' },
      ]);
    });

    it('takes defaults that are said and defaults that are left out for the same request', async () => {
      const key = newKey();
      const first = await enroll({ ...MONTHLY, customer: {} }, key);
      const said = { ...MONTHLY.terms, capture_method: 'automatic', setup_deadline_days: 30 };
      const second = await enroll({ locale: 'en', description: null, metadata: {}, terms: said }, key);
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
      await enroll(MONTHLY, key);
      api.asked.length = 0;
      const { status, body } = await enroll(other, key);
      expect(status).toBe(409);
      expect(body.error).toMatchObject({ code: 'idempotency_mismatch', param: 'Idempotency-Key' });
      expect(api.asked).toHaveLength(0);
    });

    it('reaches one enrollment with twenty requests at once', async () => {
      const key = newKey();
      const replies = await Promise.all(Array.from({ length: 20 }, () => enroll(MONTHLY, key)));
      expect(new Set(replies.map(({ body }) => body.id)).size).toBe(1);
      expect(replies.every(({ status }) => status === 200 || status === 201)).toBe(true);
      const { count } = await api.db
        .selectFrom('enrollments')
        .select((eb) => eb.fn.countAll<number>().as('count'))
        .where('id', '=', replies[0]?.body.id)
        .executeTakeFirstOrThrow();
      expect(count).toBe(1);
    });

    it('makes two enrollments of the same content under two keys', async () => {
      const [a, b] = [await enroll(MONTHLY), await enroll(MONTHLY)];
      expect(a.body.id).not.toBe(b.body.id);
    });

    it('answers a repeat also when its dates have passed meanwhile', async () => {
      const key = newKey();
      const schedule = { ...MONTHLY.terms.schedule, ends_at: new Date(Date.now() + 60_000).toISOString() };
      const terms = { ...MONTHLY.terms, schedule };
      expect((await enroll({ terms }, key)).status).toBe(201);
      jest.useFakeTimers({ now: Date.now() + 120_000, doNotFake: [...ALL_BUT_DATE] });
      try {
        expect((await enroll({ terms }, key)).status).toBe(200);
        expect((await enroll({ terms })).status).toBe(400);
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
      const { status, body } = await enroll(MONTHLY, key);
      expect(status).toBe(400);
      expect(body.error.param).toBe('idempotency-key');
    });

    it('takes a key of 255 characters', async () => {
      expect((await enroll(MONTHLY, `${newKey()}${'k'.repeat(240)}`)).status).toBe(201);
    });
  });

  describe('what Temporal says', () => {
    it('answers 409 with the refusal of the Workflow', async () => {
      api.answers.enroll = async () => {
        throw new CommandRefused('setup_refused', "Stripe has no Customer 'cus_gone'");
      };
      const { status, body } = await enroll({ ...MONTHLY, customer: { stripe_customer_id: 'cus_gone' } });
      expect(status).toBe(409);
      expect(body.error).toEqual({ code: 'setup_refused', message: "Stripe has no Customer 'cus_gone'" });
    });

    it('answers 503 with Retry-After when Temporal is away; the repeat starts the same enrollment', async () => {
      const key = newKey();
      api.answers.enroll = async () => {
        throw new BillingUnavailable('14 UNAVAILABLE 10.0.0.7:7233', new Error('grpc'));
      };
      const away = await enroll(MONTHLY, key);
      expect(away.status).toBe(503);
      expect(away.headers['retry-after']).toBe('5');
      expect(away.text).not.toContain('10.0.0.7');
      delete api.answers.enroll;
      const back = await enroll(MONTHLY, key);
      expect(back.status).toBe(201);
      expect(
        new Set(api.asked.map(({ args }) => (args[0] as { enrollmentId: string }).enrollmentId)).size,
      ).toBe(1);
    });

    it('waits for the first session when a repeat comes before it is open', async () => {
      const key = newKey();
      const { id, checkout_url: url } = (await enroll(MONTHLY, key)).body;
      // The row is written before Stripe is asked for the session.
      const values = await takeSession(id);
      api.answers.enroll = async () => {
        await api.db.insertInto('checkout_sessions').values(values).execute();
        return { status: 'awaiting_payment_method', checkoutSession: null };
      };
      const again = await enroll(MONTHLY, key);
      expect([again.status, again.body.checkout_url]).toEqual([200, url]);
    });

    it('answers a repeat from the row when the enrollment has ended meanwhile', async () => {
      const key = newKey();
      const { id } = (await enroll(MONTHLY, key)).body;
      await takeSession(id);
      api.answers.enroll = async ({ enrollmentId }) => {
        throw new EnrollmentNotRunning(enrollmentId);
      };
      const again = await enroll(MONTHLY, key);
      expect([again.status, again.body.checkout_url]).toEqual([200, null]);
    });

    it('answers 409 when the id belongs to a Workflow that is closed and has no row', async () => {
      api.answers.enroll = async ({ enrollmentId }) => {
        throw new EnrollmentNotRunning(enrollmentId);
      };
      expect((await enroll(MONTHLY)).status).toBe(409);
    });

    it('answers 500 without a word of the inside when something unforeseen happens', async () => {
      api.answers.enroll = async () => {
        throw new TypeError('secret detail at /srv/app.ts:1');
      };
      const { status, text } = await enroll(MONTHLY);
      expect(status).toBe(500);
      expect(text).toBe('{"error":{"code":"internal_error","message":"something went wrong on our side"}}');
      expect(api.logged.join('')).toContain('secret detail');
    });
  });

  it('keeps text of every script as it was given', async () => {
    const text = `<script>alert(1)</script> '; drop table enrollments; -- ${'\u202e'}日本語 🎌 {{7*7}} %00`;
    const { body } = await enroll({
      ...MONTHLY,
      description: text,
      metadata: { note: text },
      customer: { reference: text, name: text },
    });
    const read = await api.request('GET', `/v1/enrollments/${body.id}`);
    expect(read.body).toMatchObject({
      description: text,
      metadata: { note: text },
      customer: { reference: text, name: text },
    });
    expect(read.headers['content-type']).toBe('application/json; charset=utf-8');
    expect(read.headers['x-content-type-options']).toBe('nosniff');
  });
});

describe('GET /v1/enrollments/:id', () => {
  it('tells what the rows say', async () => {
    const { body: made } = await enroll(MONTHLY);
    const { id } = made;
    const at = '2026-12-01T00:00:00.000Z';
    const charge = {
      enrollment_id: id,
      origin: 'schedule' as const,
      amount_minor: 980,
      currency: 'jpy',
      due_at: at,
      created_at: at,
      updated_at: at,
    };
    await api.db
      .insertInto('charges')
      .values([
        {
          ...charge,
          id: `chg_${id.slice(4)}_1`,
          number: 1,
          status: 'succeeded',
          attempts: 1,
          captured_minor: 980,
          refunded_minor: 0,
        },
        {
          ...charge,
          id: `chg_${id.slice(4)}_2`,
          number: 2,
          status: 'succeeded',
          attempts: 1,
          captured_minor: 980,
          refunded_minor: 480,
        },
        {
          ...charge,
          id: `chg_${id.slice(4)}_3`,
          number: 3,
          status: 'requires_payment_method',
          attempts: 1,
          captured_minor: 0,
          refunded_minor: 0,
          payment_intent_id: 'pi_3',
          last_code: 'card_declined',
          last_decline_code: 'insufficient_funds',
          next_attempt_at: '2026-12-02T00:00:00.000Z',
        },
      ])
      .execute();
    await api.db
      .insertInto('payment_methods')
      .values({
        id: 'pm_1',
        enrollment_id: id,
        stripe_customer_id: 'cus_1',
        type: 'card',
        brand: 'visa',
        last4: '4242',
        exp_month: 12,
        exp_year: 2040,
        setup_intent_id: 'seti_1',
        checkout_session_id: 'cs_1',
        saved_at: at,
      })
      .execute();
    await api.db
      .updateTable('enrollments')
      .set({
        status: 'past_due',
        default_payment_method_id: 'pm_1',
        started_at: at,
        next_charge_at: '2027-01-01T00:00:00.000Z',
        next_charge_amount_minor: 980,
      })
      .where('id', '=', id)
      .execute();

    const { status, body } = await api.request('GET', `/v1/enrollments/${id}`);
    expect(status).toBe(200);
    expect(body).toMatchObject({
      status: 'past_due',
      checkout_url: null,
      payment_method: {
        id: 'pm_1',
        type: 'card',
        brand: 'visa',
        last4: '4242',
        exp_month: 12,
        exp_year: 2040,
      },
      next_charge: { due_at: '2027-01-01T00:00:00.000Z', amount_minor: 980, currency: 'jpy' },
      latest_charge: {
        object: 'charge',
        id: `chg_${id.slice(4)}_3`,
        number: 3,
        status: 'requires_payment_method',
        attempts: 1,
        payment_intent_id: 'pi_3',
        last_code: 'card_declined',
        last_decline_code: 'insufficient_funds',
        next_attempt_at: '2026-12-02T00:00:00.000Z',
      },
      charges_succeeded: 2,
      amount_collected_minor: 1960,
      amount_past_due_minor: 980,
      started_at: at,
    });
  });

  it('tells the Checkout page only while the session has time left', async () => {
    const { body } = await enroll(MONTHLY);
    await api.db
      .updateTable('checkout_sessions')
      .set({ expires_at: new Date(Date.now() - 1_000) })
      .where('enrollment_id', '=', body.id)
      .execute();
    expect((await api.request('GET', `/v1/enrollments/${body.id}`)).body.checkout_url).toBeNull();
  });

  it('answers 404 for an unknown id and 400 for what is none', async () => {
    const unknown = await api.request('GET', `/v1/enrollments/enr_${'0'.repeat(26)}`);
    expect(unknown.status).toBe(404);
    expect(unknown.body.error).toEqual({
      code: 'not_found',
      message: `no enrollment 'enr_${'0'.repeat(26)}'`,
    });
    for (const id of [
      '17',
      'enr_1',
      `enr_${'A'.repeat(26)}`,
      '%00',
      "'%20or%201=1",
      '..%2f..%2fetc',
      'x'.repeat(300),
    ]) {
      const reply = await api.request('GET', `/v1/enrollments/${id}`);
      expect([id, reply.status, reply.body.error.param]).toEqual([id, 400, 'id']);
    }
  });
});

describe('GET /v1/enrollments', () => {
  const listed = async (query: string) => {
    const reply = await api.request('GET', `/v1/enrollments?${query}`);
    expect(reply.status).toBe(200);
    return reply.body;
  };

  it('walks all pages from new to old, once each, while others are enrolled', async () => {
    const reference = 'walker';
    const made: string[] = [];
    for (let count = 0; count < 7; count += 1) {
      made.push((await enroll({ ...MONTHLY, customer: { reference } })).body.id);
    }
    // The same instant: then the id decides.
    await api.db
      .updateTable('enrollments')
      .set({ created_at: '2026-11-01T00:00:00.000Z' })
      .where('id', 'in', made.slice(2, 6))
      .execute();
    const seen: string[] = [];
    let cursor = '';
    do {
      const page = await listed(`customer_reference=${reference}&limit=2${cursor && `&cursor=${cursor}`}`);
      expect(page.data.length).toBeLessThanOrEqual(2);
      expect(page.has_more).toBe(page.next_cursor !== null);
      seen.push(...page.data.map(({ id }: { id: string }) => id));
      cursor = page.next_cursor ?? '';
      await enroll({ ...MONTHLY, customer: { reference } });
    } while (cursor !== '');
    expect(seen).toHaveLength(7);
    expect(new Set(seen)).toEqual(new Set(made));
    const all = await listed(`customer_reference=${reference}&limit=100`);
    const instants = all.data.map(({ created_at }: { created_at: string }) => created_at);
    expect(instants).toEqual([...instants].sort().reverse());
  });

  it('filters by status, by reference and by Stripe Customer, and by all of them', async () => {
    const { body: paid } = await enroll({ ...MONTHLY, customer: { stripe_customer_id: 'cus_filter' } });
    await enroll({ ...MONTHLY, customer: { stripe_customer_id: 'cus_filter' } });
    await api.db.updateTable('enrollments').set({ status: 'active' }).where('id', '=', paid.id).execute();
    expect((await listed('stripe_customer_id=cus_filter')).data).toHaveLength(2);
    const both = await listed('stripe_customer_id=cus_filter&status=active');
    expect(both.data.map(({ id }: { id: string }) => id)).toEqual([paid.id]);
    expect((await listed('status=active&customer_reference=nobody')).data).toEqual([]);
  });

  it.each([
    ['limit=0', 'limit'],
    ['limit=101', 'limit'],
    ['limit=ten', 'limit'],
    ['limit=1.5', 'limit'],
    ['status=done', 'status'],
    ['cursor=abc', 'cursor'],
    ["cursor=1764547200000_enr_' or 1=1", 'cursor'],
    ['cursor=17', 'cursor'],
    ['stripe_customer_id=x', 'stripe_customer_id'],
    ['customer_reference=', 'customer_reference'],
    ['customer_reference=%00', 'customer_reference'],
    ['order=asc', 'order'],
    ['status=active&status=paused', 'status'],
  ])('refuses ?%s', async (query, param) => {
    const reply = await api.request('GET', `/v1/enrollments?${query}`);
    expect(reply.status).toBe(400);
    expect(reply.body.error.param).toBe(param);
  });
});
