/**
 * Builds the Workers of one process: one for Workflows, one for the Activities on Stripe's Task Queue. Used by
 * `worker/main.ts` and by tests.
 */
import { OpenTelemetryActivityInboundInterceptor } from '@temporalio/interceptors-opentelemetry/lib/worker/index.js';
import { type NativeConnection, Worker, type WorkerOptions } from '@temporalio/worker';
import type { ActivityDeps } from '../activities/deps.ts';
import { createActivities } from '../activities/index.ts';
import { COMMAND_TIMEOUT_MS } from '../config/temporal.ts';
import { stripeTaskQueue } from '../workflows/task-queues.ts';
import { heartbeatInterceptor } from './heartbeat.ts';
import { paceInterceptor } from './pace.ts';
import { scheduleLagInterceptor } from './schedule-lag.ts';

export interface BillingWorkersOptions {
  connection: NativeConnection;
  namespace: string;
  taskQueue: string;
  workflowBundle: NonNullable<WorkerOptions['workflowBundle']>;
  activityDeps: ActivityDeps;
  /** Requests to Stripe per second, for all Workers of the queue together. Every Worker must set the same. */
  stripeRequestsPerSecond: number;
  /** How long a polite stop lets Activities finish; above the longest request to Stripe. */
  shutdownGraceMs?: number;
  /** Told how many seconds after it fell due a charge is tried first; for metrics. */
  onFirstAttempt?: (lagSeconds: number) => void;
  /** Shorter in tests that kill. */
  overrides?: Partial<WorkerOptions>;
}

export interface BillingWorkers {
  /** Runs until `shutdown()`; rejects when a Worker fails. */
  run(): Promise<void>;
  shutdown(): void;
}

/**
 * How long a Workflow Task waits for the Worker that has its Workflow in the cache. When many charges fall due at one
 * instant, tasks wait for their turn; one that has waited too long is timed out, written again and replayed from its
 * first event, often by the very Worker that had it ready. But when a Worker dies, its tasks wait as long for another
 * one, and a command among them must still be answered in time.
 */
const STICKY_FOR_MS = COMMAND_TIMEOUT_MS - 5_000;

export async function createBillingWorkers(options: BillingWorkersOptions): Promise<BillingWorkers> {
  const { connection, namespace, taskQueue, workflowBundle, shutdownGraceMs = 30_000 } = options;
  const pace = paceInterceptor(options.stripeRequestsPerSecond);
  const common = {
    connection,
    namespace,
    shutdownGraceTime: shutdownGraceMs,
    shutdownForceTime: shutdownGraceMs + 10_000,
    ...options.overrides,
  } satisfies Partial<WorkerOptions>;
  const workers = await Promise.all([
    Worker.create({
      ...common,
      taskQueue,
      workflowBundle,
      // About 1 MB each; beyond it a Workflow is replayed when it wakes.
      maxCachedWorkflows: 1_000,
      stickyQueueScheduleToStartTimeout: STICKY_FOR_MS,
    }),
    Worker.create({
      ...common,
      taskQueue: stripeTaskQueue(taskQueue),
      activities: createActivities(options.activityDeps),
      interceptors: {
        activity: [
          // The outermost, so that what the others do is part of its span.
          (context) => ({ inbound: new OpenTelemetryActivityInboundInterceptor(context) }),
          () => ({ inbound: heartbeatInterceptor() }),
          () => ({ inbound: pace }),
          () => ({ inbound: scheduleLagInterceptor(options.onFirstAttempt ?? (() => {})) }),
        ],
      },
      maxConcurrentActivityTaskExecutions: 50,
      maxTaskQueueActivitiesPerSecond: options.stripeRequestsPerSecond,
    }),
  ]);
  return {
    async run() {
      // One that fails takes the other along: half a Worker would look alive and bill nobody.
      const runs = workers.map((worker) => worker.run());
      await Promise.race([Promise.all(runs), ...runs]).finally(() => {
        for (const worker of workers) {
          if (worker.getState() === 'RUNNING') {
            worker.shutdown();
          }
        }
      });
      await Promise.all(runs);
    },
    shutdown() {
      for (const worker of workers) {
        if (worker.getState() === 'RUNNING') {
          worker.shutdown();
        }
      }
    },
  };
}
