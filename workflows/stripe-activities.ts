/**
 * The Activities as the Workflow calls them, with the options of each and the reason for every number. They run on the
 * Task Queue of the Workflow, so that the server can hand them over with the Workflow Task.
 */
import { type ActivityOptions, proxyActivities } from '@temporalio/workflow';
import type { Activities } from '../activities/index.ts';
import { INTERACTIVE_PRIORITY, SCHEDULED_PRIORITY } from '../domain/priorities.ts';

/** Above the longest request to Stripe that a setting allows, and a look-up besides. */
export const START_TO_CLOSE_MS = 60_000;
/** A Worker that died is noticed after this long; the Worker beats every 4 s, so that short Activities never do. */
const HEARTBEAT_TIMEOUT_MS = 12_000;

function options(summary: string, interactive: boolean): ActivityOptions {
  return {
    startToCloseTimeout: START_TO_CLOSE_MS,
    heartbeatTimeout: HEARTBEAT_TIMEOUT_MS,
    summary,
    priority: { priorityKey: interactive ? INTERACTIVE_PRIORITY : SCHEDULED_PRIORITY },
    // What is not to be retried says so itself: activities/defect.ts.
    retry: {
      // On a page a second is long: the first tries are over within two.
      initialInterval: interactive ? '250ms' : '1s',
      backoffCoefficient: 2,
      // Stripe or the database may be away for hours; each retry is one small request.
      maximumInterval: interactive ? '30s' : '5m',
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
