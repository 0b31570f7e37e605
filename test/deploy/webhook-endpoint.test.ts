import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Stripe } from 'stripe';
import { createStripe } from '../../config/stripe.ts';
import { startStripeStandIn } from '../../dev/stripe-stand-in/stand-in.ts';
import { STRIPE_EVENT_TYPES } from '../../domain/stripe-event.ts';

const SCRIPT = path.resolve(import.meta.dirname, '../../deploy/webhook-endpoint.ts');

let standIn: Awaited<ReturnType<typeof startStripeStandIn>>;
beforeAll(async () => {
  standIn = await startStripeStandIn({ port: 0 });
});
afterAll(() => standIn.close());

describe('webhook-endpoint', () => {
  it('makes it for our events in our API version, whatever the account has, and prints its secret alone', async () => {
    const { PATH, NODE_COMPILE_CACHE } = process.env;
    const settings = { STRIPE_SECRET_KEY: 'sk_test_0123456789', STRIPE_API_URL: standIn.url };
    const { stdout } = await promisify(execFile)(process.execPath, [SCRIPT, 'https://billing.example.com'], {
      env: { PATH, NODE_COMPILE_CACHE, NODE_NO_WARNINGS: '1', ...settings },
    });
    const stripe = createStripe({ ...settings, STRIPE_TIMEOUT_MS: 5_000 });
    const { data } = await stripe.webhookEndpoints.list();
    expect(data).toMatchObject([
      {
        url: 'https://billing.example.com/webhooks/stripe',
        api_version: Stripe.API_VERSION,
        enabled_events: [...STRIPE_EVENT_TYPES],
      },
    ]);
    expect(stdout).toMatch(/^whsec_\S+\n$/);
  }, 30_000);
});
