// PaymentIntents: attempts, on-session and off-session, and what their parameters may be.

import assert from 'node:assert/strict';
import { contract, refusal, whole } from '../context.ts';
import { CHARGE, ON_SESSION, passChallenge, RETURN, savedCard, setUpCard, untilRefused } from './parts.ts';
import { BASE, inStatus, UNEXPECTED } from './payment-intent-states.ts';

export const paymentIntentCases = [
  contract('PaymentIntent: an off-session charge of a saved card succeeds', async (context) => {
    const intent = await context.stripe.paymentIntents.create({
      ...CHARGE,
      ...(await savedCard(context)),
      description: 'Period 1',
      statement_descriptor_suffix: 'PERIOD 1',
      metadata: { charge_id: 'chg_1' },
      expand: ['latest_charge.balance_transaction'],
    });
    assert.equal(intent.status, 'succeeded');
    const charge = whole(intent.latest_charge);
    assert.equal(charge.paid, true);
    assert.equal(charge.captured, true);
    assert.equal(charge.outcome?.type, 'authorized');
    assert.equal(charge.payment_method_details?.card?.last4, '4242');
    assert.deepEqual(charge.metadata, { charge_id: 'chg_1' });
    const types = await context.eventTypes(intent.id, ['payment_intent.created', 'payment_intent.succeeded']);
    assert.deepEqual(types, ['payment_intent.created', 'payment_intent.succeeded']);
  }),

  contract('PaymentIntent: a decline is a 402 and leaves requires_payment_method', async (context) => {
    const saved = await savedCard(context, 'pm_card_chargeCustomerFail');
    const error = await refusal(context.stripe.paymentIntents.create({ ...CHARGE, ...saved }), {
      status: 402,
      type: 'card_error',
      code: 'card_declined',
      declineCode: 'generic_decline',
    });
    const intent = await context.stripe.paymentIntents.retrieve(error.payment_intent?.id ?? '', {
      expand: ['latest_charge'],
    });
    assert.equal(intent.status, 'requires_payment_method');
    assert.equal(intent.payment_method, null);
    assert.equal(intent.last_payment_error?.type, 'card_error');
    assert.equal(intent.last_payment_error?.code, 'card_declined');
    assert.equal(intent.last_payment_error?.decline_code, 'generic_decline');
    assert.equal(intent.last_payment_error?.payment_method?.id, saved.payment_method);
    assert.equal(intent.last_payment_error?.charge, error.charge);
    const charge = whole(intent.latest_charge);
    assert.equal(charge.id, error.charge);
    assert.equal(charge.status, 'failed');
    assert.equal(charge.outcome?.type, 'issuer_declined');
    await context.eventTypes(charge.id, ['charge.failed']);
    await context.eventTypes(intent.id, ['payment_intent.created', 'payment_intent.payment_failed']);
  }),

  contract('PaymentIntent: declined, it is confirmed again with another card', async (context) => {
    const saved = await savedCard(context, 'pm_card_chargeCustomerFail');
    const error = await refusal(context.stripe.paymentIntents.create({ ...CHARGE, ...saved }), {
      status: 402,
    });
    const other = await context.stripe.paymentMethods.attach('pm_card_visa', { customer: saved.customer });
    const intent = await context.stripe.paymentIntents.confirm(error.payment_intent?.id ?? '', {
      payment_method: other.id,
      off_session: true,
    });
    assert.equal(intent.status, 'succeeded');
    assert.equal(intent.last_payment_error, null);
    assert.notEqual(intent.latest_charge, error.charge);
  }),

  contract('PaymentIntent: off-session authentication_required has no charge', async (context) => {
    const saved = await setUpCard(context, 'pm_card_authenticationRequired');
    const error = await refusal(context.stripe.paymentIntents.create({ ...CHARGE, ...saved }), {
      status: 402,
      type: 'card_error',
      code: 'authentication_required',
      declineCode: 'authentication_required',
    });
    const intent = await context.stripe.paymentIntents.retrieve(error.payment_intent?.id ?? '');
    assert.equal(intent.status, 'requires_payment_method');
    assert.equal(intent.latest_charge, null);
    assert.equal(intent.last_payment_error?.code, 'authentication_required');
    assert.equal(intent.last_payment_error?.payment_method?.id, saved.payment_method);
    await context.eventTypes(intent.id, ['payment_intent.payment_failed']);

    const again = await context.stripe.paymentIntents.confirm(intent.id, {
      payment_method: saved.payment_method,
      return_url: RETURN,
    });
    assert.equal(again.status, 'requires_action');
    const back = new URL((await passChallenge(context, again)) ?? '');
    assert.equal(back.searchParams.get('payment_intent'), intent.id);
    assert.equal(back.searchParams.get('payment_intent_client_secret'), intent.client_secret);
    assert.equal(back.searchParams.get('redirect_status'), 'succeeded');
    assert.equal((await context.stripe.paymentIntents.retrieve(intent.id)).status, 'succeeded');
  }),

  contract('PaymentIntent: on-session a challenge is asked for, with no charge yet', async (context) => {
    const intent = await inStatus.requires_action?.(context);
    assert.ok(intent);
    assert.equal(intent.latest_charge, null);
    assert.equal(intent.next_action?.type, 'redirect_to_url');
    await context.eventTypes(intent.id, ['payment_intent.requires_action']);
  }),

  contract('PaymentIntent: a failed challenge goes back to requires_payment_method', async (context) => {
    const intent = await inStatus.requires_action?.(context);
    assert.ok(intent);
    await passChallenge(context, intent, 'fail');
    const read = await context.stripe.paymentIntents.retrieve(intent.id);
    assert.equal(read.status, 'requires_payment_method');
    assert.equal(read.last_payment_error?.code, 'payment_intent_authentication_failure');
    await context.eventTypes(intent.id, ['payment_intent.payment_failed']);
  }),

  contract('PaymentIntent: canceled in the middle of a challenge, the challenge is over', async (context) => {
    const intent = await inStatus.requires_action?.(context);
    assert.ok(intent);
    await context.stripe.paymentIntents.cancel(intent.id);
    const answer = await context.page(intent.next_action?.redirect_to_url?.url ?? '', { answer: 'complete' });
    assert.equal(answer.status, 410);
    assert.equal((await context.stripe.paymentIntents.retrieve(intent.id)).status, 'canceled');
  }),

  contract(
    'PaymentIntent: confirmation_method=manual is confirmed a second time by the server',
    async (context) => {
      const intent = await context.stripe.paymentIntents.create({
        amount: 1099,
        currency: 'usd',
        payment_method: 'pm_card_authenticationRequired',
        confirmation_method: 'manual',
        confirm: true,
        return_url: RETURN,
      });
      await passChallenge(context, intent);
      assert.equal((await context.stripe.paymentIntents.retrieve(intent.id)).status, 'requires_confirmation');
      const done = await context.stripe.paymentIntents.confirm(intent.id, { return_url: RETURN });
      assert.equal(done.status, 'succeeded');
    },
  ),

  contract('PaymentIntent: error_on_requires_action ends the attempt', async ({ stripe }) => {
    const error = await refusal(
      stripe.paymentIntents.create({
        ...ON_SESSION,
        payment_method: 'pm_card_authenticationRequired',
        error_on_requires_action: true,
      }),
      { status: 402, type: 'card_error' },
    );
    assert.equal(error.payment_intent?.status, 'requires_payment_method');
  }),

  contract('PaymentIntent: confirmed too often it is canceled', async (context) => {
    context.base();
    const intent = await context.stripe.paymentIntents.create(BASE);
    const declined = { payment_method: 'pm_card_visa_chargeDeclined' };
    await untilRefused(() => context.stripe.paymentIntents.confirm(intent.id, declined), UNEXPECTED.code);
    assert.equal((await context.stripe.paymentIntents.retrieve(intent.id)).status, 'canceled');
  }),

  contract('PaymentIntent: confirm without a method', async (context) => {
    const intent = await inStatus.requires_payment_method?.(context);
    const error = await refusal(context.stripe.paymentIntents.confirm(intent?.id ?? ''), UNEXPECTED);
    assert.equal(error.payment_intent?.id, intent?.id);
  }),

  contract("PaymentIntent: another customer's method", async (context) => {
    const saved = await savedCard(context);
    const other = await context.stripe.customers.create();
    const error = await refusal(
      context.stripe.paymentIntents.create({
        ...CHARGE,
        customer: other.id,
        payment_method: saved.payment_method,
      }),
      { status: 400, param: 'payment_method' },
    );
    assert.equal(error.code, undefined);
  }),

  contract('PaymentIntent: an attached method without its customer', async (context) => {
    const { payment_method } = await savedCard(context);
    await refusal(context.stripe.paymentIntents.create({ ...CHARGE, payment_method }), {
      status: 400,
      code: 'parameter_missing',
      param: 'source',
    });
  }),

  contract('PaymentIntent: an unattached method can be used once', async ({ stripe }) => {
    const method = await stripe.paymentMethods.create({
      type: 'card',
      card: { token: 'tok_visa' },
    });
    const params = { ...ON_SESSION, payment_method: method.id };
    assert.equal((await stripe.paymentIntents.create(params)).status, 'succeeded');
    await refusal(stripe.paymentIntents.create(params), { status: 400, type: 'invalid_request_error' });
    const customer = await stripe.customers.create();
    await refusal(stripe.paymentMethods.attach(method.id, { customer: customer.id }), { status: 400 });
  }),

  contract('PaymentIntent: setup_future_usage attaches the method', async ({ stripe }) => {
    const customer = await stripe.customers.create();
    const intent = await stripe.paymentIntents.create({
      ...ON_SESSION,
      customer: customer.id,
      payment_method: 'pm_card_visa',
      setup_future_usage: 'off_session',
      expand: ['payment_method'],
    });
    assert.equal(whole(intent.payment_method).customer, customer.id);
    const methods = await stripe.customers.listPaymentMethods(customer.id);
    assert.equal(methods.data.length, 1);
  }),

  contract(
    'PaymentIntent: an update clears last_payment_error and can change the amount',
    async (context) => {
      const saved = await savedCard(context, 'pm_card_chargeCustomerFail');
      const error = await refusal(context.stripe.paymentIntents.create({ ...CHARGE, ...saved }), {
        status: 402,
      });
      const intent = await context.stripe.paymentIntents.update(error.payment_intent?.id ?? '', {
        amount: 2000,
      });
      assert.equal(intent.last_payment_error, null);
      assert.equal(intent.amount, 2000);
    },
  ),

  contract('PaymentIntent: after success the amount cannot be changed, metadata can', async (context) => {
    const intent = await inStatus.succeeded?.(context);
    const id = intent?.id ?? '';
    await refusal(context.stripe.paymentIntents.update(id, { amount: 2000 }), UNEXPECTED);
    const changed = await context.stripe.paymentIntents.update(id, { metadata: { a: 'b' } });
    assert.deepEqual(changed.metadata, { a: 'b' });
  }),

  contract(
    'PaymentIntent: on-session with redirect methods on offer a return_url is needed',
    async ({ stripe }) => {
      await refusal(
        stripe.paymentIntents.create({
          amount: 1099,
          currency: 'usd',
          payment_method: 'pm_card_visa',
          confirm: true,
        }),
        { status: 400, type: 'invalid_request_error' },
      );
    },
  ),

  contract('PaymentIntent: statement_descriptor is not for cards', async (context) => {
    const saved = await savedCard(context);
    await refusal(
      context.stripe.paymentIntents.create({ ...CHARGE, ...saved, statement_descriptor: 'SHOP' }),
      {
        status: 400,
      },
    );
  }),

  ...(['off_session', 'error_on_requires_action', 'return_url', 'mandate'] as const).map((param) =>
    contract(`PaymentIntent: ${param} needs confirm=true`, async ({ stripe }) => {
      const value = param === 'return_url' ? RETURN : param === 'mandate' ? 'mandate_1' : 'true';
      const body = { amount: 1099, currency: 'usd', [param]: value };
      await refusal(stripe.rawRequest('POST', '/v1/payment_intents', body), { status: 400, param });
    }),
  ),

  contract('PaymentIntent: payment_method_types is no longer a parameter', async ({ stripe }) => {
    const body = { amount: 1099, currency: 'usd', payment_method_types: ['card'] };
    await refusal(stripe.rawRequest('POST', '/v1/payment_intents', body), {
      status: 400,
      code: 'payment_method_types_no_longer_supported',
      param: 'payment_method_types',
    });
  }),

  contract('PaymentIntent: found by its customer and by search', async (context) => {
    const saved = await savedCard(context);
    const order = `order_${Date.now()}`;
    const intent = await context.stripe.paymentIntents.create({ ...CHARGE, ...saved, metadata: { order } });
    const listed = await context.stripe.paymentIntents.list({ customer: saved.customer });
    assert.deepEqual(
      listed.data.map((it) => it.id),
      [intent.id],
    );
    context.base(); // The real search needs up to a minute.
    const found = await context.stripe.paymentIntents.search({
      query: `metadata['order']:'${order}' AND status:'succeeded' AND amount>1000`,
    });
    assert.deepEqual(
      found.data.map((it) => it.id),
      [intent.id],
    );
    const none = await context.stripe.paymentIntents.search({
      query: `metadata['order']:'${order}' AND -currency:'usd'`,
    });
    assert.equal(none.data.length, 0);
    await refusal(context.stripe.paymentIntents.search({ query: 'nonsense' }), { status: 400 });
  }),
];
