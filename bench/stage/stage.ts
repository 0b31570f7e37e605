/**
 * Where measurements happen: PostgreSQL, Temporal on a file with the settings that the README recommends, the Stripe
 * stand-in, API and Worker, each a process of its own on loopback, on empty state. Parts start when a measurement first
 * needs them; what they leave is removed as this process ends. Used by `bench/main.ts`; it never touches the state of
 * `npm run dev`.
 */
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { createStripe } from '../../config/stripe.ts';
import { openTemporalClient, type TemporalClient } from '../../config/temporal.ts';
import { openDatabase } from '../../db/database.ts';
import { addressesOf } from '../../dev/addresses.ts';
import { freePorts } from '../../dev/ports.ts';
import { prepareCluster } from '../../dev/postgres.ts';
import { prepareDatabase, prepareStandIn } from '../../dev/prepare.ts';
import {
  describeExit,
  type ProcessSpec,
  pause,
  type RunningProcess,
  run,
  startProcess,
  waitUntilReady,
} from '../../dev/processes.ts';
import * as stack from '../../dev/stack.ts';
import { askControl } from '../../dev/stand-in-control.ts';
import { loadSecrets, openStateFolder } from '../../dev/state.ts';
import { findTemporalProgram } from '../../dev/temporal-cli.ts';
import { bundleWorkflows } from '../../worker/bundle.ts';
import { unlessEnding } from '../ending.ts';
import { ownEnvironment } from './environment.ts';
import { once } from './once.ts';
import { descendantsOf, processorMs } from './processor.ts';

export type Stage = Awaited<ReturnType<typeof openStage>>;

export const PROJECT = path.resolve(import.meta.dirname, '../..');
/** High enough that the rate towards Stripe is never what is measured. */
const NO_LIMIT = 100_000;

