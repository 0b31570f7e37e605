/**
 * The Activities as the Workflow calls them, with the options of each and the reason for every number. Activities run
 * on Stripe's own Task Queue, whose rate the server limits.
 */
import { type ActivityOptions, proxyActivities, workflowInfo } from '@temporalio/workflow';
import type { Activities } from '../activities/index.ts';
import { NON_RETRYABLE_TYPES } from '../domain/errors.ts';
import { stripeTaskQueue } from './task-queues.ts';

/** Above the longest request to Stripe (20 s by default) and a look-up besides. */
const START_TO_CLOSE_MS = 60_000;
/** A Worker that died is noticed after this long; the Worker beats every 4 s, so that short Activities never do. */
const HEARTBEAT_TIMEOUT_MS = 12_000;

function options(summary: string, interactive: boolean): ActivityOptions {
  return {
    taskQueue: stripeTaskQueue(workflowInfo().taskQueue),
    startToCloseTimeout: START_TO_CLOSE_MS,
    heartbeatTimeout: HEARTBEAT_TIMEOUT_MS,
    summary,
    // A customer who waits on a page goes before scheduled charges (default 3).
    priority: { priorityKey: interactive ? 1 : 3 },
    retry: {
      // On a page a second is long: the first tries are over within two.
      initialInterval: interactive ? '250ms' : '1s',
      backoffCoefficient: 2,
      // Stripe or the database may be away for hours; each retry is one small request.
      maximumInterval: interactive ? '30s' : '5m',
      nonRetryableErrorTypes: NON_RETRYABLE_TYPES,
    },
  };
}

/** For what a customer or caller waits for. */
export function interactive(summary: string) {
  return proxyActivities<Activities>(options(summary, true));
}

/** For scheduled work. */
export function scheduled(summary: string) {
  return proxyActivities<Activities>(options(summary, false));
}
