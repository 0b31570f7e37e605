/** The API process: settings, connections, the server, and a clean end on SIGTERM or SIGINT. */
import { setTimeout as sleep } from 'node:timers/promises';
import { collectDefaultMetrics } from 'prom-client';
import { takeNoArguments } from '../config/command-line.ts';
import { createCustomerLinks } from '../config/customer-links.ts';
import { readSettings } from '../config/env.ts';
import { createLogger } from '../config/logger.ts';
import { isLiveKey } from '../config/stripe.ts';
import { openTemporalClient } from '../config/temporal.ts';
import { startTracing } from '../config/tracing.ts';
import { openDatabase } from '../db/database.ts';
import { traceStatement } from '../db/statement-spans.ts';
import { buildApp } from './app.ts';
import { addBusinessMetrics } from './business-metrics.ts';
import { createFigureSums } from './figure-sums.ts';
import { createInboxDispatcher } from './inbox-dispatcher.ts';
import { countDelivery, createMetrics } from './metrics.ts';
import { describeTaskQueues } from './task-queue-backlog.ts';
import { createTemporalBillingClient } from './temporal-billing-client.ts';

/** Above the longest request that may be under way. */
const STOP_AT_THE_LATEST_MS = 35_000;
const PING_TIMEOUT_MS = 2_000;

takeNoArguments('npm run start:api', 'Runs the API until SIGTERM or SIGINT.');
let stopping = false;
const settings = readSettings(process.env);
const log = createLogger(settings);
const tracing = startTracing(settings, 'durable-billing-api');
const db = openDatabase({
  url: settings.DATABASE_URL,
  poolSize: settings.DATABASE_POOL_SIZE,
  preparedStatements: settings.DATABASE_PREPARED_STATEMENTS,
  applicationName: 'durable-billing-api',
  onConnectionLost: (error) => log.warn({ err: error }, 'a database connection was lost'),
  ...(tracing === null ? {} : { onStatement: traceStatement }),
});
const temporal = await openTemporalClient(settings);
const { client } = temporal;
const billing = createTemporalBillingClient({ client, taskQueue: settings.TASK_QUEUE });
const metrics = createMetrics();
addBusinessMetrics(metrics.registry, {
  db,
  describeQueues: () => describeTaskQueues(client, settings.TASK_QUEUE),
});
collectDefaultMetrics({ register: metrics.registry });
const inbox = createInboxDispatcher({
  db,
  billing,
  livemode: isLiveKey(settings.STRIPE_SECRET_KEY),
  log,
  onDelivery: (outcome, lagSeconds) => countDelivery(metrics, outcome, lagSeconds),
});
const figureSums = createFigureSums(db, log);
const app = await buildApp({
  settings,
  db,
  billing,
  links: createCustomerLinks({
    secrets: settings.CUSTOMER_LINK_SECRETS,
    publicUrl: settings.PUBLIC_URL,
    ttlDays: settings.CUSTOMER_LINK_TTL_DAYS,
  }),
  inbox,
  metrics,
  log,
  isStopping: () => stopping,
  pingTemporal: async () => {
    await client.withDeadline(Date.now() + PING_TIMEOUT_MS, () => client.workflowService.getSystemInfo({}));
  },
});

for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  // For good: it may come twice, as npm passes on what a terminal has sent to both, and the second would end the process.
  process.on(signal, () => stopping || void stop(signal));
}
try {
  await app.listen({ host: settings.API_HOST, port: settings.API_PORT });
} catch (error) {
  log.fatal({ err: error }, `cannot listen on ${settings.API_HOST}:${settings.API_PORT}`);
  process.exit(1);
}
inbox.start();
figureSums.start();
log.info({ address: app.listeningOrigin }, 'api is ready');

/**
 * Says at /readyz that it is going, and for a while still answers those who have not heard; then accepts nothing new,
 * finishes what is under way, and lets go of database and Temporal.
 */
async function stop(signal: string): Promise<void> {
  stopping = true;
  log.info({ signal }, 'stopping: requests under way are finished first');
  await sleep(settings.API_DRAIN_SECONDS * 1_000);
  setTimeout(() => {
    log.error('requests were still under way; stopping without them');
    process.exit(1);
  }, STOP_AT_THE_LATEST_MS).unref();
  await app.close();
  await inbox.stop();
  await figureSums.stop();
  await temporal.close();
  await db.destroy();
  await tracing?.stop();
  log.info('api has stopped');
}
