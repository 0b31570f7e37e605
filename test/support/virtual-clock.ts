/** One Workflow's own clock: where it is, and to which instant it is to jump. The rest of the world keeps its time. */
import { fastForward, type TestTemporal } from './temporal.ts';
import { waitFor } from './wait.ts';

/** The wall clock runs on while the server is asked. */
const TOLERANCE_MS = 60_000;

export interface VirtualClock {
  /** Epoch milliseconds. */
  now(): number;
  /** Jumps to that instant, timers on the way fire; answers when the Workflow is there. One that has ended stays where it is. */
  goTo(instant: string): Promise<void>;
}

export function virtualClock(
  server: Pick<TestTemporal, 'client' | 'connection' | 'namespace'>,
  workflowId: string,
): VirtualClock {
  let aheadMs = 0;

  /** Where the last jump that came to its end has led to, from the newest events of the newest run. */
  async function lastJump(): Promise<number> {
    const { history } = await server.connection.workflowService.getWorkflowExecutionHistoryReverse({
      namespace: server.namespace,
      execution: { workflowId },
      maximumPageSize: 200,
    });
    const jump = history?.events?.find(
      (event) => event.workflowExecutionTimeSkippingTransitionedEventAttributes?.disabledAfterFastForward,
    )?.workflowExecutionTimeSkippingTransitionedEventAttributes;
    return jump?.targetTime ? epochMs(jump.targetTime) : 0;
  }

  async function isOver(): Promise<boolean> {
    const { status } = await server.client.workflow.getHandle(workflowId).describe();
    return status.name !== 'RUNNING';
  }

  return {
    now: () => Date.now() + aheadMs,
    async goTo(instant) {
      const wanted = Date.parse(instant);
      const byMs = wanted - this.now();
      if (byMs < 1_000 || (await isOver())) {
        return;
      }
      await fastForward(server, workflowId, byMs);
      await waitFor(
        `${workflowId} to be at ${instant}`,
        async () => (await lastJump()) >= wanted - TOLERANCE_MS || isOver(),
        { timeoutMs: 120_000, everyMs: 200 },
      );
      aheadMs = wanted - Date.now();
    },
  };
}

function epochMs({ seconds, nanos }: { seconds?: unknown; nanos?: number | null }): number {
  return Number(seconds ?? 0) * 1_000 + Math.floor((nanos ?? 0) / 1_000_000);
}
