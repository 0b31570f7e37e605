/** The Worker process: Workflows, Activities and the mail outbox, until SIGTERM or SIGINT. */
import { NativeConnection, Runtime } from '@temporalio/worker';
import { takeNoArguments } from '../config/command-line.ts';
import { createCustomerLinks } from '../config/customer-links.ts';
import { readSettings } from '../config/env.ts';
import { createLogger } from '../config/logger.ts';
import { ensureSearchAttributes } from '../config/search-attributes.ts';
import { createStripe, isLiveKey, stripeRequestsPerSecond } from '../config/stripe.ts';
import {
  failureConverterOf,
  openTemporalClient,
  temporalConnectionOptions,
  temporalDataConverter,
} from '../config/temporal.ts';
import { startTracing } from '../config/tracing.ts';
import { openDatabase } from '../db/database.ts';
import { reserveTurns } from '../db/request-turns.ts';
import { traceStatement } from '../db/statement-spans.ts';
import { createMailer } from '../mail/mailer.ts';
import { createMailOutbox } from '../mail/outbox.ts';
import { createRenderer } from '../templates/renderer.ts';
import { workflowBundle } from './bundle.ts';
import { ensureEventSweep } from './event-sweep-schedule.ts';
import { createWorkerMetrics, freeLocalPort, serveMetrics } from './metrics.ts';
import { createTurns, turnOfActivity } from './stripe-turns.ts';
import { temporalLogger } from './temporal-logger.ts';
import { versioningOptions } from './versioning.ts';
import { activitySlotsFor, createBillingWorker } from './worker.ts';

takeNoArguments('npm run start:worker', 'Runs a Worker until SIGTERM or SIGINT.');
const settings = readSettings(process.env);
const log = createLogger(settings);
const tracing = startTracing(settings, 'durable-billing-worker');
const metrics = createWorkerMetrics();
/** What a polite stop waits for: the longest request to Stripe, and the rows after it. */
const shutdownGraceMs = settings.STRIPE_TIMEOUT_MS + 10_000;

const sdkMetricsPort = await freeLocalPort();
Runtime.install({
  logger: temporalLogger(log),
  // This process stops in its own order.
  shutdownSignals: [],
  telemetryOptions: {
    metrics: { prometheus: { bindAddress: `127.0.0.1:${sdkMetricsPort}` } },
  },
});

const db = openDatabase({
  url: settings.DATABASE_URL,
  poolSize: settings.DATABASE_POOL_SIZE,
  preparedStatements: settings.DATABASE_PREPARED_STATEMENTS,
  applicationName: 'durable-billing-worker',
  onConnectionLost: (error) => log.warn({ err: error }, 'a database connection was lost'),
  ...(tracing === null ? {} : { onStatement: traceStatement }),
});
const links = createCustomerLinks({
  secrets: settings.CUSTOMER_LINK_SECRETS,
  publicUrl: settings.PUBLIC_URL,
  ttlDays: settings.CUSTOMER_LINK_TTL_DAYS,
});
const connection = await connected();
await prepareNamespace();
const perSecond = stripeRequestsPerSecond(settings);
const turns = createTurns(perSecond, (count) => reserveTurns(db, 'stripe', count, perSecond));
const { bundle, code } = await workflowBundle(settings.WORKFLOW_BUNDLE_PATH, failureConverterOf(settings));
const worker = await createBillingWorker({
  connection,
  namespace: settings.TEMPORAL_NAMESPACE,
  taskQueue: settings.TASK_QUEUE,
  workflowBundle: bundle,
  activityDeps: {
    db,
    stripe: createStripe(settings, {
      onRequest: metrics.countStripeRequest,
      turn: turnOfActivity(turns),
    }),
    links,
    livemode: isLiveKey(settings.STRIPE_SECRET_KEY),
  },
  activitySlots: activitySlotsFor(perSecond),
  shutdownGraceMs,
  onFirstAttempt: metrics.countFirstAttempt,
  isTraced: tracing !== null,
  overrides: { dataConverter: temporalDataConverter(settings), ...versioningOptions(settings, code) },
});
const mailer = createMailer({
  url: settings.MAIL_URL,
  from: settings.MAIL_FROM,
  renderer: createRenderer({ templatesDir: settings.TEMPLATES_DIR, merchantName: settings.MERCHANT_NAME }),
});
const outbox = createMailOutbox({ db, mailer, links, log });

const metricsServer = await serveMetrics(metrics.registry, {
  host: settings.API_HOST,
  port: settings.METRICS_PORT,
  sdkPort: sdkMetricsPort,
});
log.info({ taskQueue: settings.TASK_QUEUE, namespace: settings.TEMPORAL_NAMESPACE }, 'worker is ready');
if (settings.WORKER_BUILD_ID !== undefined) {
  const version = { deployment: settings.WORKER_DEPLOYMENT_NAME, buildId: settings.WORKER_BUILD_ID };
  log.info(version, 'it takes work once its version is current or ramping: temporal worker deployment');
}
let stopping = false;
// No wait from here until it runs: what does not run yet cannot be shut down. A signal before ends what has begun nothing.
for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  // For good: it may come twice, as npm passes on what a terminal has sent to both, and the second would end the process.
  process.on(signal, () => stopping || stop(signal));
}
outbox.start();
try {
  await worker.run();
} finally {
  await outbox.stop();
  mailer.close();
  await db.destroy();
  await connection.close();
  await metricsServer.close();
  await tracing?.stop();
  log.info('worker has stopped');
}

/** Takes nothing new; `worker.run` above ends when what is under way is finished. */
function stop(signal: string): void {
  stopping = true;
  log.info({ signal }, 'stopping: Activities and mails under way are finished first');
  void outbox.stop();
  if (worker.getState() === 'RUNNING') {
    worker.shutdown();
  }
}

/** Whatever supervises the process starts it again when Temporal is away. */
async function connected(): Promise<NativeConnection> {
  const options = await temporalConnectionOptions(settings);
  try {
    return await NativeConnection.connect(options);
  } catch (error) {
    log.fatal({ err: error }, `cannot reach Temporal at ${options.address}`);
    process.exit(1);
  }
}

/**
 * Without its search attribute every start is refused, so it is checked before the first poll. Neither step ends the
 * process: a Worker that bills without a sweep is better than none.
 */
async function prepareNamespace(): Promise<void> {
  const temporal = await openTemporalClient(settings);
  const { client } = temporal;
  try {
    const added = await ensureSearchAttributes(client.connection, settings.TEMPORAL_NAMESPACE);
    log.info({ added }, 'search attributes are registered');
  } catch (error) {
    log.error({ err: error }, 'search attributes are missing, or could not be checked');
  }
  try {
    const everySeconds = settings.STRIPE_EVENT_SWEEP_SECONDS;
    const schedule = await ensureEventSweep(client, settings.TASK_QUEUE, everySeconds);
    log.info({ schedule, everySeconds }, 'the sweep for missed webhooks is scheduled');
  } catch (error) {
    log.error({ err: error }, 'the sweep for missed webhooks could not be scheduled');
  } finally {
    await temporal.close();
  }
}
