/** Time in a chaos run: each Workflow has its own clock, which is moved ahead by hand. Everything else keeps real time. */
import { randomUUID } from 'node:crypto';
import { msToTs } from '@temporalio/common/lib/time.js';
import { enrollmentWorkflowId } from '../../domain/ids.ts';
import { pause } from '../processes.ts';
import type { World } from './world.ts';

export const DAY_MS = 86_400_000;
export const MONTH_MS = 31 * DAY_MS;
const BETWEEN_REPORTS_MS = 10_000;

/** Lets the clock jump ahead as soon as nothing is under way. @returns false when it has closed or cannot be reached */
export async function passTime({ client }: World, enrollmentId: string, ms: number): Promise<boolean> {
  try {
    await client.withDeadline(Date.now() + 5_000, () =>
      client.workflowService.updateWorkflowExecutionOptions({
        namespace: client.options.namespace,
        workflowExecution: { workflowId: enrollmentWorkflowId(enrollmentId) },
        workflowExecutionOptions: {
          timeSkippingConfig: {
            enabled: true,
            fastForwardConfig: { id: randomUUID(), duration: msToTs(ms) },
          },
        },
        updateMask: { paths: ['time_skipping_config'] },
      }),
    );
    return true;
  } catch {
    return false;
  }
}

/** Moves every open Workflow on until all have closed. @returns ids of those that have not, after `timeoutMs` */
export async function untilAllClosed(
  world: World,
  ids: readonly string[],
  timeoutMs: number,
  report: (line: string) => void,
): Promise<string[]> {
  let open = [...ids];
  let saidAtMs = Date.now();
  for (const until = Date.now() + timeoutMs; open.length > 0 && Date.now() < until; await pause(500)) {
    const still: string[] = [];
    for (const id of open) {
      const { status, raw } = await world.client.workflow.getHandle(enrollmentWorkflowId(id)).describe();
      if (status.name === 'RUNNING') {
        still.push(id);
        if ((raw.pendingActivities ?? []).length === 0) {
          await passTime(world, id, MONTH_MS);
        }
      }
    }
    open = still;
    if (Date.now() - saidAtMs > BETWEEN_REPORTS_MS) {
      saidAtMs = Date.now();
      report(`${open.length} of ${ids.length} enrollments are not over yet`);
    }
  }
  return open;
}
