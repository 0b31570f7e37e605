// Checkout Sessions in setup mode: every row of their table, and the rules of their parameters.

import assert from 'node:assert/strict';
import type Stripe from 'stripe';
import { type CaseContext, contract, idOf, refusal, whole } from '../context.ts';
import { CARD_FORM, CHARGE, SUCCESS } from './parts.ts';

type Create = Stripe.Checkout.SessionCreateParams;

function create({ stripe }: Pick<CaseContext, 'stripe'>, params: Create = {}) {
  return stripe.checkout.sessions.create({ mode: 'setup', currency: 'usd', success_url: SUCCESS, ...params });
}

/** A created session's page; hosted sessions that are open have one. */
function urlOf(session: Stripe.Checkout.Session): string {
  assert.ok(session.url, 'an open session has an url');
  return session.url;
}

/** undefined takes a parameter away. */
type Change = { [K in keyof Create]?: Create[K] | undefined };

const wrongParams: [string, Change, { code?: string; param: string }][] = [
  [
    'currency is missing and no types are named',
    { currency: undefined },
    { param: 'currency', code: 'parameter_missing' },
  ],
  [
    'expires_at is less than 30 minutes away',
    { expires_at: Math.floor(Date.now() / 1000) + 60 },
    { param: 'expires_at' },
  ],
  [
    'expires_at is more than 24 hours away',
    { expires_at: Math.floor(Date.now() / 1000) + 90_000 },
    { param: 'expires_at' },
  ],
  [
    'client_reference_id is longer than 200',
    { client_reference_id: 'x'.repeat(201) },
    { param: 'client_reference_id' },
  ],
  ['line_items are given', { line_items: [{ price: 'price_1', quantity: 1 }] }, { param: 'line_items' }],
  [
    'payment_intent_data is given',
    { payment_intent_data: { description: 'x' } },
    { param: 'payment_intent_data' },
  ],
  ['success_url is given to an embedded page', { ui_mode: 'embedded_page' }, { param: 'success_url' }],
  [
    'customer_update is given without customer',
    { customer_update: { name: 'auto' } },
    { param: 'customer_update' },
  ],
  [
    'the customer does not exist',
    { customer: 'cus_nobody' },
    { param: 'customer', code: 'resource_missing' },
  ],
  ['the address is not one', { success_url: 'nowhere' }, { param: 'success_url', code: 'url_invalid' }],
];

