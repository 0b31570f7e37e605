/**
 * The API over a real database, with a BillingClient that stands in for Temporal and the Worker: it remembers what it
 * was asked, and writes the rows that the Workflow's first Activity would.
 */
import type { FastifyInstance, InjectOptions } from 'fastify';
import type { Kysely } from 'kysely';
import { Stripe } from 'stripe';
import { enrollmentRow } from '../../activities/checkout-sessions.ts';
import { createApiKey, type Scope, USUAL_SCOPES } from '../../api/api-keys.ts';
import { buildApp } from '../../api/app.ts';
import type { BillingClient } from '../../api/billing-client.ts';
import { addBusinessMetrics } from '../../api/business-metrics.ts';
import { createInboxDispatcher } from '../../api/inbox-dispatcher.ts';
import { countDelivery, createMetrics } from '../../api/metrics.ts';
import type { QueueBacklog } from '../../api/task-queue-backlog.ts';
import { createCustomerLinks } from '../../config/customer-links.ts';
import { readSettings } from '../../config/env.ts';
import { createLogger } from '../../config/logger.ts';
import { openDatabase } from '../../db/database.ts';
import type { Database } from '../../db/schema.ts';
import { createTestDatabase } from '../support/database.ts';

export const SECRET = 'whsec_test_first';
export const SECOND_SECRET = 'whsec_test_second';

/** What a caller asked of Temporal, in order. */
export interface Asked {
  name: keyof BillingClient;
  args: unknown[];
}

export type TestApi = Awaited<ReturnType<typeof startApi>>;

export interface ApiOptions {
  environment?: Record<string, string>;
  databaseUrl?: string;
  pollMs?: number;
  /** Over the rows of a service that runs; with `billing`, asking its Workflows too. */
  over?: { db: Kysely<Database>; databaseUrl: string; billing?: BillingClient };
}

export async function startApi(options: ApiOptions = {}) {
  const { over } = options;
  const database =
    over === undefined
      ? await createTestDatabase({ poolSize: 10 })
      : { db: over.db, url: over.databaseUrl, drop: async () => {} };
  const db =
    options.databaseUrl === undefined
      ? database.db
      : openDatabase({ url: options.databaseUrl, poolSize: 2, preparedStatements: true });
  const settings = readSettings({
    CUSTOMER_LINK_SECRETS: 'test-secret-that-is-long-enough-for-it',
    DATABASE_URL: database.url,
    STRIPE_SECRET_KEY: 'sk_test_0123456789',
    STRIPE_WEBHOOK_SECRET: `${SECRET},${SECOND_SECRET}`,
    MAIL_URL: 'smtp://127.0.0.1:1025',
    PUBLIC_URL: 'https://billing.example.com',
    ALLOWED_RETURN_ORIGINS: 'https://shop.example.com',
    TEMPORAL_UI_URL: 'http://127.0.0.1:8233',
    LOG_LEVEL: 'debug',
    // The API shares its event loop with the tests and, on a busy machine, with everything else.
    API_MOST_DELAY_MS: '60000',
    ...options.environment,
  });
  const logged: string[] = [];
  const log = createLogger(settings, { write: (line) => void logged.push(line) });
  const asked: Asked[] = [];
  /** What the next calls answer with instead; a function may throw. */
  const answers: Partial<{ [Name in keyof BillingClient]: BillingClient[Name] }> = {};
  const standIn = fakeBilling(async (input) => {
    await database.db
      .insertInto('enrollments')
      .values(
        enrollmentRow({
          input,
          at: new Date().toISOString(),
          setupDeadlineAt: new Date(Date.now() + input.terms.setupDeadlineDays * 86_400_000).toISOString(),
        }),
      )
      .onConflict((conflict) => conflict.doNothing())
      .execute();
    const id = `cs_test_${input.enrollmentId.slice(4)}`;
    const url = `https://checkout.stripe.com/c/pay/${id}`;
    const expiresAt = new Date(Date.now() + 86_400_000).toISOString();
    await database.db
      .insertInto('checkout_sessions')
      .values({
        id,
        enrollment_id: input.enrollmentId,
        status: 'open',
        url,
        setup_intent_id: `seti_${input.enrollmentId.slice(4)}`,
        expires_at: expiresAt,
        created_at: new Date(),
      })
      .onConflict((conflict) => conflict.doNothing())
      .execute();
    return { status: 'awaiting_payment_method', checkoutSession: { id, url, expiresAt } };
  });
  const billing = recorded(asked, answers, over?.billing ?? standIn);
  const temporal = { ping: async () => {}, queues: [] as QueueBacklog[] };
  const metrics = createMetrics();
  addBusinessMetrics(metrics.registry, { db, describeQueues: async () => temporal.queues, freshForMs: 0 });
  const inbox = createInboxDispatcher({
    db,
    billing,
    livemode: false,
    log,
    pollMs: options.pollMs ?? 20,
    onDelivery: (outcome, lagSeconds) => countDelivery(metrics, outcome, lagSeconds),
  });
  const links = createCustomerLinks({
    secrets: settings.CUSTOMER_LINK_SECRETS,
    publicUrl: settings.PUBLIC_URL,
    ttlDays: settings.CUSTOMER_LINK_TTL_DAYS,
  });
  const app = await buildApp({
    settings,
    db,
    billing,
    links,
    inbox,
    metrics,
    log,
    pingTemporal: () => temporal.ping(),
  });
  const key = await createApiKey(database.db, { name: 'test', scopes: USUAL_SCOPES });

  return {
    app,
    db: database.db,
    settings,
    links,
    inbox,
    asked,
    answers,
    temporal,
    logged,
    apiKeyId: key.id,

    /** Nothing was asked, and Temporal answers as usual again. */
    forget(): void {
      asked.length = 0;
      for (const name of Object.keys(answers)) {
        delete answers[name as keyof typeof answers];
      }
    },

    keyWith: async (scopes: Scope[]) => createApiKey(database.db, { name: scopes.join(), scopes }),

    /** A request with the API key; `body` is sent as JSON. */
    async request(method: 'GET' | 'POST', url: string, more: RequestOptions = {}) {
      const { body, headers, idempotencyKey } = more;
      const reply = await app.inject({
        method,
        url,
        headers: {
          authorization: `Bearer ${key.key}`,
          ...(idempotencyKey === undefined ? {} : { 'idempotency-key': idempotencyKey }),
          ...headers,
        },
        ...(body === undefined ? {} : { payload: body }),
      });
      return { status: reply.statusCode, headers: reply.headers, text: reply.body, body: parsed(reply.body) };
    },

    /** Delivers an event as Stripe does. */
    webhook: (payload: object | string, sign: Partial<SignOptions> = {}) => deliver(app, payload, sign),

    async close() {
      await app.close();
      await inbox.stop();
      if (db !== database.db) {
        await db.destroy();
      }
      await database.drop();
    },
  };
}

