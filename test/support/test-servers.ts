/**
 * The servers that tests share, run by Jest's own process: one PostgreSQL with a migrated template database and
 * one Temporal server. Each is started when the first test asks for it over HTTP, so that tests of pure rules
 * wait for nothing. `database.ts` and `temporal.ts` in this folder ask.
 */
import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import os from 'node:os';
import path from 'node:path';
import pg from 'pg';
import { openDatabase } from '../../db/database.ts';
import { migrateToLatest } from '../../db/migrate.ts';
import { findChromium } from '../../dev/browser.ts';
import { endLeftovers, recordOf } from '../../dev/leftovers.ts';
import { freePort } from '../../dev/ports.ts';
import { clearLeftoverServer, postgresAnswers, postgresProcess, prepareCluster } from '../../dev/postgres.ts';
import { isAlive, type RunningProcess, run, startProcess, waitUntilReady } from '../../dev/processes.ts';
import { type ChildRecord, readJson, writeJson } from '../../dev/state.ts';
import { findTemporalProgram } from '../../dev/temporal-cli.ts';
import { temporalAnswers, temporalServerProcess } from '../../dev/temporal-server.ts';

export interface PostgresForTests {
  /** Connection string of the database from which others are made and dropped. */
  adminUrl: string;
  template: string;
}

export interface TemporalForTests {
  address: string;
  namespace: string;
  /** The server's own counters, Prometheus text. */
  metricsUrl: string;
  /** The Temporal CLI, for tests of what an operator does with it. */
  program: string;
}

export interface TestServers {
  url: string;
  stop(): Promise<void>;
}

const FOLDER_PREFIX = 'durable-billing-tests-';
const PROJECT = path.resolve(import.meta.dirname, '../..');
const CACHE = path.join(PROJECT, '.durable-billing/cache');

