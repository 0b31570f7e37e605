/**
 * Deploys of changed Workflow code under customers in every state, forward and back, as docs/operations.md tells to do
 * them: the change is a patch that stays off until there is no going back.
 */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { WorkerOptions, WorkflowBundleWithSourceMap } from '@temporalio/worker';
import { versioningOptions } from '../../worker/versioning.ts';
import { startBilling, type TestBilling, type WorkerTeam } from '../support/billing.ts';
import { enrollInEveryState, type People, stepAll } from '../support/customers-in-every-state.ts';
import { temporalCommand } from '../support/temporal-command.ts';
import { waitFor } from '../support/wait.ts';
import { workflowVariant } from '../support/workflow-variant.ts';

/** Every charge, and every saved method, takes one more command than before. */
const CHANGED = [
  {
    file: 'workflows/charge-work.ts',
    from: "from '@temporalio/workflow';",
    to: "from '@temporalio/workflow';\nimport { patched as isSwitchedOn, sleep } from '@temporalio/workflow';",
  },
  {
    file: 'workflows/charge-work.ts',
    from: '  try {\n    return await activity();',
    to: "  if (isSwitchedOn('rehearsal')) {\n    await sleep(10);\n  }\n  try {\n    return await activity();",
  },
];

let coming: WorkflowBundleWithSourceMap;
beforeAll(async () => {
  coming = await workflowVariant(CHANGED);
}, 120_000);

function version(settings: { buildId?: string; off?: string[] }, name = 'rehearsal'): Partial<WorkerOptions> {
  return versioningOptions(
    {
      WORKER_DEPLOYMENT_NAME: name,
      WORKER_BUILD_ID: settings.buildId,
      WORKFLOW_PATCHES_OFF: settings.off ?? [],
    },
    coming.code,
  );
}

/** Failures of Workflow Tasks, and whether the change was in use, by enrollment. */
async function told(billing: TestBilling, people: People) {
  const failures: string[] = [];
  let patches = 0;
  for (const id of people.all) {
    const { events } = await billing.history(id);
    for (const event of events ?? []) {
      const failed = event.workflowTaskFailedEventAttributes?.failure?.message;
      failures.push(...(failed ? [`${id}: ${failed}`] : []));
      patches += event.markerRecordedEventAttributes?.markerName === 'core_patch' ? 1 : 0;
    }
  }
  return { failures, patches };
}

describe('Workers without versions', () => {
  let billing: TestBilling;
  beforeAll(async () => {
    billing = await startBilling();
  }, 60_000);
  afterAll(() => billing.stop(coming));

  it('F23: old and new code beside each other, back, and forward: everybody is charged once, and no task fails', async () => {
    const people = await enrollInEveryState(billing, 3);
    const old = billing.workers;
    const first = await billing.addWorkers(coming, version({ off: ['rehearsal'] }));
    await stepAll(billing, people, 0);
    await first.stop();
    await stepAll(billing, people, 1);
    expect(await told(billing, people)).toEqual({ failures: [], patches: 0 });

    const second = await billing.addWorkers(coming, version({ off: ['rehearsal'] }));
    await old.stop();
    // All run the new code: the change can be switched on. From here the way back is to switch it off.
    await billing.addWorkers(coming);
    await second.stop();
    await stepAll(billing, people, 2);
    const { failures, patches } = await told(billing, people);
    expect(failures).toEqual([]);
    expect(patches).toBeGreaterThan(0);
  }, 180_000);
});

describe('code without a patch that is in use', () => {
  let billing: TestBilling;
  beforeAll(async () => {
    billing = await startBilling();
  }, 60_000);
  afterAll(() => billing.stop(coming));

  it('F23: cannot go on, charges nobody, and hands over to the code that can', async () => {
    const people = await enrollInEveryState(billing, 2);
    const old = billing.workers;
    const changed = await billing.addWorkers(coming);
    await old.stop();
    await stepAll(billing, people, 0);
    await changed.stop();
    const tooOld = await billing.addWorkers(billing.bundle);
    const [id = ''] = people.active;
    await people.passMonth(id);
    await waitFor(
      'its task to fail',
      async () => (await told(billing, people)).failures.some((text) => text.includes('TMPRL1100')),
      { timeoutMs: 30_000 },
    );
    expect((await billing.chargeRows(id)).map(({ status }) => status)).toEqual(['succeeded', 'succeeded']);
    await tooOld.stop();
    await billing.addWorkers(coming);
    await billing.charged(id, 3, 'succeeded', 30_000);
    await stepAll(billing, people, 1, { except: id });
  }, 180_000);
});

