/**
 * The parts of the local stack: how each process is started, where it keeps its state, and when it is of use.
 * `up.ts` decides the order. The application's own processes get nothing but settings: they cannot tell this
 * stack from a production one.
 */
import path from 'node:path';
import { Connection } from '@temporalio/client';
import { WORKER_NODE_FLAGS } from '../worker/node-flags.ts';
import type { Addresses } from './addresses.ts';
import type { Ports } from './ports.ts';
import { clearLeftoverServer, postgresAnswers, postgresProcess } from './postgres.ts';
import type { RunningProcess } from './processes.ts';
import type { LocalSecrets, StateFolder } from './state.ts';
import type { Service } from './supervisor.ts';
import { temporalAnswers, temporalServerProcess } from './temporal-server.ts';

const PROJECT = path.resolve(import.meta.dirname, '..');
/** Which Stripe is used. With the real one the secrets come from the environment. */
export interface StripeAccess {
  kind: 'stand-in' | 'real';
  secretKey: string;
  webhookSecret: string;
}

export async function postgresService(folder: StateFolder, ports: Ports, admin: string): Promise<Service> {
  const spec = await postgresProcess(folder.postgres, ports.postgres, ['max_connections=200']);
  return {
    spec: { ...spec, logFile: logOf(folder, 'postgres') },
    prepare: async () => {
      await clearLeftoverServer(folder.postgres);
    },
    ready: () => postgresAnswers(admin),
    readyTimeoutMs: 30_000,
  };
}

export function temporalService(folder: StateFolder, ports: Ports, program: string): Service {
  const spec = temporalServerProcess({
    program,
    port: ports.temporal,
    uiPort: ports.temporalUi,
    metricsPort: ports.temporalMetrics,
    databaseFile: folder.temporalDatabase,
    // Changes nothing by itself: it allows to move the clock of one Workflow ahead by hand.
    dynamicConfig: { 'frontend.WorkflowTimeSkippingEnabled': true },
  });
  return {
    spec: { ...spec, logFile: logOf(folder, 'temporal') },
    ready: () => temporalAnswers(`127.0.0.1:${ports.temporal}`),
    readyTimeoutMs: 60_000,
  };
}

export function stripeService(
  folder: StateFolder,
  ports: Ports,
  addresses: Addresses,
  secretKey: string,
): Service {
  return {
    spec: script(folder, 'stripe-stand-in', 'dev/stripe-stand-in/main.ts', [], {
      STRIPE_STAND_IN_HOST: '127.0.0.1',
      STRIPE_STAND_IN_PORT: String(ports.stripe),
      STRIPE_STAND_IN_DATA: folder.stripeDatabase,
    }),
    ready: () =>
      answers(`${addresses.stripe}/v1/webhook_endpoints`, { authorization: `Bearer ${secretKey}` }),
    readyTimeoutMs: 20_000,
  };
}

export function mailService(folder: StateFolder, ports: Ports, addresses: Addresses): Service {
  const address = ['--ip', '127.0.0.1', '--smtp', String(ports.smtp)];
  const web = ['--web-ip', '127.0.0.1', '--web', String(ports.mailPage)];
  const keep = ['--mail-directory', folder.mails, '--max-emails', '500'];
  return {
    spec: script(
      folder,
      'mail-catcher',
      'node_modules/maildev/dist/bin/maildev.js',
      [...address, ...web, ...keep],
      {},
    ),
    ready: () => answers(`${addresses.mails}/`),
    readyTimeoutMs: 20_000,
  };
}

export function apiService(
  folder: StateFolder,
  addresses: Addresses,
  settings: Record<string, string>,
): Service {
  return {
    spec: script(folder, 'api', 'api/main.ts', [], settings),
    ready: () => answers(`${addresses.api}/readyz`),
    readyTimeoutMs: 60_000,
  };
}