/** Opens the door at which tests ask; `stop` ends whatever was started. */
export async function startTestServers(): Promise<TestServers> {
  await clearFoldersOfDeadRuns();
  const folder = path.join(os.tmpdir(), `${FOLDER_PREFIX}${process.pid}`);
  mkdirSync(folder, { recursive: true, mode: 0o755 });
  // Looked up before the tests, because the first time it is fetched; a failure concerns only who asks for it.
  const program = await findTemporalProgram({
    cacheDir: CACHE,
    environment: process.env,
    minimumServer: '1.32.0',
    report: () => undefined,
  }).catch((error: Error) => error);
  const running: RunningProcess[] = [];
  const keep = (child: RunningProcess) => {
    running.push(child);
    writeJson(
      path.join(folder, 'children.json'),
      running.map(({ name, pid }) => recordOf(name, pid)),
    );
    return child;
  };

  const starters: Record<string, () => Promise<unknown>> = {
    '/chromium': async () => ({ executablePath: await findChromium() }),
    '/workflow-code': () => bundleOnce(path.join(folder, 'workflows.js')),
    '/postgres': () => startPostgres(path.join(folder, 'postgres'), keep),
    '/temporal': async () => {
      if (program instanceof Error) {
        throw program;
      }
      return startTemporal(program.path, keep);
    },
  };
  const started = new Map<string, Promise<unknown>>();
  const door = createServer((request, response) => {
    const name = request.url ?? '';
    const starter = starters[name];
    if (!starter) {
      response.writeHead(404).end();
      return;
    }
    const answer = started.get(name) ?? starter();
    started.set(name, answer);
    answer.then(
      (value) => response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(value)),
      (error: unknown) => response.writeHead(500).end(error instanceof Error ? error.message : String(error)),
    );
  });
  // Longer than any pause between two questions: compiling the tests of a new clone can hold a process for seconds.
  door.keepAliveTimeout = 600_000;
  const port = await freePort();
  await new Promise<void>((resolve) => door.listen(port, '127.0.0.1', resolve));

  return {
    url: `http://127.0.0.1:${port}`,
    async stop() {
      door.close();
      door.closeAllConnections();
      await Promise.allSettled(started.values());
      await Promise.all(running.map((child) => child.stop()));
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** As the image's build does it; in a process of its own, because webpack stays in memory. */
async function bundleOnce(target: string): Promise<{ path: string }> {
  const args = ['--disable-warning=ExperimentalWarning', 'deploy/bundle-workflows.ts', target];
  const bundling = { name: 'bundle', command: process.execPath, args, cwd: PROJECT };
  const { ok, output } = await run(bundling, 120_000);
  if (!ok) {
    throw new Error(`the Workflow code could not be bundled:\n${output}`);
  }
  return { path: target };
}

const TEMPLATE = 'billing_template';

async function startPostgres(
  dataDir: string,
  keep: (child: RunningProcess) => RunningProcess,
): Promise<PostgresForTests> {
  const password = 'test';
  await prepareCluster({ dataDir, password });
  const port = await freePort();
  // What makes a database survive a power cut is only a cost here.
  const settings = ['fsync=off', 'synchronous_commit=off', 'full_page_writes=off', 'max_connections=300'];
  // Counts for a database that asks for it: `statements.ts`.
  settings.push('shared_preload_libraries=pg_stat_statements', 'pg_stat_statements.track=none');
  const child = keep(await startProcess(await postgresProcess(dataDir, port, settings)));
  const url = (database: string) => `postgres://postgres:${password}@127.0.0.1:${port}/${database}`;
  await waitUntilReady(child, () => postgresAnswers(url('postgres')), 30_000);

  const admin = new pg.Client({ connectionString: url('postgres') });
  await admin.connect();
  await admin.query('create extension pg_stat_statements');
  await admin.query(`create database ${TEMPLATE}`);
  const db = openDatabase({ url: url(TEMPLATE), poolSize: 1 });
  await migrateToLatest(db);
  await db.destroy();
  // A template that somebody is connected to cannot be copied.
  await admin.query(`alter database ${TEMPLATE} with is_template true allow_connections false`);
  await admin.end();
  return { adminUrl: url('postgres'), template: TEMPLATE };
}

async function startTemporal(
  program: string,
  keep: (child: RunningProcess) => RunningProcess,
): Promise<TemporalForTests> {
  const port = await freePort();
  const metricsPort = await freePort();
  const child = keep(
    await startProcess(
      temporalServerProcess({
        program,
        port,
        metricsPort,
        dynamicConfig: {
          // Hundreds of Task Queues would make its page of metrics 30 MB, which the tests of budgets read often.
          'metrics.breakdownByTaskQueue': false,
          'metrics.breakdownByPartition': false,
          'frontend.WorkflowTimeSkippingEnabled': true,
          // A jump ahead waits for it, and it is a second by default.
          'history.timerProcessorMaxTimeShift': '10ms',
          // A run is over after some twenty periods instead of four hundred, so that a test can outlive several.
          'limit.historyCount.suggestContinueAsNew': 250,
          // A Workflow Task that fails is tried again, and reported, in seconds instead of minutes.
          'history.workflowTaskRetryMaxInterval': '1s',
          'system.numConsecutiveWorkflowTaskProblemsToTriggerSearchAttribute': 3,
        },
      }),
    ),
  );
  const address = `127.0.0.1:${port}`;
  await waitUntilReady(child, () => temporalAnswers(address), 30_000);
  return { address, namespace: 'default', metricsUrl: `http://127.0.0.1:${metricsPort}/metrics`, program };
}

/** A run that was killed could not clean up: its folder is named after its process. */
async function clearFoldersOfDeadRuns(): Promise<void> {
  for (const name of readdirSync(os.tmpdir())) {
    const pid = Number(name.startsWith(FOLDER_PREFIX) ? name.slice(FOLDER_PREFIX.length) : Number.NaN);
    if (Number.isInteger(pid) && !isAlive(pid)) {
      const folder = path.join(os.tmpdir(), name);
      await endLeftovers({ children: readJson<ChildRecord[]>(path.join(folder, 'children.json')) ?? [] });
      await clearLeftoverServer(path.join(folder, 'postgres'));
      rmSync(folder, { recursive: true, force: true });
    }
  }
}
