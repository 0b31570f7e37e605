/**
 * What the local stack needs before the application starts: the database and its schema, an API key, and a webhook
 * endpoint at the Stripe stand-in. Each step finds what an earlier run made.
 */
import { isDeepStrictEqual } from 'node:util';
import pg from 'pg';
import type Stripe from 'stripe';
import { authenticate, createApiKey, USUAL_SCOPES } from '../api/api-keys.ts';
import { createStripe, STRIPE_API_VERSION } from '../config/stripe.ts';
import { openDatabase } from '../db/database.ts';
import { migrateToLatest } from '../db/migrate.ts';
import { STRIPE_EVENT_TYPES } from '../domain/stripe-event.ts';
import { type Addresses, DATABASE } from './addresses.ts';
import type { StripeAccess } from './stack.ts';
import { type LocalSecrets, type StateFolder, saveSecrets } from './state.ts';

/** @returns a key of the HTTP API that the database knows */
export async function prepareDatabase(
  folder: StateFolder,
  addresses: Addresses,
  secrets: LocalSecrets,
): Promise<string> {
  const admin = new pg.Client({ connectionString: addresses.postgresAdmin });
  await admin.connect();
  try {
    const { rowCount } = await admin.query('select from pg_database where datname = $1', [DATABASE]);
    if (rowCount === 0) {
      await admin.query(`create database ${DATABASE}`);
    }
  } finally {
    await admin.end();
  }
  const db = openDatabase({
    url: addresses.postgres,
    poolSize: 1,
    applicationName: 'durable-billing dev',
    // As `npm run migrate` does.
    queryTimeoutMs: 0,
  });
  try {
    await migrateToLatest(db);
    if (secrets.apiKey !== null && (await authenticate(db, secrets.apiKey))) {
      return secrets.apiKey;
    }
    const { key } = await createApiKey(db, { name: 'local development', scopes: USUAL_SCOPES });
    secrets.apiKey = key;
    saveSecrets(folder, secrets);
    return key;
  } finally {
    await db.destroy();
  }
}

/**
 * Makes the endpoint as production does (`deploy/webhook-endpoint.ts`), or points the one of an earlier run to where the
 * API is now and to what it takes now.
 */
export async function prepareStandIn(
  folder: StateFolder,
  addresses: Addresses,
  secrets: LocalSecrets,
): Promise<StripeAccess> {
  const stripe = createStripe({
    STRIPE_SECRET_KEY: secrets.stripeSecretKey,
    STRIPE_API_URL: addresses.stripe,
    STRIPE_TIMEOUT_MS: 10_000,
  });
  const url = `${addresses.api}/webhooks/stripe`;
  const { data: endpoints } = await stripe.webhookEndpoints.list({ limit: 100 });
  const known = endpoints.find((endpoint) => endpoint.id === secrets.webhookEndpoint?.id);
  if (known && secrets.webhookEndpoint) {
    if (known.url !== url || !isDeepStrictEqual(known.enabled_events, [...STRIPE_EVENT_TYPES])) {
      await stripe.webhookEndpoints.update(known.id, { url, enabled_events: [...STRIPE_EVENT_TYPES] });
    }
    return access(secrets, secrets.webhookEndpoint.secret);
  }
  const made = await makeEndpoint(stripe, url);
  secrets.webhookEndpoint = made;
  saveSecrets(folder, secrets);
  return access(secrets, made.secret);
}

async function makeEndpoint(stripe: Stripe, url: string): Promise<{ id: string; secret: string }> {
  const { id, secret } = await stripe.webhookEndpoints.create({
    url,
    enabled_events: [...STRIPE_EVENT_TYPES],
    api_version: STRIPE_API_VERSION,
  });
  if (secret === undefined) {
    throw new Error('the Stripe stand-in made a webhook endpoint without telling its secret');
  }
  return { id, secret };
}

function access(secrets: LocalSecrets, webhookSecret: string): StripeAccess {
  return { kind: 'stand-in', secretKey: secrets.stripeSecretKey, webhookSecret };
}

/**
 * The real Stripe, when the environment names a key; null when the stand-in is to be used.
 * @throws Error when the webhook secret is missing, or the key is one of live mode
 */
export function realStripe(
  environment: Record<string, string | undefined>,
  apiUrl: string,
): StripeAccess | null {
  const { STRIPE_SECRET_KEY: secretKey, STRIPE_WEBHOOK_SECRET: webhookSecret } = environment;
  if (!secretKey) {
    return null;
  }
  if (/^(sk|rk)_live_/.test(secretKey)) {
    throw new Error(
      'STRIPE_SECRET_KEY is a live key: the local stack charges no real cards. Use a test key.',
    );
  }
  if (!webhookSecret) {
    throw new Error(
      [
        'STRIPE_SECRET_KEY is set, so the real Stripe is used, and STRIPE_WEBHOOK_SECRET is needed too. Run',
        `  stripe listen --forward-to ${apiUrl}/webhooks/stripe`,
        'and set STRIPE_WEBHOOK_SECRET to the whsec_… that it prints.',
      ].join('\n'),
    );
  }
  return { kind: 'real', secretKey, webhookSecret };
}