export function workerService(
  folder: StateFolder,
  addresses: Addresses,
  settings: Record<string, string>,
): Service {
  const spec = script(folder, 'worker', 'worker/main.ts', [], settings, WORKER_NODE_FLAGS);
  return {
    // It lets a request to Stripe end first.
    spec: { ...spec, stopTimeoutMs: 45_000 },
    ready: (running) => polls(running, addresses, settings.TASK_QUEUE ?? ''),
    readyTimeoutMs: 60_000,
  };
}

export function shopService(folder: StateFolder, addresses: Addresses, apiKey: string): Service {
  return {
    spec: script(folder, 'shop', 'dev/shop/main.ts', [], {
      SHOP_URL: addresses.shop,
      SHOP_ORDERS_FILE: folder.shopOrders,
      BILLING_API_URL: addresses.api,
      BILLING_API_KEY: apiKey,
      MAILS_URL: addresses.mails,
    }),
    ready: () => answers(`${addresses.shop}/healthz`),
    readyTimeoutMs: 20_000,
  };
}

/** The settings of API and Worker. What the environment says of anything else (LOG_LEVEL, say) is passed on. */
export function applicationSettings(
  addresses: Addresses,
  ports: Ports,
  secrets: LocalSecrets,
  stripe: StripeAccess,
): Record<string, string> {
  return {
    NODE_ENV: 'development',
    API_HOST: '127.0.0.1',
    API_PORT: String(ports.api),
    PUBLIC_URL: addresses.api,
    ALLOWED_RETURN_ORIGINS: addresses.shop,
    CUSTOMER_LINK_SECRETS: secrets.customerLinkSecret,
    DATABASE_URL: addresses.postgres,
    TEMPORAL_ADDRESS: addresses.temporal,
    TEMPORAL_NAMESPACE: addresses.temporalNamespace,
    ...(addresses.temporalUi ? { TEMPORAL_UI_URL: addresses.temporalUi } : {}),
    TASK_QUEUE: 'billing',
    STRIPE_SECRET_KEY: stripe.secretKey,
    STRIPE_WEBHOOK_SECRET: stripe.webhookSecret,
    STRIPE_API_URL: addresses.stripe,
    MAIL_URL: addresses.smtp,
    MERCHANT_NAME: 'Corner Coffee',
    METRICS_PORT: String(ports.workerMetrics),
    ALLOW_MINUTE_SCHEDULES: 'true',
  };
}

function script(
  folder: StateFolder,
  name: string,
  file: string,
  args: string[],
  env: Record<string, string>,
  nodeFlags: readonly string[] = [],
) {
  return {
    name,
    command: process.execPath,
    // Node says of each start that it strips types; not news here.
    args: ['--disable-warning=ExperimentalWarning', ...nodeFlags, path.join(PROJECT, file), ...args],
    cwd: PROJECT,
    // A second start finds the code compiled already.
    env: { NODE_COMPILE_CACHE: path.join(folder.cache, 'compiled'), ...env },
    logFile: logOf(folder, name),
  };
}

function logOf(folder: StateFolder, name: string): string {
  return path.join(folder.logs, `${name}.log`);
}

async function answers(url: string, headers: Record<string, string> = {}): Promise<boolean> {
  const response = await fetch(url, {
    // The mail catcher shows its page only to a browser.
    headers: { accept: 'text/html, */*', ...headers },
    signal: AbortSignal.timeout(3_000),
  });
  await response.arrayBuffer();
  if (!response.ok) {
    throw new Error(`${url} answers ${response.status}`);
  }
  return true;
}

/** Whether this very process polls the Task Queue: a poller of an earlier run is remembered for minutes. */
async function polls(running: RunningProcess, addresses: Addresses, taskQueue: string): Promise<boolean> {
  const connection = await Connection.connect({ address: addresses.temporal, connectTimeout: '2s' });
  try {
    const { pollers } = await connection.workflowService.describeTaskQueue({
      namespace: addresses.temporalNamespace,
      taskQueue: { name: taskQueue },
      taskQueueType: 1,
    });
    return (pollers ?? []).some((poller) => poller.identity?.startsWith(`${running.pid}@`));
  } finally {
    await connection.close();
  }
}
