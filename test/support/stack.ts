/**
 * The service as its users run it: API and Worker as processes of their own, webhooks and mails over the network. The
 * parts beneath are those that all tests share, and a Stripe stand-in in this process. One for each test file.
 */
import { randomBytes } from 'node:crypto';
import path from 'node:path';
import { createApiKey, USUAL_SCOPES } from '../../api/api-keys.ts';
import { createStripe } from '../../config/stripe.ts';
import { freePort } from '../../dev/ports.ts';
import { type RunningProcess, startProcess, waitUntilReady } from '../../dev/processes.ts';
import { askControl } from '../../dev/stand-in-control.ts';
import { startStripeStandIn } from '../../dev/stripe-stand-in/stand-in.ts';
import { startSmtpCatcher } from '../mail/smtp-catcher.ts';
import { createTestDatabase } from './database.ts';
import { connectTestTemporal } from './temporal.ts';
import { workflowCode } from './workflow-code.ts';

const PROJECT = path.resolve(import.meta.dirname, '../..');
const STRIPE_KEY = 'sk_test_0123456789abcdef';

export type TestStack = Awaited<ReturnType<typeof startStack>>;

export interface StackOptions {
  /** Beside or instead of those below. */
  settings?: Record<string, string>;
}

export async function startStack(options: StackOptions = {}) {
  // Side by side: for the first test file, most of them have yet to be made.
  const [temporal, database, mails, standIn, code] = await Promise.all([
    connectTestTemporal(),
    createTestDatabase(),
    startSmtpCatcher(),
    // Hours between tries of a webhook become seconds.
    startStripeStandIn({ webhookRetryScale: 0.002 }),
    workflowCode(),
  ]);
  const apiPort = await freePort();
  const api = `http://127.0.0.1:${apiPort}`;
  const stripe = createStripe({
    STRIPE_SECRET_KEY: STRIPE_KEY,
    STRIPE_API_URL: standIn.url,
    STRIPE_TIMEOUT_MS: 5_000,
  });
  const endpoint = await stripe.webhookEndpoints.create({
    url: `${api}/webhooks/stripe`,
    enabled_events: ['*'],
  });
  const { key } = await createApiKey(database.db, { name: 'test', scopes: USUAL_SCOPES });
  const settings = {
    NODE_ENV: 'test',
    LOG_LEVEL: 'warn',
    API_HOST: '127.0.0.1',
    API_PORT: String(apiPort),
    PUBLIC_URL: api,
    ALLOWED_RETURN_ORIGINS: 'https://shop.example.com',
    CUSTOMER_LINK_SECRETS: randomBytes(24).toString('hex'),
    DATABASE_URL: database.url,
    DATABASE_POOL_SIZE: '5',
    TEMPORAL_ADDRESS: temporal.address,
    TEMPORAL_NAMESPACE: temporal.namespace,
    TASK_QUEUE: `test-${randomBytes(6).toString('hex')}`,
    STRIPE_SECRET_KEY: STRIPE_KEY,
    STRIPE_WEBHOOK_SECRET: String(endpoint.secret),
    STRIPE_API_URL: standIn.url,
    STRIPE_TIMEOUT_MS: '5000',
    MAIL_URL: mails.url,
    WORKFLOW_BUNDLE_PATH: code.path,
    ALLOW_MINUTE_SCHEDULES: 'true',
    // What is overload to a caller is an ordinary test run to two cores.
    API_MOST_DELAY_MS: '60000',
    ...options.settings,
  };

  async function startApi(env: Record<string, string> = {}): Promise<RunningProcess> {
    const running = await startProcess(script('api', 'api/main.ts', { ...settings, ...env }));
    await waitUntilReady(running, async () => (await fetch(`${api}/readyz`)).ok, 30_000);
    return running;
  }

  let workerMetrics = '';
  /** Its metrics answer once it has started. */
  async function startWorker(env: Record<string, string> = {}): Promise<RunningProcess> {
    const metricsPort = await freePort();
    workerMetrics = `http://127.0.0.1:${metricsPort}/metrics`;
    const running = await startProcess(
      script('worker', 'worker/main.ts', { ...settings, ...env, METRICS_PORT: String(metricsPort) }),
    );
    await waitUntilReady(running, async () => (await fetch(workerMetrics)).ok, 30_000);
    return running;
  }

  const [firstApi, firstWorker] = await Promise.all([startApi(), startWorker()]);
  const running = { api: firstApi, worker: firstWorker };

  return {
    api,
    key,
    db: database.db,
    mails,
    standIn,
    stripe,
    temporal,
    taskQueue: settings.TASK_QUEUE,
    /** Address of the metrics of the Worker that runs. */
    workerMetrics: () => workerMetrics,
    /** Of API and Worker. */
    settings,
    running,

    /** SIGKILL, and waits until it is gone. */
    async kill(name: 'api' | 'worker') {
      running[name].kill();
      await running[name].exited;
    },
    /** @param env beside the settings, for this start */
    async restart(name: 'api' | 'worker', env: Record<string, string> = {}) {
      running[name] = name === 'api' ? await startApi(env) : await startWorker(env);
    },

    /** As a caller does, whatever the answer is. */
    async ask(
      method: string,
      route: string,
      body?: object,
      headers: Record<string, string> = {},
    ): Promise<HttpAnswer> {
      const answer = await fetch(`${api}${route}`, {
        method,
        headers: {
          authorization: `Bearer ${key}`,
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
          ...headers,
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      return { status: answer.status, body: JSON.parse(await answer.text()) };
    },

    /** Sends an event as Stripe would, signed. */
    async webhook(event: object): Promise<void> {
      const payload = JSON.stringify(event);
      const signature = stripe.webhooks.generateTestHeaderString({
        payload,
        secret: String(endpoint.secret),
      });
      const answer = await fetch(`${api}/webhooks/stripe`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'stripe-signature': signature },
        body: payload,
      });
      if (!answer.ok) {
        throw new Error(`the webhook answered ${answer.status}: ${await answer.text()}`);
      }
    },

    async request<T>(
      method: string,
      route: string,
      body?: object,
      headers: Record<string, string> = {},
    ): Promise<T> {
      const answer = await this.ask(method, route, body, headers);
      if (answer.status >= 400) {
        throw new Error(`${method} ${route} answered ${answer.status}: ${JSON.stringify(answer.body)}`);
      }
      return answer.body as T;
    },

    /** `POST /v1/enrollments` with a key of its own. */
    enroll(body: object, key = randomBytes(8).toString('hex')): Promise<EnrollmentAnswer> {
      return this.request('POST', '/v1/enrollments', body, { 'idempotency-key': key });
    },

    enrollment(id: string): Promise<EnrollmentAnswer> {
      return this.request('GET', `/v1/enrollments/${id}`);
    },

    control: (route: string, body?: object): Promise<unknown> => askControl(standIn.url, 'POST', route, body),

    async stop() {
      await Promise.all([running.api.stop(), running.worker.stop()]);
      await standIn.close();
      await mails.close();
      await database.drop();
      await temporal.close();
    },
  };
}

export interface HttpAnswer {
  status: number;
  body: Record<string, unknown>;
}

/** What the tests read of an enrollment's answer. */
export interface EnrollmentAnswer {
  id: string;
  status: string;
  checkout_url: string;
  customer_link: string;
  customer: { email: string | null; stripe_customer_id: string | null };
  latest_charge: { id: string; status: string; payment_intent_id: string; attempts: number } | null;
  charges_succeeded: number;
  amount_collected_minor: number;
  workflow_id: string;
}

function script(name: string, file: string, env: Record<string, string>) {
  return {
    name,
    command: process.execPath,
    args: ['--disable-warning=ExperimentalWarning', path.join(PROJECT, file)],
    cwd: PROJECT,
    env,
  };
}
