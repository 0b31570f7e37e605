import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { enroll, MONTHLY } from './enrolling.ts';
import { startApi, type TestApi } from './test-api.ts';

let api: TestApi;
beforeAll(async () => {
  api = await startApi();
});
afterAll(() => api.close());
beforeEach(() => api.forget());

describe('GET /v1/enrollments/:id', () => {
  it('tells that a cancel was accepted, and announces no charge that it stops', async () => {
    const [{ body: made }, { body: other }] = [await enroll(api, MONTHLY), await enroll(api, MONTHLY)];
    const next = { next_charge_at: '2099-01-01T00:00:00.000Z', next_charge_amount_minor: 980 };
    await api.db
      .updateTable('enrollments')
      .set({ status: 'active', started_at: new Date(), ...next })
      .where('id', 'in', [made.id, other.id])
      .execute();
    const at = '2026-12-01T00:00:00.000Z';
    await api.db
      .insertInto('enrollment_events')
      .values(
        ['2026-12-02T00:00:00.000Z', at].map((when, index) => ({
          key: `${made.id}/command-${index}/enrollment.cancel_accepted`,
          enrollment_id: made.id,
          at: when,
          what: 'enrollment.cancel_accepted',
          who: 'api:key_1',
          details: '{}',
        })),
      )
      .execute();
    const canceling = { status: 'active', cancel_at: null, cancel_requested_at: at, next_charge: null };
    const accepted = async () => ({ status: 'canceling' as const });
    api.answers.cancelEnrollment = accepted;
    const canceled = await api.request('POST', `/v1/enrollments/${made.id}/cancel`, { body: {} });
    expect([canceled.status, canceled.body]).toEqual([202, expect.objectContaining(canceling)]);
    expect((await api.request('GET', `/v1/enrollments/${made.id}`)).body).toMatchObject(canceling);
    const { data } = (await api.request('GET', '/v1/enrollments?limit=2')).body;
    expect(data).toMatchObject([
      { id: other.id, cancel_requested_at: null, next_charge: { amount_minor: 980 } },
      { id: made.id, ...canceling },
    ]);
  });

  it('tells what the rows say', async () => {
    const { body: made } = await enroll(api, MONTHLY);
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
    const { body } = await enroll(api, MONTHLY);
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
      made.push((await enroll(api, { ...MONTHLY, customer: { reference } })).body.id);
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
      await enroll(api, { ...MONTHLY, customer: { reference } });
    } while (cursor !== '');
    expect(seen).toHaveLength(7);
    expect(new Set(seen)).toEqual(new Set(made));
    const all = await listed(`customer_reference=${reference}&limit=100`);
    const instants = all.data.map(({ created_at }: { created_at: string }) => created_at);
    expect(instants).toEqual([...instants].sort().reverse());
  });

  it('filters by status, by reference and by Stripe Customer, and by all of them', async () => {
    const { body: paid } = await enroll(api, { ...MONTHLY, customer: { stripe_customer_id: 'cus_filter' } });
    await enroll(api, { ...MONTHLY, customer: { stripe_customer_id: 'cus_filter' } });
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
