/**
 * `npm run dev`: brings up the whole stack on this machine, keeps it running, and ends it on Ctrl-C.
 *
 * --reset      forget the state of earlier runs first (what was fetched is kept)
 * --headless   plain lines instead of a live display; chosen by itself when the output is no terminal
 * --state DIR  another folder than .durable-billing
 */

import path from 'node:path';
import { Command } from 'commander';
import { Listr } from 'listr2';
import { addressesOf } from './addresses.ts';
import { endLeftovers, recordOf, stillRuns } from './leftovers.ts';
import { choosePorts } from './ports.ts';
import { prepareCluster } from './postgres.ts';
import { prepareDatabase, prepareStandIn, realStripe } from './prepare.ts';
import { describeFailure } from './processes.ts';
import * as stack from './stack.ts';
import {
  loadSecrets,
  openStateFolder,
  type RunningStack,
  readRunningStack,
  resetState,
  type StateFolder,
  writeRunningStack,
} from './state.ts';
import { summary } from './summary.ts';
import { Supervisor } from './supervisor.ts';
import { findTemporalCli } from './temporal-cli.ts';

const startedAtMs = Date.now();
const options = new Command('npm run dev --')
  .description('Brings up the whole stack on this machine, and ends it on Ctrl-C.')
  .option('--reset', 'forget the state of earlier runs first; what was fetched is kept', false)
  .option('--headless', 'plain lines instead of a live display', false)
  .option(
    '--state <folder>',
    'where it keeps everything',
    path.resolve(import.meta.dirname, '../.durable-billing'),
  )
  .showHelpAfterError('(--help shows how it is used)')
  .parse()
  .opts<{ reset: boolean; headless: boolean; state: string }>();
const live = process.stdout.isTTY === true && !options.headless;

try {
  const folder = await takeFolder(path.resolve(options.state));
  const secrets = loadSecrets(folder);
  const { ports, notes } = await choosePorts(folder);
  for (const note of notes) {
    console.log(note);
  }
  const addresses = addressesOf(ports, secrets.databasePassword, process.env);
  const real = realStripe(process.env, addresses.api);

  const running: RunningStack = {
    supervisor: recordOf('dev', process.pid),
    children: [],
    ready: false,
    urls: addresses,
    apiKey: null,
    settings: null,
  };
  const supervisor = new Supervisor({
    report: (line) => console.log(line),
    onChange: (children) => {
      running.children = children.map(({ name, pid }) => recordOf(name, pid));
      writeRunningStack(folder, running);
    },
  });
  endOnSignals(supervisor);

  const found = { stripe: real, apiKey: '' };
  const tasks = new Listr(
    [
      {
        title: 'Databases and servers',
        task: (_context, group) =>
          group.newListr(
            [
              {
                title: 'PostgreSQL',
                task: async (_, task) => {
                  await prepareCluster({ dataDir: folder.postgres, password: secrets.databasePassword });
                  await supervisor.start(await stack.postgresService(folder, ports, addresses.postgresAdmin));
                  task.title = `PostgreSQL at 127.0.0.1:${ports.postgres}`;
                  task.output = 'bringing the schema up to date';
                  found.apiKey = await prepareDatabase(folder, addresses, secrets);
                },
              },
              {
                title: 'Temporal server',
                task: async (_, task) => {
                  const cli = await findTemporalCli({
                    cacheDir: folder.cache,
                    environment: process.env,
                    minimumServer: '1.29.0',
                    report: (line) => {
                      task.output = line;
                    },
                  });
                  if (cli.kind === 'program') {
                    await supervisor.start(stack.temporalService(folder, ports, cli.path));
                  }
                  task.title = `Temporal server at ${addresses.temporal}`;
                },
              },
              {
                title: 'Stripe stand-in',
                enabled: () => real === null,
                task: async (_, task) => {
                  await supervisor.start(
                    stack.stripeService(folder, ports, addresses, secrets.stripeSecretKey),
                  );
                  found.stripe = await prepareStandIn(folder, addresses, secrets);
                  task.title = `Stripe stand-in at ${addresses.stripe}`;
                },
              },
              {
                title: 'Mail catcher',
                task: async (_, task) => {
                  await supervisor.start(stack.mailService(folder, ports, addresses));
                  task.title = `Mail catcher at ${addresses.mails}`;
                },
              },
            ],
            { concurrent: true },
          ),
      },
      {
        title: 'Application',
        task: (_context, group) => {
          if (!found.stripe) {
            throw new Error('there is no Stripe to use');
          }
          const settings = stack.applicationSettings(addresses, ports, secrets, found.stripe);
          return group.newListr(
            [
              {
                title: `API at ${addresses.api}`,
                task: () => supervisor.start(stack.apiService(folder, addresses, settings)),
              },
              {
                title: 'Worker',
                task: () => supervisor.start(stack.workerService(folder, addresses, settings)),
              },
              {
                title: `Shop at ${addresses.shop}`,
                task: () => supervisor.start(stack.shopService(folder, addresses, found.apiKey)),
              },
            ],
            { concurrent: true },
          );
        },
      },
    ],
    {
      renderer: live ? 'default' : 'simple',
      rendererOptions: { collapseSubtasks: false, showErrorMessage: false },
      registerSignalListeners: false,
    },
  );
  await tasks.run().catch(async (error: unknown) => {
    await supervisor.stopAll();
    throw error;
  });
  if (!found.stripe) {
    throw new Error('there is no Stripe to use');
  }

  running.ready = true;
  running.apiKey = found.apiKey;
  running.settings = stack.applicationSettings(addresses, ports, secrets, found.stripe);
  // By now a starter such as setpriv has made way for the program itself.
  running.children = running.children.map(({ name, pid }) => recordOf(name, pid));
  writeRunningStack(folder, running);
  const seconds = (Date.now() - startedAtMs) / 1000;
  console.log(summary({ addresses, stripe: found.stripe, apiKey: found.apiKey, logs: folder.logs, seconds }));
} catch (error) {
  console.error(`\n${describeFailure(error)}`);
  if (!options.reset) {
    console.error('\nIf this began with an update of the project: npm run dev -- --reset starts afresh.');
  }
  process.exit(1);
}