interface RequestOptions {
  body?: object | string;
  headers?: Record<string, string>;
  idempotencyKey?: string;
}

export interface SignOptions {
  secret: string;
  timestamp: number;
  /** Sent instead of a good one; null sends none. */
  header: string | null;
  /** Bytes that are sent; the signature is over `payload`. */
  sent: string;
}

async function deliver(app: FastifyInstance, payload: object | string, sign: Partial<SignOptions>) {
  const text = typeof payload === 'string' ? payload : JSON.stringify(payload, null, 2);
  const good = Stripe.webhooks.generateTestHeaderString({
    payload: text,
    secret: sign.secret ?? SECRET,
    ...(sign.timestamp === undefined ? {} : { timestamp: sign.timestamp }),
  });
  const header = sign.header === undefined ? good : sign.header;
  const options: InjectOptions = {
    method: 'POST',
    url: '/webhooks/stripe',
    headers: {
      'content-type': 'application/json; charset=utf-8',
      ...(header === null ? {} : { 'stripe-signature': header }),
    },
    payload: sign.sent ?? text,
  };
  const reply = await app.inject(options);
  return { status: reply.statusCode, headers: reply.headers, body: parsed(reply.body) };
}

// biome-ignore lint/suspicious/noExplicitAny: tests read answers of many shapes and check what they read.
function parsed(text: string): any {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function fakeBilling(enroll: BillingClient['enroll']): BillingClient {
  const soon = () => new Date(Date.now() + 86_400_000).toISOString();
  return {
    enroll,
    openCheckoutSession: async () => ({
      id: 'cs_test_new',
      url: 'https://checkout.stripe.com/c/pay/cs_test_new',
      expiresAt: soon(),
    }),
    cancelEnrollment: async () => ({ status: 'canceled' }),
    resumeEnrollment: async () => ({ status: 'active' }),
    resumeCharge: async (_id, chargeId) => ({ chargeId }),
    createCharge: async (id) => ({ chargeId: `chg_${id.slice(4)}_7` }),
    untriedCharge: async () => null,
    checkoutSessionCompleted: async () => true,
    checkoutSessionExpired: async () => true,
    paymentIntentChanged: async () => true,
    paymentMethodChanged: async () => true,
    chargeAftermath: async () => {},
    refundCharge: async ({ capturedMinor }, { amountMinor }) => ({
      refundId: 're_1',
      status: 'succeeded',
      amountMinor: amountMinor ?? capturedMinor,
    }),
    previewCancel: async () => ({
      takesEffectAt: null,
      nextChargeStopped: null,
      charges: [],
      stillOwedMinor: 0,
      mayStillSucceedMinor: 0,
      lateSuccess: 'refund',
    }),
    cancelAtPeriodEnd: async () => ({ cancelAt: soon() }),
    undoCancel: async () => ({ status: 'active' }),
    pauseEnrollment: async () => ({ status: 'paused' }),
    skipNext: async () => ({ next: null }),
    moveNext: async () => ({ next: null }),
    chargeNow: async () => ({ next: null }),
    changeAmount: async () => ({ next: null, balanceMinor: 0, chargeId: null }),
    retryCharge: async (_id, chargeId) => ({ chargeId, status: 'succeeded' }),
    authenticateCharge: async (_id, chargeId) => ({ chargeId, status: 'requires_action', redirectUrl: null }),
    captureCharge: async (_id, chargeId) => ({ chargeId, status: 'succeeded' }),
    cancelCharge: async (_id, chargeId) => ({ chargeId, status: 'canceled' }),
    extendDunning: async (_id, chargeId) => ({
      chargeId,
      status: 'requires_payment_method',
      nextAttemptAt: null,
      giveUpAt: null,
    }),
    stopDunning: async (_id, chargeId) => ({ chargeId, status: 'uncollectible' }),
  };
}

/** @param answers instead of the usual ones */
function recorded(asked: Asked[], answers: Partial<BillingClient>, usual: BillingClient): BillingClient {
  function recording<Name extends keyof BillingClient>(name: Name): BillingClient[Name] {
    const call = (...args: Parameters<BillingClient[Name]>) => {
      asked.push({ name, args });
      const answer = (answers[name] ?? usual[name]) as (...given: typeof args) => unknown;
      return answer(...args);
    };
    return call as BillingClient[Name];
  }
  const names = Object.keys(usual) as (keyof BillingClient)[];
  return Object.fromEntries(names.map((name) => [name, recording(name)])) as {
    [Name in keyof BillingClient]: BillingClient[Name];
  };
}
