import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import Stripe from 'stripe';
import { type RunningStandIn, startStripeStandIn } from '../../dev/stripe-stand-in/stand-in.ts';

let standIn: RunningStandIn;
beforeAll(async () => {
  standIn = await startStripeStandIn({ secretKey: 'sk_test_only' });
});
afterAll(() => standIn.close());

const get = (path: string, headers: Record<string, string> = {}) =>
  fetch(`${standIn.url}${path}`, { headers });

describe('the control plane', () => {
  it('does not answer the page of another site', async () => {
    const answer = await fetch(`${standIn.url}/_control/reset`, {
      method: 'POST',
      headers: { Origin: 'https://evil.example' },
    });
    expect(answer.status).toBe(403);
  });
  it('is not reached under /v1', async () => {
    const answer = await get('/v1/_control/clock', { Authorization: 'Bearer sk_test_only' });
    expect(answer.status).toBe(404);
  });
  it.each([
    ['/_control/clock', '{"advance_seconds":-1}', 400],
    ['/_control/clock', '{}', 400],
    ['/_control/clock', 'nonsense', 400],
    ['/_control/faults', '{"kind":"explode"}', 400],
    ['/_control/settings', '{"unknown":1}', 400],
    ['/_control/payment_intents/pi_none/settle', '{}', 404],
    ['/_control/nothing', '{}', 404],
  ])('refuses %s %s with %i', async (path, body, status) => {
    expect((await fetch(`${standIn.url}${path}`, { method: 'POST', body })).status).toBe(status);
  });
  it('changes a setting and tells all of them', async () => {
    const body = JSON.stringify({ maxConfirmations: 3 });
    const answer = await fetch(`${standIn.url}/_control/settings`, { method: 'POST', body });
    expect(await answer.json()).toMatchObject({ maxConfirmations: 3, holdDays: 7 });
  });
});

describe('the request log', () => {
  it('has neither the key nor card numbers', async () => {
    const client = new Stripe('sk_test_only', { host: '127.0.0.1', port: standIn.port, protocol: 'http' });
    await client.paymentMethods.create({
      type: 'card',
      card: { number: '4242424242424242', exp_month: 12, exp_year: 2040, cvc: '987' },
    });
    const log = await (await get('/_control/requests')).text();
    expect(log).toContain('/v1/payment_methods');
    expect(log).not.toMatch(/4242424242424242|(?<!\d)987(?!\d)|sk_test_only/);
  });
});

describe('with one key set', () => {
  it.each([
    ['sk_test_only', 200],
    ['sk_test_other', 401],
    ['sk_live_only', 401],
  ])('%s is answered %i', async (key, status) => {
    expect((await get('/v1/customers', { Authorization: `Bearer ${key}` })).status).toBe(status);
  });
  it('takes the key as the user of Basic auth too', async () => {
    const Authorization = `Basic ${Buffer.from('sk_test_only:').toString('base64')}`;
    expect((await get('/v1/customers', { Authorization })).status).toBe(200);
  });
});

describe('requests that are not as Stripe’s', () => {
  const Authorization = 'Bearer sk_test_only';
  it('refuses a JSON body', async () => {
    const headers = { Authorization, 'Content-Type': 'application/json' };
    const answer = await fetch(`${standIn.url}/v1/customers`, {
      method: 'POST',
      headers,
      body: '{"name":"x"}',
    });
    expect(answer.status).toBe(400);
  });
  it('refuses a body that is far too large', async () => {
    const body = `name=${'x'.repeat(1_100_000)}`;
    const answer = await fetch(`${standIn.url}/v1/customers`, {
      method: 'POST',
      headers: { Authorization },
      body,
    });
    expect(answer.status).toBe(413);
  });
  it('refuses a version that is none', async () => {
    expect((await get('/v1/customers', { Authorization, 'Stripe-Version': 'newest' })).status).toBe(400);
  });
  it.each(['/v1/invoices', '/v1/', '/v2/core/events', '/v1/customers/a/b/c/d'])(
    'answers 404 to %s in Stripe’s shape',
    async (path) => {
      const answer = await get(path, { Authorization });
      expect(answer.status).toBe(404);
      expect(await answer.json()).toMatchObject({ error: { type: 'invalid_request_error' } });
    },
  );
});

describe('pages', () => {
  it('escape what a caller put into the session', async () => {
    const client = new Stripe('sk_test_only', { host: '127.0.0.1', port: standIn.port, protocol: 'http' });
    const session = await client.checkout.sessions.create({
      mode: 'setup',
      currency: 'usd',
      success_url: 'https://example.com/ok',
      client_reference_id: '"><script>alert(1)</script>',
    });
    const text = await (await fetch(session.url ?? '')).text();
    expect(text).not.toContain('<script>');
    expect(text).toContain('&lt;script&gt;');
  });
  it('are sent with a policy that allows no script', async () => {
    const answer = await get('/c/pay/cs_test_none');
    expect(answer.status).toBe(404);
    expect(answer.headers.get('content-security-policy')).toContain("default-src 'none'");
  });
});