export const checkoutCases = [
  contract(
    'Checkout: created open, with a page and a SetupIntent that waits for a method',
    async (context) => {
      const customer = await context.stripe.customers.create({ email: 'jenny@example.com' });
      const session = await create(context, {
        customer: customer.id,
        client_reference_id: 'ref',
        metadata: { a: 'b' },
      });
      assert.equal(session.status, 'open');
      assert.equal(session.payment_status, 'no_payment_required');
      assert.equal(session.amount_total, null);
      assert.equal(session.client_secret, null);
      assert.equal(session.payment_method_collection, 'always');
      assert.equal(session.customer_details?.email, 'jenny@example.com');
      assert.match(urlOf(session), new RegExp(`/c/pay/${session.id}`));
      assert.ok(session.expires_at - session.created >= 86_300);
      const read = await context.stripe.checkout.sessions.retrieve(session.id, { expand: ['setup_intent'] });
      assert.equal(whole(read.setup_intent).status, 'requires_payment_method');
      assert.equal(whole(read.setup_intent).usage, 'off_session');
    },
  ),

  contract(
    'Checkout: submitted without a challenge it is complete, the method is attached',
    async (context) => {
      const { stripe } = context;
      const customer = await stripe.customers.create({ email: 'jenny@example.com' });
      const session = await create(context, { customer: customer.id });
      const answer = await context.page(urlOf(session), CARD_FORM);
      assert.equal(answer.status, 303);
      assert.equal(answer.headers.get('location'), SUCCESS.replace('{CHECKOUT_SESSION_ID}', session.id));
      const done = await stripe.checkout.sessions.retrieve(session.id, {
        expand: ['setup_intent.payment_method'],
      });
      assert.equal(done.status, 'complete');
      assert.equal(done.url, null);
      const intent = whole(done.setup_intent);
      assert.equal(intent.status, 'succeeded');
      assert.equal(intent.mandate, null);
      assert.equal(whole(intent.payment_method).customer, customer.id);
      await context.eventTypes(session.id, ['checkout.session.completed']);
      await context.eventTypes(intent.id, ['setup_intent.created', 'setup_intent.succeeded']);
      await context.eventTypes(idOf(intent.payment_method), ['payment_method.attached']);
    },
  ),

  contract(
    'Checkout: without a customer the method stays unattached, and can be attached and charged',
    async (context) => {
      const { stripe } = context;
      const session = await create(context);
      await context.page(urlOf(session), CARD_FORM);
      const done = await stripe.checkout.sessions.retrieve(session.id, { expand: ['setup_intent'] });
      assert.equal(done.customer, null);
      assert.equal(done.customer_details?.email, 'jenny@example.com');
      assert.equal(whole(done.setup_intent).customer, null);
      const method = idOf(whole(done.setup_intent).payment_method);
      assert.equal((await stripe.paymentMethods.retrieve(method)).customer, null);
      const customer = await stripe.customers.create();
      await stripe.paymentMethods.attach(method, { customer: customer.id });
      const intent = await stripe.paymentIntents.create({
        ...CHARGE,
        customer: customer.id,
        payment_method: method,
      });
      assert.equal(intent.status, 'succeeded');
    },
  ),

  contract('Checkout: customer_creation=always makes a customer of what was typed', async (context) => {
    const session = await create(context, { customer_creation: 'always' });
    await context.page(urlOf(session), CARD_FORM);
    const done = await context.stripe.checkout.sessions.retrieve(session.id, {
      expand: ['customer', 'setup_intent'],
    });
    const customer = whole(done.customer);
    assert.ok(!('deleted' in customer && customer.deleted));
    assert.equal('email' in customer && customer.email, 'jenny@example.com');
    assert.equal(whole(done.setup_intent).customer, customer.id);
  }),

  contract('Checkout: a decline keeps it open, and the customer can try again', async (context) => {
    const { stripe } = context;
    const session = await create(context);
    const answer = await context.page(urlOf(session), { ...CARD_FORM, cardNumber: '4000000000009995' });
    assert.equal(answer.status, 402);
    assert.match(await answer.text(), /insufficient funds/);
    const open = await stripe.checkout.sessions.retrieve(session.id, { expand: ['setup_intent'] });
    assert.equal(open.status, 'open');
    const intent = whole(open.setup_intent);
    assert.equal(intent.status, 'requires_payment_method');
    assert.equal(intent.payment_method, null);
    assert.equal(intent.last_setup_error?.decline_code, 'insufficient_funds');
    await context.eventTypes(intent.id, ['setup_intent.setup_failed']);
    assert.equal((await context.page(urlOf(session), CARD_FORM)).status, 303);
  }),

  contract('Checkout: a passed challenge completes it', async (context) => {
    const session = await create(context);
    const asked = await context.page(urlOf(session), { ...CARD_FORM, cardNumber: '4000002500003155' });
    const challenge = asked.headers.get('location') ?? '';
    assert.match(challenge, /\/3ds\//);
    const open = await context.stripe.checkout.sessions.retrieve(session.id, { expand: ['setup_intent'] });
    assert.equal(whole(open.setup_intent).status, 'requires_action');
    const back = await context.page(challenge, { answer: 'complete' });
    assert.equal(back.headers.get('location'), SUCCESS.replace('{CHECKOUT_SESSION_ID}', session.id));
    assert.equal((await context.stripe.checkout.sessions.retrieve(session.id)).status, 'complete');
  }),

  contract('Checkout: a failed challenge keeps it open', async (context) => {
    const session = await create(context);
    const asked = await context.page(urlOf(session), { ...CARD_FORM, cardNumber: '4000002500003155' });
    const back = await context.page(asked.headers.get('location') ?? '', { answer: 'fail' });
    assert.match(back.headers.get('location') ?? '', /\/c\/pay\//);
    const open = await context.stripe.checkout.sessions.retrieve(session.id, { expand: ['setup_intent'] });
    assert.equal(open.status, 'open');
    assert.equal(whole(open.setup_intent).status, 'requires_payment_method');
    assert.equal(whole(open.setup_intent).last_setup_error?.code, 'setup_intent_authentication_failure');
  }),

  contract('Checkout: expire ends an open one', async (context) => {
    const session = await create(context);
    const expired = await context.stripe.checkout.sessions.expire(session.id);
    assert.equal(expired.status, 'expired');
    assert.equal(expired.url, null);
    await context.eventTypes(session.id, ['checkout.session.expired']);
    await refusal(context.stripe.checkout.sessions.expire(session.id), {
      status: 400,
      type: 'invalid_request_error',
    });
  }),

  contract('Checkout: a complete one cannot be expired', async (context) => {
    const session = await create(context);
    await context.page(urlOf(session), CARD_FORM);
    await refusal(context.stripe.checkout.sessions.expire(session.id), { status: 400 });
  }),

  contract('Checkout: its time is over at expires_at, and its page says so', async (context) => {
    const url = context.base();
    const now = Number((await context.control('GET clock')).now);
    const session = await create(context, { expires_at: now + 1805 });
    await context.control('clock', { advance_seconds: 1800 });
    assert.equal((await context.stripe.checkout.sessions.retrieve(session.id)).status, 'open');
    await context.control('clock', { advance_seconds: 10 });
    const over = await context.stripe.checkout.sessions.retrieve(session.id, { expand: ['setup_intent'] });
    assert.equal(over.status, 'expired');
    assert.equal(whole(over.setup_intent).status, 'canceled');
    const types = await context.eventTypes(session.id, ['checkout.session.expired']);
    assert.deepEqual(types, ['checkout.session.expired']);
    assert.equal((await fetch(`${url}/c/pay/${session.id}`)).status, 410);
    assert.equal((await context.page(`${url}/c/pay/${session.id}`, CARD_FORM)).status, 410);
  }),

  contract(
    'Checkout: its SetupIntent can be neither confirmed nor canceled',
    async ({ stripe, ...context }) => {
      const session = await create({ stripe, ...context });
      const intent = idOf(session.setup_intent);
      const code = 'setup_intent_unexpected_state';
      await refusal(stripe.setupIntents.cancel(intent), { status: 400, code });
      await refusal(stripe.setupIntents.confirm(intent, { payment_method: 'pm_card_visa' }), {
        status: 400,
        code,
      });
    },
  ),

  contract('Checkout: payment_method_types is no longer a parameter', async ({ stripe }) => {
    const body = { mode: 'setup', success_url: SUCCESS, payment_method_types: ['card'] };
    await refusal(stripe.rawRequest('POST', '/v1/checkout/sessions', body), {
      status: 400,
      param: 'payment_method_types',
    });
  }),

  contract('Checkout: terms of service have to be accepted where they are asked for', async (context) => {
    const session = await create(context, { consent_collection: { terms_of_service: 'required' } });
    assert.equal((await context.page(urlOf(session), CARD_FORM)).status, 422);
    await context.page(urlOf(session), { ...CARD_FORM, termsOfServiceConsentCheckbox: 'true' });
    const done = await context.stripe.checkout.sessions.retrieve(session.id);
    assert.equal(done.consent?.terms_of_service, 'accepted');
  }),

  contract('Checkout: restricted to cards it needs no currency', async (context) => {
    const session = await context.stripe.checkout.sessions.create({
      mode: 'setup',
      success_url: SUCCESS,
      allowed_payment_method_types: ['card'],
    });
    assert.deepEqual(session.payment_method_types, ['card']);
  }),

  contract('Checkout: sessions are listed by customer and by status', async (context) => {
    const customer = await context.stripe.customers.create();
    const one = await create(context, { customer: customer.id });
    const two = await create(context, { customer: customer.id });
    await context.stripe.checkout.sessions.expire(one.id);
    const all = await context.stripe.checkout.sessions.list({ customer: customer.id });
    assert.deepEqual(
      all.data.map((it) => it.id),
      [two.id, one.id],
    );
    const open = await context.stripe.checkout.sessions.list({ customer: customer.id, status: 'open' });
    assert.deepEqual(
      open.data.map((it) => it.id),
      [two.id],
    );
  }),

  ...wrongParams.map(([name, params, expected]) =>
    contract(`Checkout: refused when ${name}`, async (context) => {
      const given = { mode: 'setup', currency: 'usd', success_url: SUCCESS, ...params };
      const body = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
      await refusal(context.stripe.rawRequest('POST', '/v1/checkout/sessions', body), {
        status: 400,
        ...expected,
      });
    }),
  ),
];
