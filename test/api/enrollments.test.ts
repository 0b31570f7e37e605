import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { EnrollmentInput } from '../../domain/workflow-input.ts';
import { enroll, MONTHLY } from './enrolling.ts';
import { startApi, type TestApi } from './test-api.ts';

let api: TestApi;
beforeAll(async () => {
  api = await startApi();
});
afterAll(() => api.close());
beforeEach(() => api.forget());

describe('POST /v1/enrollments', () => {
  it('starts the Workflow and answers 201 with the whole enrollment', async () => {
    const { status, body } = await enroll(api, {
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
      recurring_amount_minor: 980,
      balance_minor: 0,
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
      cancel_requested_at: null,
      paused_until: null,
      created_at: expect.any(String),
      started_at: null,
      ended_at: null,
      end_reason: null,
    });
  });

  it('gives the Workflow terms and ids, and no personal data', async () => {
    await enroll(api, { ...MONTHLY, customer: { reference: 'c-2', email: 'bob@example.com', name: 'Bob' } });
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
    const { status } = await enroll(api, { terms: { currency: 'jpy', schedule } });
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
    const { body } = await enroll(api, { terms });
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
      await enroll(api, {
        ...MONTHLY,
        customer: { reference: 'same', email: 'old@example.com', name: 'Old' },
      });
      const first = customerIdOf();
      const { body } = await enroll(api, {
        ...MONTHLY,
        customer: { reference: 'same', email: 'new@example.com' },
      });
      expect(customerIdOf()).toBe(first);
      expect(body.customer).toMatchObject({ reference: 'same', email: 'new@example.com', name: 'Old' });
    });

    it('is one record for each Stripe Customer', async () => {
      const { body } = await enroll(api, { ...MONTHLY, customer: { stripe_customer_id: 'cus_A1' } });
      const first = customerIdOf();
      expect(body.customer).toEqual({
        reference: null,
        email: null,
        name: null,
        stripe_customer_id: 'cus_A1',
      });
      await enroll(api, { ...MONTHLY, customer: { stripe_customer_id: 'cus_A1' } });
      expect(customerIdOf()).toBe(first);
      await enroll(api, { ...MONTHLY, customer: { stripe_customer_id: 'cus_A2' } });
      expect(customerIdOf()).not.toBe(first);
    });

    it('is a record of its own for somebody without a reference, also with an e-mail that is known', async () => {
      await enroll(api, MONTHLY);
      const nobody = customerIdOf();
      await enroll(api, MONTHLY);
      expect(customerIdOf()).not.toBe(nobody);
      await enroll(api, { ...MONTHLY, customer: { email: 'shared@example.com' } });
      const first = customerIdOf();
      await enroll(api, { ...MONTHLY, customer: { email: 'shared@example.com' } });
      expect(customerIdOf()).not.toBe(first);
    });
  });

  it('keeps text of every script as it was given', async () => {
    const text = `<script>alert(1)</script> '; drop table enrollments; -- ${'\u202e'}日本語 🎌 {{7*7}} %00`;
    const { body } = await enroll(api, {
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
