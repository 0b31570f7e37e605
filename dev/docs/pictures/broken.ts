/**
 * A Workflow that stands still, for its picture: it runs broken code on a Task Queue of its own, so that nobody else's
 * Workflows meet it. Called by main.ts alone.
 */
import { randomUUID } from 'node:crypto';
import path from 'node:path';
import type { Client } from '@temporalio/client';
import { DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker';
import { ENROLLMENT_STATUS, NOBODY, WAITS_FOR } from '../../../config/search-attributes.ts';
import { pause } from '../../processes.ts';

const REPORTED = "TemporalReportedProblems IS NOT NULL AND ExecutionStatus = 'Running'";

/** Runs `look` while a Workflow stands still, then ends it. @throws Error when the server does not report it in time */
export async function withBrokenWorkflow(
  client: Client,
  address: string,
  look: () => Promise<void>,
): Promise<void> {
  // What the Worker says of it is what the picture is about.
  Runtime.install({
    logger: new DefaultLogger('ERROR'),
    telemetryOptions: { logging: { forward: {}, filter: 'ERROR' } },
  });
  const { namespace } = client.options;
  const taskQueue = `broken-${randomUUID()}`;
  const connection = await NativeConnection.connect({ address });
  const workflowsPath = path.resolve(import.meta.dirname, 'broken-code.ts');
  const worker = await Worker.create({ connection, namespace, taskQueue, workflowsPath });
  const running = worker.run();
  const suffix = randomUUID().replaceAll('-', '').slice(0, 26);
  const handle = await client.workflow.start('enrollmentWorkflow', {
    workflowId: `enrollment/enr_${suffix}`,
    taskQueue,
    typedSearchAttributes: [
      { key: ENROLLMENT_STATUS, value: 'active' },
      { key: WAITS_FOR, value: [NOBODY] },
    ],
  });
  try {
    for (const untilMs = Date.now() + 120_000; ; await pause(1_000)) {
      if ((await client.workflow.count(REPORTED)).count > 0) {
        break;
      }
      if (Date.now() > untilMs) {
        throw new Error(`the server does not report that ${handle.workflowId} stands still`);
      }
    }
    await look();
  } finally {
    await handle.terminate('its picture is taken');
    worker.shutdown();
    await running;
    await connection.close();
  }
}
