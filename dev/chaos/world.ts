/**
 * The parts of a chaos run: PostgreSQL, Temporal with its file, API and Worker as processes that can be killed and
 * started again on the same state; the Stripe stand-in and a mail server in this process, because their books judge.
 */
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import getPort from 'get-port';
import { createStripe } from '../../config/stripe.ts';
import { openTemporalClient } from '../../config/temporal.ts';
import { openDatabase } from '../../db/database.ts';
import { countPendingStripeEvents } from '../../db/stripe-events.ts';
import { startSmtpCatcher } from '../../test/mail/smtp-catcher.ts';
import { bundleWorkflows } from '../../worker/bundle.ts';
import { addressesOf } from '../addresses.ts';
import { type Ports, USUAL_PORTS } from '../ports.ts';
import { prepareCluster } from '../postgres.ts';
import { prepareDatabase, prepareStandIn } from '../prepare.ts';
import {
  describeExit,
  type Exit,
  pause,
  type RunningProcess,
  startProcess,
  waitUntilReady,
} from '../processes.ts';
import * as stack from '../stack.ts';
import { loadSecrets, openStateFolder } from '../state.ts';
import { startStripeStandIn } from '../stripe-stand-in/stand-in.ts';
import type { Service } from '../supervisor.ts';
import { findTemporalCli } from '../temporal-cli.ts';
import type { Target } from './plan.ts';

const PROJECT = path.resolve(import.meta.dirname, '../..');

export type World = Awaited<ReturnType<typeof openWorld>>;

