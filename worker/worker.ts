/** Builds the Worker of one process: Workflows, and the Activities that they call. Used by `worker/main.ts` and by tests. */
import { OpenTelemetryActivityInboundInterceptor } from '@temporalio/interceptors-opentelemetry/lib/worker/index.js';
import {
  type ActivityInterceptorsFactory,
  type NativeConnection,
  Worker,
  type WorkerOptions,
} from '@temporalio/worker';
import type { ActivityDeps } from '../activities/deps.ts';
import { createActivities } from '../activities/index.ts';
import { COMMAND_TIMEOUT_MS } from '../config/temporal.ts';
import { heartbeatInterceptor } from './heartbeat.ts';
import { startInterceptor } from './overdue.ts';
import { scheduleLagInterceptor } from './schedule-lag.ts';

export interface BillingWorkerOptions {
  connection: NativeConnection;
  namespace: string;
  taskQueue: string;
  workflowBundle: NonNullable<WorkerOptions['workflowBundle']>;
  activityDeps: ActivityDeps;
  /** Activities that run at once. @default 50 */
  activitySlots?: number;
  /** How long a polite stop lets Activities finish; above the longest request to Stripe. */
  shutdownGraceMs?: number;
  /** Told how many seconds after it fell due a charge is tried first; for metrics. */
  onFirstAttempt?: (lagSeconds: number) => void;
  /** Activities go on with the trace of what they were asked by. @default false */
  isTraced?: boolean;
  /** Shorter in tests that kill. */
  overrides?: Partial<WorkerOptions>;
}

/**
 * How long a Workflow Task waits for the Worker that has its Workflow in the cache. When many charges fall due at one
 * instant, tasks wait for their turn; one that has waited too long is timed out, written again and replayed from its
 * first event, often by the very Worker that had it ready. But when a Worker dies, its tasks wait as long for another
 * one, and a command among them must still be answered in time.
 */
const STICKY_FOR_MS = COMMAND_TIMEOUT_MS - 5_000;

const MOST_SLOTS = 50;
const LEAST_SLOTS = 2;
/** Longest that an Activity waits for its turn at Stripe when one Worker runs; with ten it is still within its time-out. */
const LONGEST_WAIT_S = 2;

/**
 * So many Activities at once, that with this limit none waits for long in the process: what is beyond waits in Temporal,
 * where what a customer waits for goes first and other Workers can take it.
 */
export function activitySlotsFor(stripeRequestsPerSecond: number): number {
  return Math.min(MOST_SLOTS, Math.max(LEAST_SLOTS, Math.ceil(stripeRequestsPerSecond * LONGEST_WAIT_S)));
}

/**
 * Activities are on the Task Queue of their Workflows, so that Temporal hands them over together with the Workflow Task
 * that has asked for them ("eagerly"), for as long as slots are free: see docs/decisions/0016. Hence no
 * `maxTaskQueueActivitiesPerSecond`, which would forbid it; the rate towards Stripe is kept by `stripe-turns.ts`.
 */
export function createBillingWorker(options: BillingWorkerOptions): Promise<Worker> {
  const { shutdownGraceMs = 30_000, onFirstAttempt = () => {}, isTraced = false } = options;
  return Worker.create({
    connection: options.connection,
    namespace: options.namespace,
    taskQueue: options.taskQueue,
    workflowBundle: options.workflowBundle,
    activities: createActivities(options.activityDeps),
    interceptors: {
      activity: [
        // The outermost, so that what the others do is part of its span.
        ...(isTraced ? [traced] : []),
        () => ({ inbound: startInterceptor() }),
        () => ({ inbound: heartbeatInterceptor() }),
        () => ({ inbound: scheduleLagInterceptor(onFirstAttempt) }),
      ],
    },
    // About 1 MB each; beyond it a Workflow is replayed when it wakes.
    maxCachedWorkflows: 1_000,
    stickyQueueScheduleToStartTimeout: STICKY_FOR_MS,
    maxConcurrentActivityTaskExecutions: options.activitySlots ?? MOST_SLOTS,
    shutdownGraceTime: shutdownGraceMs,
    shutdownForceTime: shutdownGraceMs + 10_000,
    ...options.overrides,
  });
}

const traced: ActivityInterceptorsFactory = (context) => ({
  inbound: new OpenTelemetryActivityInboundInterceptor(context),
});
