// Events and their delivery: signatures, versions, filters, retries, order.

import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type Stripe from 'stripe';
import { type CaseContext, contract, refusal } from '../context.ts';
import { CHARGE, savedCard } from './parts.ts';

interface Received {
  body: string;
  signature: string;
  event: Stripe.Event;
}

interface Receiver {
  received: Received[];
  endpoint: Stripe.WebhookEndpoint;
  /** The status of the coming answers. */
  answer(status: number): void;
  /** Waits until so many have come. */
  count(n: number): Promise<void>;
}

/** A local endpoint for the time of `use`. */
async function receiving(
  context: CaseContext,
  params: Partial<Stripe.WebhookEndpointCreateParams>,
  use: (receiver: Receiver) => Promise<void>,
): Promise<void> {
  context.base(); // The real Stripe does not reach this machine.
  const received: Received[] = [];
  let status = 200;
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const body = Buffer.concat(chunks).toString();
      received.push({
        body,
        signature: String(request.headers['stripe-signature']),
        event: JSON.parse(body),
      });
      response.writeHead(status).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port }: AddressInfo = Object(server.address());
  const endpoint = await context.stripe.webhookEndpoints.create({
    url: `http://127.0.0.1:${port}/hook`,
    enabled_events: ['*'],
    ...params,
  });
  try {
    await use({
      received,
      endpoint,
      answer(next) {
        status = next;
      },
      async count(n) {
        for (let i = 0; received.length < n && i < 200; i++)
          await new Promise((resolve) => setTimeout(resolve, 10));
        assert.equal(received.length, n, received.map(({ event }) => event.type).join(', '));
      },
    });
  } finally {
    await context.stripe.webhookEndpoints.del(endpoint.id);
    server.closeAllConnections();
    server.close();
  }
}

function verify(
  { stripe }: CaseContext,
  { body, signature }: Received,
  secret: string | undefined,
): Stripe.Event {
  return stripe.webhooks.constructEvent(body, signature, secret ?? '');
}

