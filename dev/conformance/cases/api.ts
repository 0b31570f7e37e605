// The API as such: keys, versions, parameters, money, metadata, lists, expand.

import assert from 'node:assert/strict';
import Stripe from 'stripe';
import { contract, refusal, whole } from '../context.ts';
import { CHARGE, ON_SESSION, savedCard } from './parts.ts';

const AMOUNTS: readonly [amount: string, currency: string, code: string | null][] = [
  ['50', 'usd', null],
  ['49', 'usd', 'amount_too_small'],
  ['50', 'jpy', null],
  ['49', 'jpy', 'amount_too_small'],
  ['30', 'gbp', null],
  ['29', 'gbp', 'amount_too_small'],
  ['99999999', 'usd', null],
  ['100000000', 'usd', 'amount_too_large'],
  ['0', 'usd', 'parameter_invalid_integer'],
  ['-5', 'usd', 'parameter_invalid_integer'],
  ['10.5', 'usd', 'parameter_invalid_integer'],
];

const MISSING: readonly [path: string, status: number][] = [
  ['customers/cus_nobody', 404],
  ['payment_methods/pm_nothing', 404],
  ['payment_intents/pi_nothing', 404],
  ['setup_intents/seti_nothing', 404],
  ['checkout/sessions/cs_test_nothing', 404],
  ['charges/ch_nothing', 404],
  ['refunds/re_nothing', 404],
  ['disputes/du_nothing', 404],
  ['events/evt_nothing', 404],
  ['mandates/mandate_nothing', 404],
  ['balance_transactions/txn_nothing', 404],
  ['webhook_endpoints/we_nothing', 404],
];

