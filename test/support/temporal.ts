/**
 * The Temporal server that all tests share, and time that passes as fast as a test wants.
 *
 * Virtual time is per Workflow: the server jumps to the next timer whenever a Workflow has nothing else under
 * way. Activities, the database and the Stripe stand-in keep the wall clock. It adds events to the history, so
 * a test that counts events uses `temporal.client`, not the client of virtual time.
 */
import { randomUUID } from 'node:crypto';
import {
  Client,
  type ClientOptions,
  Connection,
  WorkflowClient,
  type WorkflowStartInput,
} from '@temporalio/client';
import { msToTs } from '@temporalio/common/lib/time.js';
import type { temporal } from '@temporalio/proto';
import { DefaultLogger, NativeConnection, Runtime } from '@temporalio/worker';
import { ensureSearchAttributes, SEARCH_ATTRIBUTE_TYPES } from '../../config/search-attributes.ts';
import { temporalCalls } from '../../config/temporal-calls.ts';
import { askForServer } from './ask-servers.ts';
import type { TemporalForTests } from './test-servers.ts';
import { waitFor } from './wait.ts';

export interface TestTemporal extends TemporalForTests {
  connection: Connection;
  /** For `Worker.create({ connection })`. */
  nativeConnection: NativeConnection;
  /** Real time. */
  client: Client;
  /** What it starts skips its waits by itself. */
  virtualTimeClient: Client;
  close(): Promise<void>;
}

let runtimeInstalled = false;

/**
 * Connects to the shared server. Call in `beforeAll`, and `close()` in `afterAll`, after the Workers have ended.
 * @param options.namespace a new one, made for this test: its counters are then nobody else's
 */
export async function connectTestTemporal(
  options: { namespace?: string | undefined } = {},
): Promise<TestTemporal> {
  const shared = await askForServer<TemporalForTests>('temporal');
  const server = { ...shared, namespace: options.namespace ?? shared.namespace };
  const { address, namespace } = server;
  if (!runtimeInstalled) {
    // Workers tell of every change of their state; only what is wrong is of interest here.
    Runtime.install({ logger: new DefaultLogger('WARN') });
    runtimeInstalled = true;
  }
  const connection = await Connection.connect({ address, interceptors: temporalCalls() });
  if (options.namespace !== undefined) {
    await makeNamespace(connection, options.namespace);
  }
  const nativeConnection = await NativeConnection.connect({ address });
  return {
    ...server,
    connection,
    nativeConnection,
    client: new Client({ connection, namespace }),
    virtualTimeClient: new VirtualTimeClient({ connection, namespace }),
    async close() {
      await connection.close();
      await nativeConnection.close();
    },
  };
}

async function makeNamespace(connection: Connection, namespace: string): Promise<void> {
  await connection.workflowService.registerNamespace({
    namespace,
    workflowExecutionRetentionPeriod: msToTs(86_400_000),
  });
  // The server's parts learn of a new Namespace one after the other.
  await waitFor('the new Namespace', () => ensureSearchAttributes(connection, namespace), {
    timeoutMs: 20_000,
  });
  await waitFor(
    'the search attributes',
    async () => {
      const { customAttributes } = await connection.operatorService.listSearchAttributes({ namespace });
      return Object.keys(SEARCH_ATTRIBUTE_TYPES).every((name) => Object.hasOwn(customAttributes ?? {}, name));
    },
    { timeoutMs: 20_000 },
  );
}

class VirtualTimeWorkflowClient extends WorkflowClient {
  /** Start and update-with-start both pass through here; the SDK has no option for it. */
  protected override async createStartWorkflowRequest(
    input: WorkflowStartInput,
  ): Promise<temporal.api.workflowservice.v1.IStartWorkflowExecutionRequest> {
    const request = await super.createStartWorkflowRequest(input);
    return { ...request, timeSkippingConfig: { enabled: true } };
  }
}

class VirtualTimeClient extends Client {
  override readonly workflow: WorkflowClient;
  constructor(options: ClientOptions & { connection: Connection; namespace: string }) {
    super(options);
    const { connection, namespace, dataConverter } = options;
    this.workflow = new VirtualTimeWorkflowClient({
      connection,
      namespace,
      ...(dataConverter ? { dataConverter } : {}),
    });
  }
}

/**
 * Lets a running Workflow's clock jump ahead by `milliseconds` as soon as it has nothing under way; timers on
 * the way fire. Then its time stands still again: it runs on with the wall clock.
 */
export async function fastForward(
  server: Pick<TestTemporal, 'connection' | 'namespace'>,
  workflowId: string,
  milliseconds: number,
): Promise<void> {
  await server.connection.workflowService.updateWorkflowExecutionOptions({
    namespace: server.namespace,
    workflowExecution: { workflowId },
    workflowExecutionOptions: {
      timeSkippingConfig: {
        enabled: true,
        fastForwardConfig: { id: randomUUID(), duration: msToTs(milliseconds) },
      },
    },
    updateMask: { paths: ['time_skipping_config'] },
  });
}

/** Has an Activity that waits for its next try make it at once: what was wrong is mended. */
export async function retryNow(
  server: Pick<TestTemporal, 'connection' | 'namespace'>,
  workflowId: string,
  activityType: string,
): Promise<void> {
  await server.connection.workflowService.resetActivity({
    namespace: server.namespace,
    execution: { workflowId },
    type: activityType,
  });
}