/** The server counts requests once where they arrive and once where they are served. */
const WORKFLOW_TASK_DONE =
  /^service_requests\{(?=.*namespace="default")(?=.*operation="RespondWorkflowTaskCompleted").*service_name="frontend"/;

/** @param ending aborted when the run is to end: nothing is started any more */
export async function openStage(report: (line: string) => void, ending: AbortSignal) {
  const root = mkdtempSync(path.join(os.tmpdir(), 'durable-billing-bench-'));
  // Also when nothing was started.
  process.once('exit', () => rmSync(root, REMOVE));
  // PostgreSQL runs as another user when this runs as root.
  chmodSync(root, 0o755);
  const folder = openStateFolder(root);
  const secrets = loadSecrets(folder);
  const ports = await freePorts();
  const addresses = addressesOf(ports, secrets.databasePassword, {});
  const running: RunningProcess[] = [];
  const starting = new Set<Promise<RunningProcess>>();
  let closing: Promise<void> | null = null;

  /** Starts a process, which ends with the stage, and with it all that it has started. @throws Error while the run ends */
  async function launch(spec: ProcessSpec): Promise<RunningProcess> {
    ending.throwIfAborted();
    if (closing !== null) {
      throw new Error(`${spec.name} is not started: the run ends`);
    }
    const launched = startProcess({ ...spec, env: { ...ownEnvironment(process.env), ...spec.env } });
    starting.add(launched);
    try {
      const child = await launched;
      const stop = async () => {
        const killRest = descendantsOf(child.pid);
        await child.stop();
        killRest();
      };
      let stopping: Promise<void> | null = null;
      const stopsAll = {
        ...child,
        stop: () => {
          stopping ??= stop();
          return stopping;
        },
      };
      running.push(stopsAll);
      return stopsAll;
    } finally {
      starting.delete(launched);
    }
  }

  /** Starts a process and waits until it is of use; it ends with the stage. */
  async function start(
    spec: ProcessSpec,
    ready: (child: RunningProcess) => Promise<boolean>,
  ): Promise<RunningProcess> {
    const child = await launch(spec);
    await unlessEnding(
      ending,
      waitUntilReady(child, () => ready(child), 60_000),
    );
    return child;
  }

  const database = once(async () => {
    report('starting PostgreSQL');
    await prepareCluster({ dataDir: folder.postgres, password: secrets.databasePassword });
    const { spec, ready } = await stack.postgresService(folder, ports, addresses.postgresAdmin);
    await start(spec, ready);
    const apiKey = await prepareDatabase(folder, addresses, secrets);
    return { apiKey, db: openDatabase({ url: addresses.postgres, poolSize: 4, applicationName: 'bench' }) };
  });

  const temporalSpec = once(async () => stack.temporalService(folder, ports, await temporalProgram()));

  /** The program's version, in its own words, and how its database is opened. */
  async function temporalSetting(): Promise<string> {
    const { spec } = await temporalSpec();
    const { output } = await run({ name: 'temporal', command: spec.command, args: ['--version'] }, 15_000);
    const pragmas = spec.args.filter((_arg, index) => spec.args[index - 1] === '--sqlite-pragma');
    return `dev server of CLI ${output.trim().replace(/^temporal version /, '')}, SQLite file, ${pragmas.join(', ')}`;
  }

  const temporal = once(async (): Promise<TemporalClient> => {
    report('starting Temporal');
    const { spec, ready } = await temporalSpec();
    await start(spec, ready);
    return openTemporalClient({
      TEMPORAL_ADDRESS: addresses.temporal,
      TEMPORAL_NAMESPACE: addresses.temporalNamespace,
      TEMPORAL_TLS: false,
    });
  });

  const standIn = once(async () => {
    report('starting the Stripe stand-in');
    const { spec, ready } = stack.stripeService(folder, ports, addresses, secrets.stripeSecretKey);
    // In memory: what is measured is not how fast the stand-in writes.
    await start({ ...spec, env: { ...spec.env, STRIPE_STAND_IN_DATA: '' } }, ready);
    return prepareStandIn(folder, addresses, secrets);
  });

  const bundle = once(async () => {
    // Built before, by the tests. Not the setting of Workers, which may name code of another day.
    if (process.env.BENCH_WORKFLOW_BUNDLE) {
      return process.env.BENCH_WORKFLOW_BUNDLE;
    }
    report('bundling the Workflow code');
    const file = path.join(root, 'workflows.js');
    writeFileSync(file, (await bundleWorkflows()).code);
    return file;
  });

  const settings = once(async (): Promise<Record<string, string>> => {
    const [access] = await Promise.all([standIn(), database()]);
    return {
      ...stack.applicationSettings(addresses, ports, secrets, access),
      NODE_ENV: 'production',
      LOG_LEVEL: 'info',
      API_RATE_LIMIT_PER_MINUTE: '10000000',
      // Customers without an address: nobody is mailed, as the floors and peers mail nobody.
      MAIL_URL: `smtp://127.0.0.1:${ports.smtp}`,
      STRIPE_EVENT_SWEEP_SECONDS: '0',
    };
  });

  const api = once(async () => {
    const given = await settings();
    report('starting the API');
    const { spec } = stack.apiService(folder, addresses, given);
    // It takes webhooks whether or not Temporal runs.
    const child = await start(spec, async () => (await fetch(`${addresses.api}/healthz`)).ok);
    return { url: addresses.api, key: (await database()).apiKey, child };
  });

  let worker: { child: RunningProcess; settings: string } | null = null;

  /** Starts the Worker, or gives the one that runs if its settings are these. */
  async function ensureWorker(
    options: { stripeRequestsPerSecond?: number; afresh?: boolean } = {},
  ): Promise<RunningProcess> {
    const wanted = { STRIPE_REQUESTS_PER_SECOND: String(options.stripeRequestsPerSecond ?? NO_LIMIT) };
    const written = JSON.stringify(wanted);
    if (worker !== null && worker.settings === written && !options.afresh) {
      return worker.child;
    }
    await worker?.child.stop();
    const [usual, code] = await Promise.all([settings(), bundle(), temporal()]);
    const given = { ...usual, WORKFLOW_BUNDLE_PATH: code, ...wanted };
    report('starting the Worker');
    const { spec, ready } = stack.workerService(folder, addresses, given);
    worker = { child: await start(spec, ready), settings: written };
    return worker.child;
  }

  /** Runs a command of this project to its end. @throws Error with what it said when it fails or takes longer */
  async function command(name: string, args: readonly string[], timeoutMs: number): Promise<void> {
    const child = await launch({ name, command: args[0] ?? '', args: args.slice(1), cwd: PROJECT });
    const late = new AbortController();
    const timer = setTimeout(
      () => late.abort(new Error(`${name} did not end within ${timeoutMs / 1_000} s`)),
      timeoutMs,
    );
    try {
      const exit = await unlessEnding(AbortSignal.any([ending, late.signal]), child.exited);
      if (exit.code !== 0) {
        throw new Error(`${name} ended with ${describeExit(exit)}`, { cause: await child.lastWords() });
      }
    } finally {
      clearTimeout(timer);
      await child.stop();
    }
  }

  /**
   * A process of the bench itself, e.g. a floor; ready when `ready` says so.
   * @param nodeFlags of Node itself: what stands beside the Worker is started as the Worker is
   */
  function helper(
    name: string,
    file: string,
    env: Record<string, string | undefined>,
    ready: (child: RunningProcess) => Promise<boolean>,
    args: readonly string[] = [],
    nodeFlags: readonly string[] = [],
  ): Promise<RunningProcess> {
    return start(
      {
        name,
        command: process.execPath,
        args: ['--disable-warning=ExperimentalWarning', ...nodeFlags, path.join(PROJECT, file), ...args],
        cwd: PROJECT,
        env,
        logFile: path.join(folder.logs, `${name}.log`),
      },
      ready,
    );
  }

  return {
    root,
    folder,
    addresses,
    secrets,
    database,
    temporal,
    standIn,
    settings,
    bundle,
    api,
    ensureWorker,
    helper,
    command,
    temporalSetting,
    stripe: () =>
      createStripe({
        STRIPE_SECRET_KEY: secrets.stripeSecretKey,
        STRIPE_API_URL: addresses.stripe,
        STRIPE_TIMEOUT_MS: 20_000,
      }),

    /** Milliseconds of processor that each process of the stage has used; null where that cannot be read. */
    processorMs: () => processorMs(running),

    /** Workflow Tasks that Temporal's server has had back as done; it tells of each within a second. */
    async workflowTasksDone(): Promise<number> {
      const answer = await fetch(`http://127.0.0.1:${ports.temporalMetrics}/metrics`);
      const lines = (await answer.text()).split('\n').filter((line) => WORKFLOW_TASK_DONE.test(line));
      return lines.reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0);
    },

    /** The stand-in's control plane. */
    control<T>(method: 'GET' | 'POST', route: string, body?: object): Promise<T> {
      return askControl(addresses.stripe, method, route, body);
    },

    launch,

    /** Ends everything: first those that use the servers, all at once, then the servers. Safe after a failure, and twice. */
    close(): Promise<void> {
      closing ??= close();
      return closing;
    },

    /** Ends everything without asking. */
    async killAll(): Promise<void> {
      closing ??= Promise.resolve();
      for (const child of running) {
        child.kill();
      }
      descendantsOf(process.pid)();
      await pause(200);
    },
  };

  async function close(): Promise<void> {
    await Promise.allSettled(starting);
    const opened = await Promise.allSettled([
      database.started()?.then(({ db }) => db.destroy()),
      temporal.started()?.then((client) => client.close()),
    ]);
    const isServer = ({ name }: RunningProcess) => SERVERS.has(name);
    await Promise.all(running.filter((child) => !isServer(child)).map((child) => child.stop()));
    await Promise.all(running.filter(isServer).map((child) => child.stop()));
    // What looked for a server when the run ended.
    descendantsOf(process.pid)();
    const failed = opened.find((result) => result.status === 'rejected');
    if (failed) {
      report(`closing: ${failed.reason}`);
    }
  }
}

/** Whom the others use. */
const SERVERS: ReadonlySet<string> = new Set(['postgres', 'temporal', 'stripe-stand-in']);
/** Those who were killed may have been writing. */
const REMOVE = { recursive: true, force: true, maxRetries: 10, retryDelay: 100 };

async function temporalProgram(): Promise<string> {
  const program = await findTemporalProgram({
    cacheDir: path.join(PROJECT, '.durable-billing/cache'),
    environment: process.env,
    minimumServer: '1.32.0',
    report: () => undefined,
  });
  return program.path;
}
