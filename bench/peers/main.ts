/**
 * The process of a job queue: `node bench/peers/main.ts pg-boss|graphile-worker JOBS_FILE DUE_AT_EPOCH_MS`. Enqueues the
 * jobs of the file for that instant, says `ready`, and works until SIGTERM. As many at once as our Worker allows.
 */
import { readFileSync } from 'node:fs';
import { Logger, makeWorkerUtils, run } from 'graphile-worker';
import { PgBoss } from 'pg-boss';
import { createStripe } from '../../config/stripe.ts';
import { openDatabase } from '../../db/database.ts';
import { type ChargeJob, chargeOnce } from './charge-once.ts';

/** `maxConcurrentActivityTaskExecutions` of our Worker. */
const CONCURRENCY = 50;

const [, , kind = '', jobsFile = '', dueAtEpochMs = ''] = process.argv;
const url = process.env.DATABASE_URL ?? '';
const dueAt = new Date(Number(dueAtEpochMs));
const jobs = JSON.parse(readFileSync(jobsFile, 'utf8')) as ChargeJob[];
const db = openDatabase({ url, poolSize: 20, preparedStatements: true, applicationName: `bench-${kind}` });
const stripe = createStripe({
  STRIPE_SECRET_KEY: process.env.STRIPE_SECRET_KEY ?? '',
  STRIPE_API_URL: process.env.STRIPE_API_URL ?? '',
  STRIPE_TIMEOUT_MS: 20_000,
});

const stop = kind === 'pg-boss' ? await startPgBoss() : await startGraphileWorker();
console.log('ready');
process.once('SIGTERM', () => {
  void stop()
    .then(() => db.destroy())
    .then(() => process.exit(0));
});

async function startPgBoss(): Promise<() => Promise<void>> {
  const boss = new PgBoss({ connectionString: url, max: 10 });
  boss.on('error', console.error);
  await boss.start();
  const queue = `charge-${dueAtEpochMs}`;
  await boss.createQueue(queue, { retryLimit: 5 });
  for (let from = 0; from < jobs.length; from += 500) {
    const batch = jobs.slice(from, from + 500);
    await boss.insert(
      queue,
      batch.map((data) => ({ data, startAfter: dueAt })),
    );
  }
  // Its shortest poll; a full batch is followed by the next one at once.
  const options = { batchSize: CONCURRENCY, pollingIntervalSeconds: 0.5, burstWhenBatchFull: true };
  await boss.work<ChargeJob>(queue, options, async (batch) => {
    await Promise.all(batch.map(({ data }) => chargeOnce(db, stripe, data)));
  });
  return () => boss.stop({ graceful: false });
}

async function startGraphileWorker(): Promise<() => Promise<void>> {
  const logger = new Logger(() => (level, message) => {
    if (level === 'error' || level === 'warning') {
      console.error(message);
    }
  });
  const utils = await makeWorkerUtils({ connectionString: url, logger });
  await utils.migrate();
  await utils.addJobs(
    jobs.map((payload) => ({ identifier: 'charge', payload, runAt: dueAt, maxAttempts: 5 })),
  );
  const runner = await run({
    connectionString: url,
    logger,
    concurrency: CONCURRENCY,
    maxPoolSize: 20,
    pollInterval: 500,
    noHandleSignals: true,
    taskList: {
      charge: (payload) => chargeOnce(db, stripe, payload as ChargeJob),
    },
  });
  return async () => {
    await runner.stop();
    await utils.release();
  };
}
