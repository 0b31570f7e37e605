/** Reads what the Workflows say: description, query or result. Called by `check.ts`; leaves nothing in any history. */
import { type Client, type WorkflowExecutionDescription, WorkflowNotFoundError } from '@temporalio/client';
import { ENROLLMENT_STATUS } from '../config/search-attributes.ts';
import { enrollmentIdOfWorkflow, enrollmentWorkflowId } from '../domain/ids.ts';
import { enrollmentStateQuery } from '../workflows/messages.ts';
import type { WorkflowFacts } from './books.ts';

/** A query is answered by a Worker, and replays the history if it must. */
const QUERY_TIMEOUT_MS = 10_000;

export async function readWorkflow(client: Client, enrollmentId: string): Promise<WorkflowFacts> {
  const handle = client.workflow.getHandle(enrollmentWorkflowId(enrollmentId));
  let description: WorkflowExecutionDescription;
  try {
    description = await handle.describe();
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) {
      return { kind: 'unknown' };
    }
    throw error;
  }
  const searchAttribute = description.typedSearchAttributes.get(ENROLLMENT_STATUS) ?? null;
  if (description.status.name !== 'RUNNING') {
    return {
      kind: 'closed',
      how: description.status.name,
      closedAt: (description.closeTime ?? new Date()).toISOString(),
      searchAttribute,
      result: description.status.name === 'COMPLETED' ? resultOf(await handle.result()) : null,
    };
  }
  const problems = problemsOf(description);
  try {
    const state = await client.withDeadline(Date.now() + QUERY_TIMEOUT_MS, () =>
      handle.query(enrollmentStateQuery),
    );
    return { kind: 'running', searchAttribute, problems, retrying: retryingOf(description), state };
  } catch (error) {
    const words = error instanceof Error ? error.message : String(error);
    return { kind: 'silent', searchAttribute, problems, error: words };
  }
}

function resultOf(result: unknown) {
  const { status, chargesSucceeded, amountCollectedMinor } = result as {
    status: string;
    chargesSucceeded: number;
    amountCollectedMinor: number;
  };
  return { status, chargesSucceeded, amountCollectedMinor };
}

function problemsOf(description: WorkflowExecutionDescription): string[] {
  const reported = description.searchAttributes.TemporalReportedProblems;
  return Array.isArray(reported) ? reported.map(String) : [];
}

function retryingOf(description: WorkflowExecutionDescription) {
  return (description.raw.pendingActivities ?? [])
    .filter(({ attempt }) => (attempt ?? 0) > 1)
    .map(({ activityType, attempt, lastFailure }) => ({
      activity: activityType?.name ?? 'an Activity',
      attempt: attempt ?? 0,
      lastFailure: lastFailure?.message ?? 'no failure was told',
    }));
}

/** Enrollments whose Workflow runs, as Temporal lists them; the list may lag by a second or two. */
export async function listRunning(client: Client, taskQueue: string): Promise<string[]> {
  const ids: string[] = [];
  const query = `WorkflowType = 'enrollmentWorkflow' AND ExecutionStatus = 'Running' AND TaskQueue = '${taskQueue}'`;
  for await (const { workflowId } of client.workflow.list({ query })) {
    const id = enrollmentIdOfWorkflow(workflowId);
    if (id !== null) {
      ids.push(id);
    }
  }
  return ids;
}