/** @param extra settings beside those of the local stack */
export async function openWorld(report: (line: string) => void, extra: Record<string, string> = {}) {
  const root = mkdtempSync(path.join(os.tmpdir(), 'durable-billing-chaos-'));
  // PostgreSQL runs as another user when this runs as root.
  chmodSync(root, 0o755);
  const folder = openStateFolder(root);
  const secrets = loadSecrets(folder);
  const ports = await freePorts();
  const cli = await findTemporalCli({
    cacheDir: path.join(PROJECT, '.durable-billing/cache'),
    environment: { PATH: process.env.PATH },
    minimumServer: '1.32.0',
    report: () => undefined,
  });
  if (cli.kind !== 'program') {
    throw new Error('a chaos run starts its own Temporal server');
  }
  // Hours between tries of a webhook become a second or so.
  const standIn = await startStripeStandIn({ port: ports.stripe, webhookRetryScale: 0.0003 });
  const mails = await startSmtpCatcher();
  const addresses = { ...addressesOf(ports, secrets.databasePassword, {}), smtp: mails.url };
  const running = new Map<Target, RunningProcess>();
  const services = new Map<Target, Service>();
  const killed = new Set<RunningProcess>();
  const deaths: string[] = [];
  let closing = false;

  async function start(target: Target): Promise<void> {
    const service = services.get(target);
    if (service === undefined) {
      throw new Error(`${target} is not ready to be started`);
    }
    for (let tries = 1; ; tries += 1) {
      await service.prepare?.();
      const child = await startProcess(service.spec);
      try {
        await waitUntilReady(child, () => service.ready(child), service.readyTimeoutMs);
        running.set(target, child);
        void child.exited.then((exit) => revive(target, child, exit));
        return;
      } catch (error) {
        await child.stop();
        // A server that was killed may hold its port or memory for a moment, or what it needs is down too.
        if (tries >= 20) {
          throw error;
        }
        await pause(250);
      }
    }
  }

  /** As a supervisor does; that it was needed is held against whoever died. */
  async function revive(target: Target, child: RunningProcess, exit: Exit): Promise<void> {
    if (closing || killed.has(child)) {
      return;
    }
    deaths.push(`${target} ended by itself (${describeExit(exit)}): ${child.lastLines().slice(-600)}`);
    report(`${target} ended by itself`);
    await start(target);
  }

  await prepareCluster({ dataDir: folder.postgres, password: secrets.databasePassword });
  services.set('postgres', await stack.postgresService(folder, ports, addresses.postgresAdmin));
  services.set('temporal', stack.temporalService(folder, ports, cli.path));
  report('starting PostgreSQL and Temporal');
  await Promise.all([start('postgres'), start('temporal')]);
  const apiKey = await prepareDatabase(folder, addresses, secrets);
  const access = await prepareStandIn(folder, addresses, secrets);
  const bundle = await bundleWorkflows();
  const bundleFile = path.join(root, 'workflows.js');
  writeFileSync(bundleFile, bundle.code);
  const settings: Record<string, string> = {
    ...stack.applicationSettings(addresses, ports, secrets, access),
    NODE_ENV: 'test',
    LOG_LEVEL: 'info',
    DATABASE_POOL_SIZE: '8',
    STRIPE_TIMEOUT_MS: '4000',
    STRIPE_EVENT_SWEEP_SECONDS: '4',
    WORKFLOW_BUNDLE_PATH: bundleFile,
    ...extra,
  };
  services.set('api', stack.apiService(folder, addresses, settings));
  services.set('worker', stack.workerService(folder, addresses, settings));
  report('starting API and Worker');
  await Promise.all([start('api'), start('worker')]);
  const temporal = await openTemporalClient({
    TEMPORAL_ADDRESS: addresses.temporal,
    TEMPORAL_NAMESPACE: addresses.temporalNamespace,
    TEMPORAL_TLS: false,
  });
  const db = openDatabase({ url: addresses.postgres, poolSize: 4, applicationName: 'chaos' });

  return {
    api: addresses.api,
    apiKey,
    db,
    bundle,
    logs: folder.logs,
    client: temporal.client,
    taskQueue: settings.TASK_QUEUE ?? '',
    stripe: createStripe({
      STRIPE_SECRET_KEY: secrets.stripeSecretKey,
      STRIPE_API_URL: standIn.url,
      STRIPE_TIMEOUT_MS: 10_000,
    }),
    start,

    async ensureUp(target: Target): Promise<void> {
      if (running.get(target)?.exit() !== null) {
        await start(target);
      }
    },

    /** Waits, with a bound, until every accepted webhook is done. */
    async inboxIsEmpty(timeoutMs: number): Promise<void> {
      for (const until = Date.now() + timeoutMs; Date.now() < until; await pause(200)) {
        if ((await countPendingStripeEvents(db)) === 0) {
          return;
        }
      }
    },

    /** SIGKILL, without warning, and waits until it is gone. */
    async kill(target: Target): Promise<void> {
      const child = running.get(target);
      if (child !== undefined) {
        killed.add(child);
        child.kill();
        await child.exited;
      }
    },

    /** The stand-in's control plane. */
    async control<T>(method: 'GET' | 'POST', route: string, body: object = {}): Promise<T> {
      const answer = await fetch(`${standIn.url}/_control/${route}`, {
        method,
        ...(method === 'GET'
          ? {}
          : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
      });
      const text = await answer.text();
      if (!answer.ok) {
        throw new Error(`${route}: ${answer.status} ${text}`);
      }
      return JSON.parse(text) as T;
    },

    /** Processes that ended without being killed. */
    deaths,

    async close(keep: boolean): Promise<void> {
      closing = true;
      await temporal.close();
      await db.destroy();
      for (const target of ['api', 'worker', 'temporal', 'postgres'] as const) {
        await running.get(target)?.stop();
      }
      await standIn.close();
      await mails.close();
      if (!keep) {
        rmSync(root, { recursive: true, force: true });
      }
    },
  };
}

async function freePorts(): Promise<Ports> {
  const ports: Ports = { ...USUAL_PORTS };
  for (const name of Object.keys(USUAL_PORTS) as (keyof Ports)[]) {
    ports[name] = await getPort({ host: '127.0.0.1' });
  }
  return ports;
}