describe('Workers with versions', () => {
  let billing: TestBilling;
  const teams: WorkerTeam[] = [];
  beforeAll(async () => {
    billing = await startBilling({ ownNamespace: true, workerOptions: version({ buildId: 'a' }) });
  }, 60_000);
  afterAll(() => billing.stop(coming));

  async function deployment(command: string, ...more: string[]): Promise<void> {
    const { address, namespace } = billing.temporal;
    const where = ['--address', address, '--namespace', namespace, '--deployment-name', 'rehearsal', '--yes'];
    // A version is known once its Workers have polled.
    await waitFor(
      `temporal worker deployment ${command} ${more.join(' ')}`,
      async () => temporalCommand(['worker', 'deployment', command, ...more, ...where]),
      { timeoutMs: 30_000, everyMs: 500 },
    );
  }

  /** Makes a version current, and waits until the Task Queue knows: the command answers before. */
  async function makeCurrent(buildId: string): Promise<void> {
    await deployment('set-current-version', '--build-id', buildId);
    const { connection, namespace } = billing.temporal;
    for (const taskQueueType of [1, 2]) {
      await waitFor(`the Task Queue to know that ${buildId} is current`, async () => {
        const { versioningInfo } = await connection.workflowService.describeTaskQueue({
          namespace,
          taskQueue: { name: billing.taskQueue },
          taskQueueType,
        });
        return versioningInfo?.currentDeploymentVersion?.buildId === buildId;
      });
    }
  }

  /** Build ids that completed the last task of each. */
  async function buildsOf(people: People): Promise<Set<string>> {
    const builds = new Set<string>();
    for (const id of people.open) {
      const { raw } = await billing.handle(id).describe();
      builds.add(String(raw.workflowExecutionInfo?.versioningInfo?.deploymentVersion?.buildId));
    }
    return builds;
  }

  it('F23: current, ramped, rolled back and made current: everybody is charged once, and no task fails', async () => {
    await makeCurrent('a');
    const people = await enrollInEveryState(billing, 4);
    expect(await buildsOf(people)).toEqual(new Set(['a']));

    teams.push(await billing.addWorkers(coming, version({ buildId: 'b', off: ['rehearsal'] })));
    await deployment('set-ramping-version', '--build-id', 'b', '--percentage', '50');
    await stepAll(billing, people, 0);
    await makeCurrent('b');
    await stepAll(billing, people, 1);
    expect(await buildsOf(people)).toEqual(new Set(['b']));

    await makeCurrent('a');
    await stepAll(billing, people, 2);
    expect(await buildsOf(people)).toEqual(new Set(['a']));

    await makeCurrent('b');
    await billing.addWorkers(coming, version({ buildId: 'b' }));
    await Promise.all(teams.map((team) => team.stop()));
    await stepAll(billing, people, 3);
    expect(await buildsOf(people)).toEqual(new Set(['b']));
    const { failures, patches } = await told(billing, people);
    expect(failures).toEqual([]);
    expect(patches).toBeGreaterThan(0);
    // As docs/operations.md asks who is left on a version.
    const left = (buildId: string) =>
      `TemporalWorkerDeploymentVersion = 'rehearsal:${buildId}' AND ExecutionStatus = 'Running'`;
    await waitFor('nobody to be left on the old version', async () => {
      const { count } = await billing.temporal.client.workflow.count(left('a'));
      return count === 0;
    });
    expect((await billing.temporal.client.workflow.count(left('b'))).count).toBe(people.open.length);
  }, 240_000);
});