/** Ends what a killed run left, and forgets its state when asked to. @throws Error when another run is under way */
async function takeFolder(root: string): Promise<StateFolder> {
  const folder = openStateFolder(root);
  const earlier = readRunningStack(folder);
  if (earlier && stillRuns(earlier.supervisor)) {
    const { pid } = earlier.supervisor;
    throw new Error(
      `The stack runs already (process ${pid}), its shop is at ${earlier.urls.shop}. End that one first.`,
    );
  }
  const ended = earlier ? await endLeftovers(earlier) : [];
  if (ended.length > 0) {
    console.log(`Ended what a killed run had left behind: ${ended.join(', ')}.`);
  }
  if (options.reset) {
    resetState(root);
    console.log('Forgot the state of earlier runs.');
    return openStateFolder(root);
  }
  return folder;
}

/** The first signal ends everything in order, a second one at once. */
function endOnSignals(supervisor: Supervisor): void {
  let endingSinceMs: number | null = null;
  const end = () => {
    // In a terminal, Ctrl-C arrives twice: from the terminal, and passed on by npm.
    if (endingSinceMs !== null && Date.now() - endingSinceMs < 1_000) {
      return;
    }
    if (endingSinceMs !== null) {
      supervisor.killAll();
      process.exit(1);
    }
    endingSinceMs = Date.now();
    console.log('\nEnding everything, in order. Press Ctrl-C again to end it at once.');
    void supervisor.stopAll().then(() => {
      console.log('Everything has ended; the state is kept.');
      process.exit(0);
    });
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, end);
  }
  endWithParent(end);
}

/** npm that is killed without warning cannot pass it on: whoever it started then ends too. */
function endWithParent(end: () => void): void {
  if (process.env.npm_lifecycle_event !== 'dev') {
    return;
  }
  const parent = process.ppid;
  const watch = setInterval(() => {
    if (process.ppid !== parent) {
      clearInterval(watch);
      end();
    }
  }, 1_000);
}