export const webhookCases = [
  contract('Webhook: signed, and it names the request that caused it', async (context) => {
    await receiving(context, {}, async (receiver) => {
      const key = `key-${Math.random()}`;
      const customer = await context.stripe.customers.create({ name: 'a' }, { idempotencyKey: key });
      await receiver.count(1);
      const [first] = receiver.received;
      assert.ok(first);
      const event = verify(context, first, receiver.endpoint.secret);
      assert.equal(event.type, 'customer.created');
      assert.equal(event.request?.idempotency_key, key);
      assert.equal(event.request?.id, customer.lastResponse.requestId);
      assert.equal(event.pending_webhooks, 1);
      assert.throws(() => verify(context, first, 'whsec_wrong'));
      assert.throws(() =>
        verify(context, { ...first, body: first.body.replace('"a"', '"b"') }, receiver.endpoint.secret),
      );
      for (let i = 0; i < 100; i++) {
        if ((await context.stripe.events.retrieve(event.id)).pending_webhooks === 0) return;
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
      assert.fail('pending_webhooks did not go down');
    });
  }),

  contract('Webhook: the secret is shown once', async (context) => {
    await receiving(context, {}, async ({ endpoint }) => {
      assert.match(endpoint.secret ?? '', /^whsec_/);
      assert.equal((await context.stripe.webhookEndpoints.retrieve(endpoint.id)).secret, undefined);
    });
  }),

  contract('Webhook: only the types that are enabled come, and none when it is disabled', async (context) => {
    await receiving(context, { enabled_events: ['payment_intent.succeeded'] }, async (receiver) => {
      const saved = await savedCard(context);
      await context.stripe.paymentIntents.create({ ...CHARGE, ...saved });
      await receiver.count(1);
      await context.stripe.webhookEndpoints.update(receiver.endpoint.id, { disabled: true });
      await context.stripe.paymentIntents.create({ ...CHARGE, ...saved });
      await context.control('webhooks/settled');
      await receiver.count(1);
    });
  }),

  contract('Webhook: an endpoint of an old version gets the old names', async (context) => {
    const params: Partial<Stripe.WebhookEndpointCreateParams> = {
      enabled_events: ['payment_intent.payment_failed', 'payment_intent.created'],
    };
    const old = { ...params, api_version: '2018-11-08' as Stripe.WebhookEndpointCreateParams.ApiVersion };
    await receiving(context, old, async (receiver) => {
      await context.stripe.paymentIntents.create({ amount: 1099, currency: 'usd' });
      await receiver.count(1);
      const body: { api_version: string; data: { object: Record<string, unknown> } } = JSON.parse(
        receiver.received[0]?.body ?? '{}',
      );
      assert.equal(body.api_version, '2018-11-08');
      assert.equal(body.data.object.status, 'requires_source');
      assert.ok(Array.isArray(body.data.object.allowed_source_types));
    });
  }),

  contract('Webhook: tried again with a new signature and the same id', async (context) => {
    await receiving(context, { enabled_events: ['customer.created'] }, async (receiver) => {
      receiver.answer(500);
      await context.stripe.customers.create();
      await receiver.count(1);
      await context.control('webhooks/settled');
      receiver.answer(200);
      await context.control('clock', { advance_seconds: 7200 });
      await receiver.count(2);
      const [first, second] = receiver.received;
      assert.equal(first?.event.id, second?.event.id);
      assert.notEqual(first?.signature, second?.signature);
      await context.control('webhooks/settled');
      await context.control('clock', { advance_seconds: 86_400 });
      await context.control('webhooks/settled');
      await receiver.count(2);
    });
  }),

  contract('Webhook: given up after three more tries', async (context) => {
    await receiving(context, { enabled_events: ['customer.created'] }, async (receiver) => {
      receiver.answer(500);
      await context.stripe.customers.create();
      await receiver.count(1);
      for (let tries = 2; tries <= 4; tries++) {
        await context.control('webhooks/settled');
        await context.control('clock', { advance_seconds: 86_400 });
        await receiver.count(tries);
      }
      await context.control('webhooks/settled');
      await context.control('clock', { advance_seconds: 86_400 });
      await context.control('webhooks/settled');
      await receiver.count(4);
      const undelivered = await context.stripe.events.list({
        delivery_success: false,
        type: 'customer.created',
      });
      assert.ok(undelivered.data.some((event) => event.id === receiver.received[0]?.event.id));
    });
  }),

  contract('Webhook: held, released, duplicated, dropped', async (context) => {
    await receiving(context, { enabled_events: ['customer.created'] }, async (receiver) => {
      await context.control('webhooks', { mode: 'hold' });
      for (let i = 0; i < 3; i++) await context.stripe.customers.create();
      await new Promise((resolve) => setTimeout(resolve, 50));
      await receiver.count(0);
      assert.equal((await context.control('webhooks/release')).released, 3);
      await receiver.count(3);
      await context.control('webhooks', { mode: 'deliver', duplicate: true });
      await context.stripe.customers.create();
      await receiver.count(5);
      await context.control('webhooks', { mode: 'drop' });
      await context.stripe.customers.create();
      await context.control('webhooks/settled');
      await context.control('webhooks', { mode: 'deliver' });
      await receiver.count(5);
    });
  }),

  contract('Webhook: shuffled, all of them come', async (context) => {
    await receiving(context, { enabled_events: ['customer.created'] }, async (receiver) => {
      await context.control('webhooks', { mode: 'hold', shuffle: true });
      for (let i = 0; i < 20; i++) await context.stripe.customers.create({ name: String(i) });
      await context.control('webhooks/release');
      await receiver.count(20);
      await context.control('webhooks', { mode: 'deliver' });
      assert.equal(new Set(receiver.received.map(({ event }) => event.id)).size, 20);
    });
  }),

  contract('Webhook: sent again when asked', async (context) => {
    await receiving(context, { enabled_events: ['customer.created'] }, async (receiver) => {
      await context.stripe.customers.create();
      await receiver.count(1);
      await context.control(`events/${receiver.received[0]?.event.id}/resend`);
      await receiver.count(2);
    });
  }),

  contract('Webhook: while a secret is rolled both sign', async (context) => {
    await receiving(context, { enabled_events: ['customer.created'] }, async (receiver) => {
      const rolled = await context.control(`webhook_endpoints/${receiver.endpoint.id}/roll_secret`, {
        old_secret_seconds: 3600,
      });
      await context.stripe.customers.create();
      await receiver.count(1);
      const [first] = receiver.received;
      assert.ok(first);
      verify(context, first, receiver.endpoint.secret);
      verify(context, first, String(rolled.secret));
      await context.control('clock', { advance_seconds: 3601 });
      await context.stripe.customers.create();
      await receiver.count(2);
      const second = receiver.received[1];
      assert.ok(second);
      assert.throws(() => verify(context, second, receiver.endpoint.secret));
    });
  }),

  contract('Webhook: what Stripe does by itself names no request', async (context) => {
    await receiving(context, { enabled_events: ['checkout.session.expired'] }, async (receiver) => {
      await context.stripe.checkout.sessions.create({
        mode: 'setup',
        currency: 'usd',
        success_url: 'https://example.com/ok',
      });
      await context.control('clock', { advance_seconds: 86_500 });
      await receiver.count(1);
      assert.deepEqual(receiver.received[0]?.event.request, { id: null, idempotency_key: null });
    });
  }),

  contract('Webhook: at least one type, and a real address', async ({ stripe }) => {
    const url = 'https://example.com/hook';
    await refusal(stripe.webhookEndpoints.create({ url, enabled_events: [] }), {
      status: 400,
      param: 'enabled_events',
    });
    await refusal(stripe.webhookEndpoints.create({ url: 'nowhere', enabled_events: ['*'] }), {
      status: 400,
      param: 'url',
    });
  }),

  contract('Event: listed by type and time, kept for 30 days', async (context) => {
    context.base();
    const customer = await context.stripe.customers.create({ name: 'kept' });
    const { data } = await context.stripe.events.list({ types: ['customer.created', 'customer.updated'] });
    const event = data.find((it) => 'id' in it.data.object && it.data.object.id === customer.id);
    assert.ok(event);
    assert.equal(
      (await context.stripe.events.list({ type: 'charge.*', created: { gte: event.created } })).data.length,
      0,
    );
    await context.stripe.customers.update(customer.id, { name: 'changed' });
    const kept = await context.stripe.events.retrieve(event.id);
    assert.equal('name' in kept.data.object && kept.data.object.name, 'kept', 'the object is as it was');
    await context.control('clock', { advance_seconds: 31 * 86_400 });
    await refusal(context.stripe.events.retrieve(event.id), { status: 404 });
  }),
];
