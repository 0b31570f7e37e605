/** One Workflow's own clock: where it is, and to which instant it is to jump. The rest of the world keeps its time. */
import { fastForward, type TestTemporal } from './temporal.ts';
import { waitFor } from './wait.ts';

/** The wall clock runs on while the server is asked. */
const TOLERANCE_MS = 60_000;
/** While it jumps, its clock moves every fraction of a second; without a timer on the way, only once it is there. */
const STALLED_MS = 8_000;

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

  /** The newest run: what its clock shows, and where the last jump that came to its end has led to. */
  async function look() {
    const { history } = await server.connection.workflowService.getWorkflowExecutionHistoryReverse({
      namespace: server.namespace,
      execution: { workflowId },
      maximumPageSize: 200,
    });
    const events = history?.events ?? [];
    const jump = events.find(
      (event) => event.workflowExecutionTimeSkippingTransitionedEventAttributes?.disabledAfterFastForward,
    )?.workflowExecutionTimeSkippingTransitionedEventAttributes;
    return {
      clockMs: events[0]?.eventTime ? epochMs(events[0].eventTime) : 0,
      jumpedToMs: jump?.targetTime ? epochMs(jump.targetTime) : 0,
    };
  }

  async function run() {
    const { status, raw } = await server.client.workflow.getHandle(workflowId).describe();
    const isBusy = raw.pendingWorkflowTask != null || (raw.pendingActivities ?? []).length > 0;
    return { isOver: status.name !== 'RUNNING', isBusy };
  }

  return {
    now: () => Date.now() + aheadMs,
    async goTo(instant) {
      const wanted = Date.parse(instant);
      const byMs = wanted - this.now();
      const { isOver } = await run();
      if (byMs < 1_000 || isOver) {
        return;
      }
      await fastForward(server, workflowId, byMs);
      let seen = { clockMs: 0, at: Date.now() };
      await waitFor(
        `${workflowId} to be at ${instant}`,
        async () => {
          const newest = await run();
          const { clockMs, jumpedToMs } = await look();
          if (newest.isOver || Math.max(clockMs, jumpedToMs) >= wanted - TOLERANCE_MS) {
            return true;
          }
          // A jump may stop on the way: where one run hands over to the next, and after many timers. One that waits for
          // a busy Worker goes on by itself: a second one on top would lead too far.
          if (clockMs !== seen.clockMs || newest.isBusy) {
            seen = { clockMs, at: Date.now() };
          } else if (Date.now() - seen.at > STALLED_MS) {
            seen = { clockMs, at: Date.now() };
            await fastForward(server, workflowId, wanted - clockMs);
          }
          return false;
        },
        { timeoutMs: 180_000, everyMs: 200 },
      );
      aheadMs = wanted - Date.now();
    },
  };
}

function epochMs({ seconds, nanos }: { seconds?: unknown; nanos?: number | null }): number {
  return Number(seconds ?? 0) * 1_000 + Math.floor((nanos ?? 0) / 1_000_000);
}
