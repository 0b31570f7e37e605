import { randomUUID } from 'node:crypto';
import { createRequire } from 'node:module';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { WithStartWorkflowOperation } from '@temporalio/client';
import {
  bundleWorkflowCode,
  DefaultLogger,
  Worker,
  type WorkflowBundleWithSourceMap,
} from '@temporalio/worker';
import { launchTestBrowser } from '../support/browser.ts';
import { createTestDatabase } from '../support/database.ts';
import { connectTestTemporal, fastForward, type TestTemporal } from '../support/temporal.ts';
import { waitFor } from '../support/wait.ts';
import { greetUpdate, type sleeperWorkflow } from './workflows/sleeper.ts';

describe('createTestDatabase', () => {
  it('gives each caller the migrated schema and rows of its own', async () => {
    const [one, other] = await Promise.all([createTestDatabase(), createTestDatabase()]);
    try {
      await one.db.insertInto('customers').values({ id: 'cus_1' }).execute();
      expect(await one.db.selectFrom('customers').select('id').execute()).toEqual([{ id: 'cus_1' }]);
      expect(await other.db.selectFrom('customers').select('id').execute()).toEqual([]);
    } finally {
      await one.drop();
      await other.drop();
    }
    await expect(
      createTestDatabase().then(async (gone) => {
        await gone.drop();
        await gone.db.selectFrom('customers').select('id').execute();
      }),
    ).rejects.toThrow();
  });
});

describe('connectTestTemporal', () => {
  let temporal: TestTemporal;
  let workflowBundle: WorkflowBundleWithSourceMap;
  beforeAll(async () => {
    temporal = await connectTestTemporal();
    const workflowsPath = createRequire(import.meta.url).resolve('./workflows/sleeper.ts');
    workflowBundle = await bundleWorkflowCode({ workflowsPath, logger: new DefaultLogger('WARN') });
  });
  afterAll(async () => {
    await temporal.close();
  });

  async function withWorker<T>(test: (taskQueue: string) => Promise<T>): Promise<T> {
    const taskQueue = randomUUID();
    const worker = await Worker.create({ connection: temporal.nativeConnection, taskQueue, workflowBundle });
    return worker.runUntil(() => test(taskQueue));
  }

  it('skips the waits of a Workflow that the client of virtual time started', async () => {
    await withWorker(async (taskQueue) => {
      const startedAtMs = Date.now();
      const handle = await temporal.virtualTimeClient.workflow.start<typeof sleeperWorkflow>(
        'sleeperWorkflow',
        {
          taskQueue,
          workflowId: randomUUID(),
          args: [3],
        },
      );
      expect(await handle.result()).toBe(3);
      expect(Date.now() - startedAtMs).toBeLessThan(20_000);
    });
  });

  it('skips them too after an update-with-start', async () => {
    await withWorker(async (taskQueue) => {
      const startWorkflowOperation = new WithStartWorkflowOperation<typeof sleeperWorkflow>(
        'sleeperWorkflow',
        {
          taskQueue,
          workflowId: randomUUID(),
          args: [2],
          workflowIdConflictPolicy: 'FAIL',
        },
      );
      const greeting = await temporal.virtualTimeClient.workflow.executeUpdateWithStart(greetUpdate, {
        args: ['you'],
        startWorkflowOperation,
      });
      expect(greeting).toBe('hello you');
      expect(await (await startWorkflowOperation.workflowHandle()).result()).toBe(2);
    });
  });

  it('jumps ahead as far as it is told and no further', async () => {
    await withWorker(async (taskQueue) => {
      const workflowId = randomUUID();
      const handle = await temporal.client.workflow.start<typeof sleeperWorkflow>('sleeperWorkflow', {
        taskQueue,
        workflowId,
        args: [30],
      });
      const timersFired = async () => {
        const { events } = await handle.fetchHistory();
        return (events ?? []).filter((event) => event.timerFiredEventAttributes).length;
      };
      await waitFor('the first timer', async () => {
        const { events } = await handle.fetchHistory();
        return (events ?? []).some((event) => event.timerStartedEventAttributes);
      });
      expect(await timersFired()).toBe(0);

      await fastForward(temporal, workflowId, 2.5 * 86_400_000);
      await waitFor('two days to have passed', async () => (await timersFired()) === 2);
      expect((await handle.describe()).status.name).toBe('RUNNING');
      expect(await timersFired()).toBe(2);
      await handle.terminate();
    });
  });
});

describe('launchTestBrowser', () => {
  it('shows a page', async () => {
    const browser = await launchTestBrowser();
    try {
      const page = await browser.newPage();
      await page.setContent('<h1>¥1,200</h1>');
      expect(await page.textContent('h1')).toBe('¥1,200');
    } finally {
      await browser.close();
    }
  });
});