export const apiCases = [
  contract('API: an unknown key', async ({ client }) => {
    const error = await refusal(client({ key: 'sk_test_' }).customers.list(), { status: 401 });
    assert.ok(error instanceof Stripe.errors.StripeAuthenticationError);
  }),
  contract('API: a key that is not shown whole in the refusal', async (context) => {
    const key = 'nonsense_key_1234567890';
    const answer = await fetch(`${context.base()}/v1/customers`, {
      headers: { Authorization: `Bearer ${key}` },
    });
    assert.equal(answer.status, 401);
    assert.ok(!(await answer.text()).includes(key));
  }),
  contract('API: no key at all', async (context) => {
    const answer = await fetch(`${context.base()}/v1/customers`);
    assert.equal(answer.status, 401);
    assert.equal(answer.headers.get('www-authenticate')?.split(' ')[0], 'Bearer');
  }),
  contract('API: test and live keys are apart', async (context) => {
    context.base();
    const live = context.client({ key: 'sk_live_abc' });
    const customer = await context.stripe.customers.create();
    const error = await refusal(live.customers.retrieve(customer.id), {
      status: 404,
      code: 'resource_missing',
    });
    assert.match(error.message, /similar object exists in test mode/);
    assert.equal((await live.customers.create()).livemode, true);
  }),
  contract('API: another account', ({ stripe }) =>
    refusal(stripe.customers.list({}, { stripeAccount: 'acct_1nobody' }), { status: 403 }).then(() => {}),
  ),
  contract('API: an address that is not there', async ({ stripe }) => {
    const error = await refusal(stripe.rawRequest('GET', '/v1/nothing'), {
      status: 404,
      type: 'invalid_request_error',
    });
    assert.match(error.message, /Unrecognized request URL/);
  }),
  ...MISSING.map(([path, status]) =>
    contract(`API: no such object: ${path}`, ({ stripe }) =>
      refusal(stripe.rawRequest('GET', `/v1/${path}`), { status, code: 'resource_missing' }).then(() => {}),
    ),
  ),
  contract('API: an unknown PaymentMethod as a parameter is a 400', async (context) => {
    const { customer } = await savedCard(context);
    await refusal(
      context.stripe.paymentIntents.create({ ...CHARGE, customer, payment_method: 'pm_nothing' }),
      {
        status: 400,
        code: 'resource_missing',
        param: 'payment_method',
      },
    );
  }),
  contract('API: an unknown parameter', ({ stripe }) =>
    refusal(stripe.rawRequest('POST', '/v1/customers', { nonsense: '1' }), {
      status: 400,
      code: 'parameter_unknown',
      param: 'nonsense',
    }).then(() => {}),
  ),
  contract('API: a missing parameter', ({ stripe }) =>
    refusal(stripe.rawRequest('POST', '/v1/payment_intents', { amount: 1099 }), {
      status: 400,
      code: 'parameter_missing',
      param: 'currency',
    }).then(() => {}),
  ),
  contract('API: an empty parameter', ({ stripe }) =>
    refusal(
      stripe.rawRequest('POST', '/v1/payment_intents', { amount: 1099, currency: 'usd', customer: '' }),
      {
        status: 400,
        code: 'parameter_invalid_empty',
        param: 'customer',
      },
    ).then(() => {}),
  ),
  contract('API: an unknown currency', ({ stripe }) =>
    refusal(stripe.paymentIntents.create({ amount: 1099, currency: 'xyz' }), {
      status: 400,
      param: 'currency',
    }).then(() => {}),
  ),
  ...AMOUNTS.map(([amount, currency, code]) =>
    contract(`API: an amount of ${amount} ${currency}: ${code ?? 'ok'}`, async ({ stripe }) => {
      const call = stripe.rawRequest('POST', '/v1/payment_intents', { amount, currency });
      if (code === null) await call;
      else await refusal(call, { status: 400, code, param: 'amount' });
    }),
  ),
  contract('API: every answer names its request and version', async ({ stripe }) => {
    const customer = await stripe.customers.create();
    assert.match(customer.lastResponse.requestId, /^req_/);
    assert.match(customer.lastResponse.apiVersion ?? '', /^\d{4}-\d{2}-\d{2}/);
    const error = await refusal(stripe.customers.retrieve('cus_nobody'), { status: 404 });
    assert.match(error.requestId ?? '', /^req_/);
  }),

  contract('Metadata: keys are added, changed and removed', async ({ stripe }) => {
    const customer = await stripe.customers.create({ metadata: { a: '1', b: '2' } });
    const changed = await stripe.customers.update(customer.id, { metadata: { b: '', c: '3' } });
    assert.deepEqual(changed.metadata, { a: '1', c: '3' });
    const emptied = await stripe.customers.update(customer.id, { metadata: '' });
    assert.deepEqual(emptied.metadata, {});
  }),
  ...(
    [
      ['more than 50 keys', Object.fromEntries(Array.from({ length: 51 }, (_, i) => [`k${i}`, 'v']))],
      ['a key longer than 40', { ['k'.repeat(41)]: 'v' }],
      ['a value longer than 500', { k: 'v'.repeat(501) }],
    ] as const
  ).map(([name, metadata]) =>
    contract(`Metadata: ${name} is refused`, ({ stripe }) =>
      refusal(stripe.customers.create({ metadata }), { status: 400 }).then(() => {}),
    ),
  ),

  contract('List: newest first, cut by limit, continued by cursor', async ({ stripe }) => {
    const email = `list-${Date.now()}@example.com`;
    const ids: string[] = [];
    for (let i = 0; i < 5; i++) ids.unshift((await stripe.customers.create({ email })).id);
    const first = await stripe.customers.list({ email, limit: 2 });
    assert.deepEqual(
      first.data.map((it) => it.id),
      ids.slice(0, 2),
    );
    assert.equal(first.has_more, true);
    const rest: string[] = [];
    for await (const customer of stripe.customers.list({ email, limit: 2 })) rest.push(customer.id);
    assert.deepEqual(rest, ids);
    const back = await stripe.customers.list({ email, limit: 2, ending_before: ids[4] ?? '' });
    assert.deepEqual(
      back.data.map((it) => it.id),
      ids.slice(2, 4),
    );
    await refusal(stripe.customers.list({ starting_after: 'cus_nobody' }), {
      status: 400,
      param: 'starting_after',
    });
    await refusal(stripe.customers.list({ limit: 101 }), { status: 400, param: 'limit' });
  }),

  contract('Expand: four levels deep, not five, and only what can be', async (context) => {
    const { stripe } = context;
    const intent = await stripe.paymentIntents.create({ ...CHARGE, ...(await savedCard(context)) });
    const read = await stripe.paymentIntents.retrieve(intent.id, {
      expand: [
        'latest_charge.payment_intent.latest_charge.balance_transaction',
        'customer',
        'payment_method',
      ],
    });
    const charge = whole(whole(whole(read.latest_charge).payment_intent).latest_charge);
    assert.equal(whole(charge.balance_transaction).amount, 1099);
    assert.equal(whole(read.customer).id, intent.customer);
    const deep = 'latest_charge.payment_intent.latest_charge.payment_intent.latest_charge';
    await refusal(stripe.paymentIntents.retrieve(intent.id, { expand: [deep] }), { status: 400 });
    await refusal(stripe.paymentIntents.retrieve(intent.id, { expand: ['amount'] }), { status: 400 });
    const list = await stripe.paymentIntents.list({
      customer: String(intent.customer),
      expand: ['data.latest_charge'],
    });
    assert.equal(whole(list.data[0]?.latest_charge).id, charge.id);
  }),

  contract('Customer: deleted, it is still told, and its methods are detached', async (context) => {
    const { stripe } = context;
    const { customer, payment_method } = await savedCard(context);
    assert.equal((await stripe.customers.del(customer)).deleted, true);
    const read = await stripe.customers.retrieve(customer);
    assert.equal(read.deleted, true);
    assert.equal((await stripe.paymentMethods.retrieve(payment_method)).customer, null);
    await refusal(stripe.customers.update(customer, { name: 'x' }), { status: 404 });
    await context.eventTypes(customer, ['customer.created', 'customer.deleted']);
  }),
  contract('Customer: its default payment method, and what an update tells', async (context) => {
    const { stripe } = context;
    const { customer, payment_method } = await savedCard(context);
    const changed = await stripe.customers.update(customer, {
      invoice_settings: { default_payment_method: payment_method },
      name: 'Someone Else',
    });
    assert.equal(changed.invoice_settings.default_payment_method, payment_method);
    await context.eventTypes(customer, ['customer.updated']);
    await stripe.paymentMethods.detach(payment_method);
    const after = await stripe.customers.retrieve(customer);
    assert.ok(!after.deleted);
    assert.equal(after.invoice_settings.default_payment_method, null);
  }),

  contract('PaymentMethod: detached, it cannot be used again', async (context) => {
    const { stripe } = context;
    const { customer, payment_method } = await savedCard(context);
    const detached = await stripe.paymentMethods.detach(payment_method);
    assert.equal(detached.customer, null);
    await context.eventTypes(payment_method, ['payment_method.attached', 'payment_method.detached']);
    await refusal(stripe.paymentMethods.attach(payment_method, { customer }), { status: 400 });
    await refusal(stripe.paymentMethods.detach(payment_method), { status: 400 });
    await refusal(stripe.paymentIntents.create({ ...ON_SESSION, payment_method }), { status: 400 });
  }),
  contract('PaymentMethod: attached to one customer it cannot go to another', async (context) => {
    const { payment_method, customer } = await savedCard(context);
    const other = await context.stripe.customers.create();
    await refusal(context.stripe.paymentMethods.attach(payment_method, { customer: other.id }), {
      status: 400,
    });
    const again = await context.stripe.paymentMethods.attach(payment_method, { customer });
    assert.equal(again.customer, customer);
  }),
  contract(
    'PaymentMethod: listed by customer and kind, with the same fingerprint for the same card',
    async (context) => {
      const { stripe } = context;
      const { customer } = await savedCard(context);
      await stripe.paymentMethods.attach('pm_card_visa', { customer });
      const { data } = await stripe.paymentMethods.list({ customer, type: 'card' });
      assert.equal(data.length, 2);
      assert.equal(data[0]?.card?.fingerprint, data[1]?.card?.fingerprint);
      assert.equal((await stripe.paymentMethods.list({ customer, type: 'us_bank_account' })).data.length, 0);
    },
  ),
];
