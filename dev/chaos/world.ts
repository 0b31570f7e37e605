/**
 * The parts of a chaos run: PostgreSQL, Temporal with its file, API and Worker as processes that can be killed and
 * started again on the same state; the Stripe stand-in and a mail server in this process, because their books judge.
 */
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { createStripe } from '../../config/stripe.ts';
import { openTemporalClient } from '../../config/temporal.ts';
import { openDatabase } from '../../db/database.ts';
import { countPendingStripeEvents } from '../../db/stripe-events.ts';
import { startSmtpCatcher } from '../../test/mail/smtp-catcher.ts';
import { bundleWorkflows } from '../../worker/bundle.ts';
import { addressesOf } from '../addresses.ts';
import { freePorts } from '../ports.ts';
import { prepareCluster } from '../postgres.ts';
import { prepareDatabase, prepareStandIn } from '../prepare.ts';
import { pause } from '../processes.ts';
import * as stack from '../stack.ts';
import { askControl } from '../stand-in-control.ts';
import { loadSecrets, openStateFolder } from '../state.ts';
import { startStripeStandIn } from '../stripe-stand-in/stand-in.ts';
import { findTemporalProgram } from '../temporal-cli.ts';
import { createParts } from './parts.ts';

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
  const program = await findTemporalProgram({
    cacheDir: path.join(PROJECT, '.durable-billing/cache'),
    environment: process.env,
    minimumServer: '1.32.0',
    report: () => undefined,
  });
  // Hours between tries of a webhook become a second or so.
  const standIn = await startStripeStandIn({ port: ports.stripe, webhookRetryScale: 0.0003 });
  const mails = await startSmtpCatcher();
  const addresses = { ...addressesOf(ports, secrets.databasePassword, {}), smtp: mails.url };
  const parts = createParts(report);
  let kept = false;
  const forget = () => {
    if (!kept) {
      rmSync(root, { recursive: true, force: true, maxRetries: 5 });
    }
  };
  // Also when somebody loses patience: what was killed just now may still write.
  process.on('exit', forget);
  const { db, temporal, bundle, settings, apiKey } = await open().catch(async (error: unknown) => {
    kept = true;
    await parts.stopAll();
    await standIn.close();
    await mails.close();
    report(`logs: ${folder.logs}`);
    throw error;
  });

  async function open() {
    // Webpack needs a core for seconds, in which the servers start.
    const bundling = bundleWorkflows();
    bundling.catch(() => undefined);
    await prepareCluster({ dataDir: folder.postgres, password: secrets.databasePassword });
    parts.define('postgres', await stack.postgresService(folder, ports, addresses.postgresAdmin));
    parts.define('temporal', stack.temporalService(folder, ports, program.path));
    report('starting PostgreSQL and Temporal');
    await Promise.all([parts.start('postgres'), parts.start('temporal')]);
    const apiKey = await prepareDatabase(folder, addresses, secrets);
    const access = await prepareStandIn(folder, addresses, secrets);
    const bundle = await bundling;
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
    parts.define('api', stack.apiService(folder, addresses, settings));
    parts.define('worker', stack.workerService(folder, addresses, settings));
    report('starting API and Worker');
    await Promise.all([parts.start('api'), parts.start('worker')]);
    const temporal = await openTemporalClient({
      TEMPORAL_ADDRESS: addresses.temporal,
      TEMPORAL_NAMESPACE: addresses.temporalNamespace,
      TEMPORAL_TLS: false,
    });
    const db = openDatabase({ url: addresses.postgres, poolSize: 4, applicationName: 'chaos' });
    return { db, temporal, bundle, settings, apiKey };
  }

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
    start: parts.start,
    ensureUp: parts.ensureUp,
    kill: parts.kill,
    deaths: parts.deaths,

    /** Message-IDs of the mails that have arrived. */
    received: () => new Set(mails.mails.map(({ messageId }) => messageId)),

    /** Waits, with a bound, until every accepted webhook is done. */
    async inboxIsEmpty(timeoutMs: number): Promise<void> {
      for (const until = Date.now() + timeoutMs; Date.now() < until; await pause(200)) {
        if ((await countPendingStripeEvents(db)) === 0) {
          return;
        }
      }
    },

    /** The stand-in's control plane. */
    control<T>(method: 'GET' | 'POST', route: string, body?: object): Promise<T> {
      return askControl(standIn.url, method, route, body);
    },

    async close(keep: boolean): Promise<void> {
      kept = keep;
      await temporal.close();
      await db.destroy();
      await parts.stopAll();
      await standIn.close();
      await mails.close();
      forget();
      process.off('exit', forget);
    },
  };
}
