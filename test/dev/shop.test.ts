import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { FastifyInstance } from 'fastify';
import { buildShop } from '../../dev/shop/app.ts';
import {
  type BillingApi,
  BillingError,
  type Charge,
  type Enrollment,
  type NewEnrollment,
} from '../../dev/shop/billing-api.ts';
import { openOrderBook } from '../../dev/shop/orders.ts';
import { formatAmount, PRODUCTS } from '../../dev/shop/products.ts';

const CHECKOUT = 'https://checkout.example/c/pay/cs_test_1';
const ORDER = '0c6e9b1e-3c0f-4f7c-9f7e-0a9a0f1d2c3b';

let enrollment: Enrollment;
let charges: Charge[];
let asked: { key: string; enrollment: NewEnrollment }[];
let canceled: string[];
let refusal: BillingError | null;
let shop: FastifyInstance;

const billing: BillingApi = {
  async enroll(key, wanted) {
    asked.push({ key, enrollment: wanted });
    if (refusal) {
      throw refusal;
    }
    return enrollment;
  },
  enrollment: async () => enrollment,
  charges: async () => charges,
  cancel: async (id) => {
    canceled.push(id);
  },
};

beforeEach(() => {
  asked = [];
  canceled = [];
  charges = [];
  refusal = null;
  enrollment = {
    id: 'enr_1',
    status: 'awaiting_payment_method',
    checkout_url: CHECKOUT,
    customer_link: 'https://billing.example/c/token',
    payment_method: null,
    next_charge: null,
    amount_collected_minor: 0,
    temporal_ui_url: null,
    ended_at: null,
  };
  shop = buildShop({
    billing,
    orders: openOrderBook(null),
    publicUrl: 'http://shop.example',
    mailsUrl: null,
  });
});
afterEach(() => shop.close());

function checkout(form: Record<string, string>) {
  return shop.inject({
    method: 'POST',
    url: '/checkout',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    payload: new URLSearchParams({ order_id: ORDER, sku: 'coffee-beans', lang: 'ja', ...form }).toString(),
  });
}

describe('GET /products/:sku', () => {
  it('has a Checkout button for each product, in both languages', async () => {
    for (const product of PRODUCTS) {
      for (const lang of ['en', 'ja'] as const) {
        const page = await shop.inject(`/products/${product.sku}?lang=${lang}`);
        expect(page.statusCode).toBe(200);
        expect(page.body).toContain(`<html lang="${lang}">`);
        expect(page.body).toContain('action="/checkout"');
        expect(page.body).toContain(formatAmount(product.amountMinor, product.currency, lang));
      }
    }
  });

  it('is a new order each time it is shown', async () => {
    const orderOf = async () =>
      /name="order_id" value="([^"]+)"/.exec((await shop.inject('/products/mug')).body)?.[1];
    expect(await orderOf()).not.toBe(await orderOf());
  });

  it('answers 404 for a product it does not sell', async () => {
    expect((await shop.inject('/products/tea')).statusCode).toBe(404);
  });
});

describe('POST /checkout', () => {
  it('enrolls with the order as Idempotency-Key and leads to Checkout', async () => {
    const answer = await checkout({ email: ' Hanako@Example.com ', name: 'Hanako' });
    expect([answer.statusCode, answer.headers.location]).toEqual([303, CHECKOUT]);
    expect(asked).toHaveLength(1);
    expect(asked[0]?.key).toBe(ORDER);
    expect(asked[0]?.enrollment).toMatchObject({
      customer: { email: 'hanako@example.com', name: 'Hanako' },
      terms: { currency: 'jpy', schedule: { type: 'once', amount_minor: 1200 } },
      locale: 'ja',
      return_url: `http://shop.example/orders/${ORDER}`,
    });
  });

  it('sends the same request under the same key when the button is pressed twice', async () => {
    await checkout({});
    await checkout({});
    expect(asked[1]).toEqual(asked[0]);
    const front = (await shop.inject('/')).body;
    expect(front.split(`/orders/${ORDER}`)).toHaveLength(2);
  });

  it('names no customer when no address is given', async () => {
    await checkout({ email: '' });
    expect(asked[0]?.enrollment).not.toHaveProperty('customer');
  });

  it('leads to the order when the payment method is saved already', async () => {
    enrollment.checkout_url = null;
    expect((await checkout({})).headers.location).toBe(`/orders/${ORDER}?lang=ja`);
  });

  it('says what was wrong when the service refuses, escaped', async () => {
    refusal = new BillingError(400, 'customer.email: <b>not</b> an address');
    const answer = await checkout({ email: 'x@example.com' });
    expect(answer.statusCode).toBe(400);
    expect(answer.body).toContain('customer.email: &#60;b&#62;not&#60;/b&#62; an address');
  });

  it('answers 502 when the service is away', async () => {
    refusal = new BillingError(0, 'fetch failed');
    expect((await checkout({})).statusCode).toBe(502);
  });

  it('refuses an order number that it has not made', async () => {
    expect((await checkout({ order_id: 'x' })).statusCode).toBe(404);
    expect(asked).toEqual([]);
  });
});

describe('GET /orders/:id', () => {
  it('looks again by itself until the charge is settled', async () => {
    await checkout({});
    const waiting = await shop.inject(`/orders/${ORDER}?lang=en`);
    expect(waiting.body).toContain('http-equiv="refresh"');
    expect(waiting.body).toContain('Waiting for a payment method');

    enrollment = { ...enrollment, status: 'completed', ended_at: '2026-12-01T00:00:00Z', checkout_url: null };
    enrollment.payment_method = { type: 'card', brand: 'visa', last4: '4242' };
    const due_at = '2026-12-01T00:00:00Z';
    charges = [
      {
        id: 'chg_1',
        number: 1,
        status: 'succeeded',
        amount_minor: 1200,
        currency: 'jpy',
        attempts: 1,
        due_at,
      },
    ];
    const paid = await shop.inject(`/orders/${ORDER}?lang=en`);
    expect(paid.body).not.toContain('http-equiv="refresh"');
    expect(paid.body).toContain('visa •••• 4242');
    expect(paid.body).toContain('data-status="completed"');
  });

  it('cancels on request', async () => {
    await checkout({});
    const answer = await shop.inject({ method: 'POST', url: `/orders/${ORDER}/cancel?lang=en` });
    expect([answer.statusCode, answer.headers.location]).toEqual([303, `/orders/${ORDER}?lang=en`]);
    expect(canceled).toEqual(['enr_1']);
  });

  it('does not know the orders of others', async () => {
    expect((await shop.inject('/orders/0c6e9b1e-0000-4f7c-9f7e-0a9a0f1d2c3b')).statusCode).toBe(404);
  });
});
