/**
 * The process of the bare Workflows: `node bench/floors/temporal-worker.ts ADDRESS TASK_QUEUE PORT`, until SIGTERM. Its
 * port answers how many Activities it has done.
 */
import { createServer } from 'node:http';
import { fileURLToPath } from 'node:url';
import { bundleWorkflowCode, DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker';
import { nothing, timesDone } from './bare-activities.ts';

const [, , address = '', taskQueue = '', port = '0'] = process.argv;
Runtime.install({ logger: new DefaultLogger('WARN') });
const connection = await NativeConnection.connect({ address });
const worker = await Worker.create({
  connection,
  taskQueue,
  activities: { nothing },
  workflowBundle: await bundleWorkflowCode({
    workflowsPath: fileURLToPath(new URL('./bare-workflows.ts', import.meta.url)),
    logger: new DefaultLogger('WARN'),
  }),
  maxCachedWorkflows: 1_000,
});
const run = worker.run();
const counter = createServer((_request, response) => response.end(String(timesDone())));
counter.listen(Number(port), '127.0.0.1');
await run;
counter.close();
await connection.close();
