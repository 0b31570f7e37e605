import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { readSettings } from '../../config/env.ts';
import { createStripe } from '../../config/stripe.ts';
import { addressesOf } from '../../dev/addresses.ts';
import { USUAL_PORTS } from '../../dev/ports.ts';
import { prepareStandIn, realStripe } from '../../dev/prepare.ts';
import { applicationSettings } from '../../dev/stack.ts';
import { loadSecrets, openStateFolder } from '../../dev/state.ts';
import { startStripeStandIn } from '../../dev/stripe-stand-in/stand-in.ts';
import { STRIPE_EVENT_TYPES } from '../../domain/stripe-event.ts';

const API = 'http://127.0.0.1:3000';

describe('realStripe', () => {
  it('is not used unless a key says so', () => {
    expect(realStripe({}, API)).toBeNull();
    expect(realStripe({ STRIPE_WEBHOOK_SECRET: 'whsec_1' }, API)).toBeNull();
  });

  it('is used with a test key and a webhook secret', () => {
    const environment = { STRIPE_SECRET_KEY: 'sk_test_1', STRIPE_WEBHOOK_SECRET: 'whsec_1' };
    expect(realStripe(environment, API)).toEqual({
      kind: 'real',
      secretKey: 'sk_test_1',
      webhookSecret: 'whsec_1',
    });
  });

  it('tells how to get the webhook secret when it is missing', () => {
    expect(() => realStripe({ STRIPE_SECRET_KEY: 'sk_test_1' }, API)).toThrow(
      `stripe listen --forward-to ${API}/webhooks/stripe`,
    );
  });

  it.each(['sk_live_1', 'rk_live_1'])('refuses %s: no real card is charged from here', (key) => {
    const environment = { STRIPE_SECRET_KEY: key, STRIPE_WEBHOOK_SECRET: 'whsec_1' };
    expect(() => realStripe(environment, API)).toThrow(/live key/);
  });
});

describe('prepareStandIn', () => {
  const root = mkdtempSync(path.join(os.tmpdir(), 'durable-billing-prepare-'));
  let standIn: Awaited<ReturnType<typeof startStripeStandIn>>;
  beforeAll(async () => {
    standIn = await startStripeStandIn({ port: 0 });
  });
  afterAll(async () => {
    await standIn.close();
    rmSync(root, { recursive: true, force: true });
  });

  it('makes one endpoint, for the events that production subscribes to, and corrects one of before', async () => {
    const folder = openStateFolder(root);
    const secrets = loadSecrets(folder);
    const addresses = { ...addressesOf(USUAL_PORTS, secrets.databasePassword, {}), stripe: standIn.url };
    const stripe = createStripe({
      STRIPE_SECRET_KEY: secrets.stripeSecretKey,
      STRIPE_API_URL: standIn.url,
      STRIPE_TIMEOUT_MS: 5_000,
    });
    const made = await prepareStandIn(folder, addresses, secrets);
    const id = secrets.webhookEndpoint?.id ?? '';
    const asMade = await stripe.webhookEndpoints.retrieve(id);
    expect(asMade.enabled_events).toEqual([...STRIPE_EVENT_TYPES]);

    await stripe.webhookEndpoints.update(id, { enabled_events: ['*'], url: 'http://127.0.0.1:1/elsewhere' });
    expect(await prepareStandIn(folder, addresses, secrets)).toEqual(made);
    const { data } = await stripe.webhookEndpoints.list();
    expect(data.map(({ url, enabled_events }) => ({ url, enabled_events }))).toEqual([
      { url: `${addresses.api}/webhooks/stripe`, enabled_events: [...STRIPE_EVENT_TYPES] },
    ]);
  });
});

describe('applicationSettings', () => {
  const secrets = {
    databasePassword: 'secret',
    customerLinkSecret: 'c'.repeat(64),
    stripeSecretKey: 'sk_test_local',
    webhookEndpoint: null,
    apiKey: null,
  };
  const stripe = { kind: 'real', secretKey: 'sk_test_1', webhookSecret: 'whsec_1' } as const;

  function settingsFor(environment: Record<string, string>) {
    const addresses = addressesOf(USUAL_PORTS, secrets.databasePassword, environment);
    return readSettings(applicationSettings(addresses, USUAL_PORTS, secrets, stripe));
  }

  it('are settings that the service takes, with everything on this machine', () => {
    const settings = settingsFor({});
    expect(settings).toMatchObject({
      TEMPORAL_ADDRESS: '127.0.0.1:7233',
      TEMPORAL_UI_URL: 'http://127.0.0.1:8233',
      STRIPE_API_URL: 'http://127.0.0.1:12111',
      ALLOWED_RETURN_ORIGINS: ['http://127.0.0.1:4000'],
      ALLOW_MINUTE_SCHEDULES: true,
    });
  });

  it('name the real Stripe and the Temporal server that the environment names', () => {
    const environment = { STRIPE_SECRET_KEY: 'sk_test_1', TEMPORAL_ADDRESS: 'temporal.internal:7233' };
    const settings = settingsFor(environment);
    expect(settings).toMatchObject({
      STRIPE_API_URL: 'https://api.stripe.com',
      STRIPE_SECRET_KEY: 'sk_test_1',
      TEMPORAL_ADDRESS: 'temporal.internal:7233',
    });
    expect(settings.TEMPORAL_UI_URL).toBeUndefined();
  });
});
