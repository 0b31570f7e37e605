/** Drives the bare Workflows from the bench's process, as the API drives ours. */
import { randomUUID } from 'node:crypto';
import { WithStartWorkflowOperation } from '@temporalio/client';
import { freePort } from '../../dev/ports.ts';
import { atOnce } from '../../test/support/at-once.ts';
import { WORKER_NODE_FLAGS } from '../../worker/node-flags.ts';
import { until } from '../measure/callers.ts';
import type { Stage } from '../stage/stage.ts';
import { bareSaved, bareStart } from './bare-workflows.ts';

const TASK_QUEUE = 'bench-bare';
const CALLERS = 16;

export interface BareFloor {
  /** As many enrollments, with the same events. @returns seconds until the last one is saved */
  enrollments(count: number): Promise<number>;
  /** Starts so many timers for one instant. @returns asks how many have been followed by their Activity */
  charges(count: number, dueAtMs: number): Promise<() => Promise<number>>;
}

const floors = new WeakMap<Stage, Promise<BareFloor>>();

/** The floor of a stage; its process starts once. */
export function bareFloor(stage: Stage): Promise<BareFloor> {
  const floor = floors.get(stage) ?? startFloor(stage);
  floors.set(stage, floor);
  return floor;
}

async function startFloor(stage: Stage): Promise<BareFloor> {
  const { client } = await stage.temporal();
  const port = await freePort();
  const timesDone = async () => Number(await (await fetch(`http://127.0.0.1:${port}/`)).text());
  await stage.helper(
    'bare-worker',
    'bench/floors/temporal-worker.ts',
    {},
    async () => (await timesDone()) >= 0,
    [stage.addresses.temporal, TASK_QUEUE, String(port)],
    WORKER_NODE_FLAGS,
  );
  const named = (count: number) => {
    const batch = randomUUID();
    return Array.from({ length: count }, (_, index) => `bare/${batch}/${index}`);
  };
  return {
    async enrollments(count) {
      const before = await timesDone();
      const startedMs = performance.now();
      await atOnce(CALLERS, named(count), async (workflowId) => {
        await client.workflow.executeUpdateWithStart(bareStart, {
          startWorkflowOperation: new WithStartWorkflowOperation('bareEnrollment', {
            workflowId,
            taskQueue: TASK_QUEUE,
            workflowIdConflictPolicy: 'FAIL',
            args: [],
          }),
        });
        await client.workflow.getHandle(workflowId).signal(bareSaved);
      });
      // Two Activities each.
      await until('the last bare enrollment', 120_000, async () => (await timesDone()) >= before + 2 * count);
      return (performance.now() - startedMs) / 1000;
    },

    async charges(count, dueAtMs) {
      const before = await timesDone();
      await atOnce(CALLERS, named(count), (workflowId) =>
        client.workflow.start('bareCharge', { workflowId, taskQueue: TASK_QUEUE, args: [dueAtMs] }),
      );
      return async () => (await timesDone()) - before;
    },
  };
}
