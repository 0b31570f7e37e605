/** How many tasks wait on the Task Queues and who polls them, as Temporal's server knows it. For metrics; only reads. */
import type { Client } from '@temporalio/client';

export interface QueueBacklog {
  queue: string;
  kind: 'workflow' | 'activity';
  /** About; the server counts without locking. */
  backlog: number;
  backlogAgeSeconds: number;
  /** Pollers that asked within the last minutes; 0 says that no Worker runs. */
  pollers: number;
}

/** `TASK_QUEUE_TYPE_WORKFLOW` and `TASK_QUEUE_TYPE_ACTIVITY` of Temporal's protocol. */
const KINDS = { workflow: 1, activity: 2 } as const;
const TIMEOUT_MS = 3_000;

/** @throws gRPC errors of the server, and a timeout after three seconds */
export function describeTaskQueues(client: Client, taskQueue: string): Promise<QueueBacklog[]> {
  const describe = async (queue: string, kind: 'workflow' | 'activity'): Promise<QueueBacklog> => {
    const { stats, pollers } = await client.workflowService.describeTaskQueue({
      namespace: client.options.namespace,
      taskQueue: { name: queue },
      taskQueueType: KINDS[kind],
      reportStats: true,
    });
    const age = stats?.approximateBacklogAge;
    return {
      queue,
      kind,
      backlog: Number(stats?.approximateBacklogCount ?? 0),
      backlogAgeSeconds: Number(age?.seconds ?? 0) + Number(age?.nanos ?? 0) / 1e9,
      pollers: pollers?.length ?? 0,
    };
  };
  return client.withDeadline(Date.now() + TIMEOUT_MS, () =>
    Promise.all([describe(taskQueue, 'workflow'), describe(taskQueue, 'activity')]),
  );
}
