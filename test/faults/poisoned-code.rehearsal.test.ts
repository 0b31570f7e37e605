/** A deploy whose Workflow code throws for one customer: the others go on, everybody can see it, the next deploy heals it. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { checkBooks } from '../../check-books/check.ts';
import { MONTHLY, startBilling, type TestBilling } from '../support/billing.ts';
import { fastForward } from '../support/temporal.ts';
import { waitFor } from '../support/wait.ts';
import { workflowVariant } from '../support/workflow-variant.ts';

const MONTH_MS = 31 * 86_400_000;

let billing: TestBilling;
beforeAll(async () => {
  billing = await startBilling({ ownNamespace: true });
}, 60_000);
afterAll(() => billing.stop());

async function paidOnce(): Promise<string> {
  const { enrollmentId } = await billing.enrolled(MONTHLY);
  await billing.charged(enrollmentId, 1, 'succeeded');
  return enrollmentId;
}

/** What the saved query of docs/operations.md lists. */
async function listed(query: string): Promise<string[]> {
  const ids: string[] = [];
  for await (const { workflowId } of billing.temporal.client.workflow.list({ query })) {
    ids.push(workflowId);
  }
  return ids;
}

describe('Workflow code with a bug that one customer meets', () => {
  it('F28: stops that customer alone, is told by query and check-books, and is healed by the next deploy', async () => {
    const poisoned = await paidOnce();
    const other = await paidOnce();
    const buggy = await workflowVariant([
      {
        file: 'workflows/new-charges.ts',
        from: 'export function openPlanned(run: EnrollmentRun, planned: PlannedCharge): OpenCharge {\n',
        to: `export function openPlanned(run: EnrollmentRun, planned: PlannedCharge): OpenCharge {
  if (run.input.enrollmentId === '${poisoned}') {
    throw new TypeError('a planted bug');
  }
`,
      },
    ]);
    await billing.workers.stop();
    const bad = await billing.addWorkers(buggy);
    for (const id of [poisoned, other]) {
      await fastForward(billing.temporal, `enrollment/${id}`, MONTH_MS);
    }
    await billing.charged(other, 2, 'succeeded');
    const query = "TemporalReportedProblems IS NOT NULL AND ExecutionStatus = 'Running'";
    await waitFor('the server to report the failing tasks', async () => (await listed(query)).length > 0, {
      timeoutMs: 60_000,
      everyMs: 500,
    });
    expect(await listed(query)).toEqual([`enrollment/${poisoned}`]);
    const deps = {
      db: billing.db,
      stripe: billing.stripe,
      client: billing.temporal.client,
      taskQueue: billing.taskQueue,
    };
    const { differences } = await checkBooks(deps, { only: [poisoned, other], settleMs: 100, looks: 2 });
    expect(differences).toContainEqual(
      expect.objectContaining({ invariant: 'I4', code: 'workflow_task_fails', enrollmentId: poisoned }),
    );
    expect(differences.filter(({ enrollmentId }) => enrollmentId === other)).toEqual([]);

    await bad.stop();
    await billing.addWorkers(billing.bundle);
    await billing.charged(poisoned, 2, 'succeeded', 60_000);
    await waitFor('the report to be gone', async () => (await listed(query)).length === 0);
    const charges = await billing.chargeRows(poisoned);
    expect(charges.map(({ number, status, attempts }) => [number, status, attempts])).toEqual([
      [1, 'succeeded', 1],
      [2, 'succeeded', 1],
    ]);
    const { data } = await billing.stripe.paymentIntents.list({ limit: 100 });
    expect(data.filter(({ metadata }) => metadata.enrollment_id === poisoned)).toHaveLength(2);
  }, 180_000);
});
