// Idempotency keys, and what the client sees when something goes wrong on the way.

import assert from 'node:assert/strict';
import Stripe from 'stripe';
import { type CaseContext, contract, refusal } from '../context.ts';
import { CHARGE, savedCard } from './parts.ts';

const newKey = () => `key-${Date.now()}-${Math.random()}`;

/** A header of an answer, whichever HTTP client the library used. */
function header(answer: { lastResponse: { headers: Record<string, string> } }, name: string): string | null {
  return new Headers(answer.lastResponse.headers).get(name);
}

async function charges({ stripe }: CaseContext, customer: string): Promise<number> {
  const { data } = await stripe.paymentIntents.list({ customer });
  return data.filter((it) => it.status === 'succeeded').length;
}

export const idempotencyCases = [
  contract('Idempotency: the first answer is repeated, and says so', async (context) => {
    const saved = await savedCard(context);
    const options = { idempotencyKey: newKey() };
    const one = await context.stripe.paymentIntents.create({ ...CHARGE, ...saved }, options);
    const two = await context.stripe.paymentIntents.create({ ...CHARGE, ...saved }, options);
    assert.equal(two.id, one.id);
    assert.equal(header(one, 'idempotent-replayed'), null);
    assert.equal(header(two, 'idempotent-replayed'), 'true');
    assert.equal(header(two, 'original-request'), one.lastResponse.requestId);
    assert.equal(await charges(context, saved.customer), 1);
  }),
  contract('Idempotency: a decline is repeated too', async (context) => {
    const saved = await savedCard(context, 'pm_card_chargeCustomerFail');
    const options = { idempotencyKey: newKey() };
    const one = await refusal(context.stripe.paymentIntents.create({ ...CHARGE, ...saved }, options), {
      status: 402,
    });
    const two = await refusal(context.stripe.paymentIntents.create({ ...CHARGE, ...saved }, options), {
      status: 402,
    });
    assert.equal(two.payment_intent?.id, one.payment_intent?.id);
    assert.equal(two.headers?.['idempotent-replayed'], 'true');
  }),
  contract('Idempotency: other parameters, or another endpoint, are refused', async ({ stripe }) => {
    const options = { idempotencyKey: newKey() };
    await stripe.customers.create({ name: 'a' }, options);
    const error = await refusal(stripe.customers.create({ name: 'b' }, options), {
      status: 400,
      type: 'idempotency_error',
    });
    assert.ok(error instanceof Stripe.errors.StripeIdempotencyError);
    assert.match(error.message, /^Keys for idempotent requests can only be used with the same parameters/);
    await refusal(stripe.setupIntents.create({}, options), { status: 400, type: 'idempotency_error' });
  }),
  contract('Idempotency: a refused parameter does not use the key up', async ({ stripe }) => {
    const options = { idempotencyKey: newKey() };
    await refusal(stripe.paymentIntents.create({ amount: 10, currency: 'usd' }, options), { status: 400 });
    const intent = await stripe.paymentIntents.create({ amount: 1099, currency: 'usd' }, options);
    assert.equal(intent.amount, 1099);
  }),
  contract('Idempotency: a refused state does', async ({ stripe }) => {
    const intent = await stripe.paymentIntents.create({ amount: 1099, currency: 'usd' });
    const options = { idempotencyKey: newKey() };
    await refusal(stripe.paymentIntents.capture(intent.id, {}, options), { status: 400 });
    const again = await refusal(stripe.paymentIntents.capture(intent.id, {}, options), { status: 400 });
    assert.equal(again.headers?.['idempotent-replayed'], 'true');
  }),
  contract('Idempotency: keys are at most 255 long', ({ stripe }) =>
    refusal(stripe.customers.create({}, { idempotencyKey: 'k'.repeat(256) }), { status: 400 }).then(() => {}),
  ),
  contract('Idempotency: after 24 hours the key makes a new request', async (context) => {
    context.base();
    const options = { idempotencyKey: newKey() };
    const one = await context.stripe.customers.create({ name: 'a' }, options);
    await context.control('clock', { advance_seconds: 23 * 3600 });
    assert.equal((await context.stripe.customers.create({ name: 'a' }, options)).id, one.id);
    await context.control('clock', { advance_seconds: 3601 });
    const two = await context.stripe.customers.create({ name: 'b' }, options);
    assert.notEqual(two.id, one.id);
  }),
  contract('Idempotency: while the first request is under way the second is a 409', async (context) => {
    context.base();
    const saved = await savedCard(context);
    const match = { method: 'POST', path_prefix: '/v1/payment_intents' };
    await context.control('faults', { match, kind: 'delay', when: 'after', delay_ms: 150 });
    const options = { idempotencyKey: newKey() };
    const slow = context.stripe.paymentIntents.create({ ...CHARGE, ...saved }, options);
    await new Promise((resolve) => setTimeout(resolve, 50));
    await refusal(context.stripe.paymentIntents.create({ ...CHARGE, ...saved }, options), {
      status: 409,
      code: 'idempotency_key_in_use',
    });
    const first = await slow;
    const third = await context.stripe.paymentIntents.create({ ...CHARGE, ...saved }, options);
    assert.equal(third.id, first.id);
    assert.equal(await charges(context, saved.customer), 1);
  }),

  contract('Fault: a 500 before the effect leaves the key unused', async (context) => {
    const saved = await faulty(context, { status: 500, when: 'before' });
    const options = { idempotencyKey: newKey() };
    const error = await refusal(context.stripe.paymentIntents.create({ ...CHARGE, ...saved }, options), {
      status: 500,
      type: 'api_error',
    });
    assert.ok(error instanceof Stripe.errors.StripeAPIError);
    const intent = await context.stripe.paymentIntents.create({ ...CHARGE, ...saved }, options);
    assert.equal(intent.status, 'succeeded');
    assert.equal(header(intent, 'idempotent-replayed'), null);
    assert.equal(await charges(context, saved.customer), 1);
  }),
  contract(
    'Fault: a 500 after the effect is repeated for the key; the charge is found by the list',
    async (context) => {
      const saved = await faulty(context, { status: 500, when: 'after' });
      const options = { idempotencyKey: newKey() };
      await refusal(context.stripe.paymentIntents.create({ ...CHARGE, ...saved }, options), { status: 500 });
      await refusal(context.stripe.paymentIntents.create({ ...CHARGE, ...saved }, options), { status: 500 });
      assert.equal(await charges(context, saved.customer), 1);
    },
  ),
  contract(
    'Fault: a 500 instead of the effect is repeated for the key, and nothing was charged',
    async (context) => {
      const saved = await faulty(context, { status: 500, when: 'instead' });
      const options = { idempotencyKey: newKey() };
      await refusal(context.stripe.paymentIntents.create({ ...CHARGE, ...saved }, options), { status: 500 });
      const error = await refusal(context.stripe.paymentIntents.create({ ...CHARGE, ...saved }, options), {
        status: 500,
      });
      assert.equal(error.headers?.['idempotent-replayed'], 'true');
      assert.equal(await charges(context, saved.customer), 0);
    },
  ),
  contract(
    'Fault: a connection that is cut after the effect gives the stored answer on the next try',
    async (context) => {
      const saved = await faulty(context, { kind: 'cut', when: 'after' });
      const options = { idempotencyKey: newKey() };
      const call = context.stripe.paymentIntents.create({ ...CHARGE, ...saved }, options);
      await assert.rejects(call, Stripe.errors.StripeConnectionError);
      const intent = await context.stripe.paymentIntents.create({ ...CHARGE, ...saved }, options);
      assert.equal(header(intent, 'idempotent-replayed'), 'true');
      assert.equal(await charges(context, saved.customer), 1);
    },
  ),
  contract('Fault: 429 is a rate limit, and the next try succeeds', async (context) => {
    const saved = await faulty(context, { status: 429 });
    const options = { idempotencyKey: newKey() };
    const error = await refusal(context.stripe.paymentIntents.create({ ...CHARGE, ...saved }, options), {
      status: 429,
      code: 'rate_limit',
    });
    assert.ok(error instanceof Stripe.errors.StripeRateLimitError);
    assert.equal(
      (await context.stripe.paymentIntents.create({ ...CHARGE, ...saved }, options)).status,
      'succeeded',
    );
  }),
  contract("Fault: the client's own retries end in one charge", async (context) => {
    const saved = await faulty(context, { status: 500, when: 'before', times: 2 });
    const intent = await context
      .client({ maxNetworkRetries: 3 })
      .paymentIntents.create({ ...CHARGE, ...saved });
    assert.equal(intent.status, 'succeeded');
    assert.equal(await charges(context, saved.customer), 1);
  }),
];

/** A saved card, and a fault for the next request that makes a PaymentIntent. */
async function faulty(context: CaseContext, fault: object) {
  const saved = await savedCard(context);
  const match = { method: 'POST', path_prefix: '/v1/payment_intents' };
  await context.control('faults', { match, ...fault });
  return saved;
}
