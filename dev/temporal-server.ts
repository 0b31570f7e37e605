/**
 * The Temporal CLI's development server as a child process: how to start it, and when it is of use.
 * Used by the local stack (state in a file, with the UI) and by the tests (in memory).
 */
import { Connection } from '@temporalio/client';
import { SEARCH_ATTRIBUTE_TYPES } from '../config/search-attributes.ts';
import type { ProcessSpec } from './processes.ts';

/** What the service finds enrollments by; registered when the server starts, in its own words for the types. */
export const SEARCH_ATTRIBUTES: Readonly<Record<string, string>> = Object.fromEntries(
  Object.entries(SEARCH_ATTRIBUTE_TYPES).map(([name, { type }]) => [name, type]),
);

export interface TemporalServerOptions {
  /** Path of the Temporal CLI. */
  program: string;
  port: number;
  metricsPort: number;
  /** Without it there is no UI. */
  uiPort?: number;
  /** Without it everything is in memory and gone at the end. */
  databaseFile?: string;
  /** Settings of the server, e.g. `{ 'frontend.WorkflowTimeSkippingEnabled': true }`. */
  dynamicConfig?: Readonly<Record<string, unknown>>;
}

/**
 * A Task Queue is in one place. By default it is in four, which many servers share; with one server and a few pollers a
 * task then waits where nobody polls until it is forwarded, and each part gets a quarter of a queue's limit of rate.
 */
const ONE_PARTITION = { 'matching.numTaskqueueReadPartitions': 1, 'matching.numTaskqueueWritePartitions': 1 };

/** How to start the server. */
export function temporalServerProcess(options: TemporalServerOptions): ProcessSpec {
  const args = ['server', 'start-dev', '--ip', '127.0.0.1', '--port', String(options.port)];
  args.push('--metrics-port', String(options.metricsPort), '--log-level', 'warn');
  if (options.uiPort === undefined) {
    args.push('--headless');
  } else {
    args.push('--ui-port', String(options.uiPort), '--ui-disable-news-fetch');
  }
  if (options.databaseFile !== undefined) {
    // Four times the throughput of the default journal mode; a power cut may lose the last instants.
    const pragmas = ['journal_mode=WAL', 'synchronous=NORMAL'];
    args.push('--db-filename', options.databaseFile);
    args.push(...pragmas.flatMap((pragma) => ['--sqlite-pragma', pragma]));
  }
  for (const [name, type] of Object.entries(SEARCH_ATTRIBUTES)) {
    args.push('--search-attribute', `${name}=${type}`);
  }
  for (const [name, value] of Object.entries({ ...ONE_PARTITION, ...options.dynamicConfig })) {
    args.push('--dynamic-config-value', `${name}=${JSON.stringify(value)}`);
  }
  return {
    name: 'temporal',
    command: options.program,
    args,
    // A developer's own settings of the CLI must not reach this server.
    env: { TEMPORAL_ADDRESS: undefined, TEMPORAL_NAMESPACE: undefined, TEMPORAL_PROFILE: undefined },
    stopSignal: 'SIGTERM',
    stopTimeoutMs: 10_000,
  };
}

/** Whether the server answers and its Namespace exists. @throws the connection's error when it does not. */
export async function temporalAnswers(address: string, namespace = 'default'): Promise<boolean> {
  const connection = await Connection.connect({ address, connectTimeout: '2s' });
  try {
    await connection.withDeadline(Date.now() + 2_000, () =>
      connection.workflowService.describeNamespace({ namespace }),
    );
    return true;
  } finally {
    await connection.close();
  }
}
