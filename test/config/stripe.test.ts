import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Stripe } from 'stripe';
import { createStripe, stripeRequestsPerSecond } from '../../config/stripe.ts';

let server: Server;
/** What happened, in its order. */
let seen: string[] = [];
beforeAll(async () => {
  server = createServer((request, response) => {
    seen.push('request');
    if (request.url?.includes('cut')) {
      request.socket.destroy();
      return;
    }
    response.writeHead(request.url?.includes('refused') ? 402 : 200, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ error: { type: 'card_error', message: 'declined' } }));
  }).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
});
afterAll(() => {
  server.close();
});
beforeEach(() => {
  seen = [];
});

function client(turn: () => Promise<() => void>): Stripe {
  const settings = {
    STRIPE_SECRET_KEY: 'sk_test_turns',
    STRIPE_API_URL: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    STRIPE_TIMEOUT_MS: 2_000,
  };
  return createStripe(settings, { turn });
}

describe('stripeRequestsPerSecond', () => {
  it.each([
    ['https://api.stripe.com', undefined, 20],
    ['https://api.stripe.com', 80, 80],
    ['http://127.0.0.1:12111', undefined, 80],
    ['http://127.0.0.1:12111', 5, 5],
  ])('towards %s, set to %s: %s', (STRIPE_API_URL, STRIPE_REQUESTS_PER_SECOND, expected) => {
    expect(stripeRequestsPerSecond({ STRIPE_API_URL, STRIPE_REQUESTS_PER_SECOND })).toBe(expected);
  });
});

describe('createStripe', () => {
  it.each([
    ['http://[::1]:12111', '::1', 12111],
    ['https://api.stripe.com', 'api.stripe.com', 443],
  ])('asks %s at host %s, port %s', (STRIPE_API_URL, host, port) => {
    const settings = { STRIPE_SECRET_KEY: 'sk_test_1', STRIPE_API_URL, STRIPE_TIMEOUT_MS: 2_000 };
    const stripe = createStripe(settings);
    expect([stripe.getApiField('host'), stripe.getApiField('port')]).toEqual([host, port]);
  });
});

describe('a turn of the Stripe client', () => {
  it.each([
    ['good', 1],
    ['refused', 1],
    // Stripe's library repeats it once, on another connection.
    ['cut', 2],
  ])('is taken before each request, and is told of its end: %s', async (id, requests) => {
    const stripe = client(async () => {
      seen.push('turn');
      return () => seen.push('answered');
    });
    await stripe.paymentIntents.retrieve(`pi_${id}`).catch(() => undefined);
    expect(seen).toEqual(Array.from({ length: requests }, () => ['turn', 'request', 'answered']).flat());
  });

  it('is refused: nothing is sent, and whoever asks hears why', async () => {
    const none = new Error('no turn');
    const stripe = client(() => Promise.reject(none));
    const asked = stripe.paymentIntents.retrieve('pi_good');
    await expect(asked).rejects.toMatchObject({ detail: none });
    await expect(asked).rejects.toBeInstanceOf(Stripe.errors.StripeConnectionError);
    expect(seen).toEqual([]);
  });
});
