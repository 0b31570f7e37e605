/** From a command until what it starts is of use: the stack, the Worker, the tests. Packages are installed. */
import { existsSync, mkdirSync, readdirSync, symlinkSync } from 'node:fs';
import path from 'node:path';
import { describeExit } from '../../dev/processes.ts';
import { type RunningStack, readJson } from '../../dev/state.ts';
import { type Figure, type Findings, figure } from '../figures.ts';
import { PROJECT, type Stage } from '../stage/stage.ts';
import { until } from './callers.ts';
import type { Measurement } from './context.ts';

/** One that asks for PostgreSQL, Temporal and the stand-in. */
const TEST_FILE = 'test/workflows/enrollment.test.ts';
const TESTS_WITHIN_MS = 180_000;
const SUITE_WITHIN_MS = 20 * 60_000;

export const starts: Measurement = {
  name: 'starts',
  title: 'Starts of the stack, the Worker, the tests',
  async run({ stage, sizes, report }): Promise<Findings> {
    await stage.ensureWorker();
    report('the Worker starts');
    const workerSeconds: number[] = [];
    for (let start = 0; start < 2; start += 1) {
      workerSeconds.push(await secondsOf(() => stage.ensureWorker({ afresh: true })));
    }
    const figures: Figure[] = [
      figure('starts.worker', 'Worker stops and polls again, code built before', workerSeconds, 's'),
    ];
    if (sizes.starts) {
      report('npm run dev, the first time and again');
      const [first, again] = await stackStarts(stage);
      figures.push(
        figure('starts.stack_first', 'npm run dev until usable, first time', first, 's', { atMost: 30 }),
        figure('starts.stack', 'npm run dev until usable, again', again, 's', { atMost: 30 }),
      );
      report('the tests of one file');
      const command = ['npm', 'run', '--silent', 'jest', '--', TEST_FILE];
      const seconds = await secondsOf(() => stage.command('tests', command, TESTS_WITHIN_MS));
      const what = 'npm run jest, one file with PostgreSQL, Temporal and the stand-in';
      figures.push(figure('starts.tests', what, seconds, 's'));
    }
    return { figures, curves: [], notes: [] };
  },
};

/** It needs minutes, and whoever changes the code runs it anyway. */
export const suite: Measurement = {
  name: 'suite',
  title: 'The whole of npm test, once',
  onDemand: true,
  async run({ stage, report }): Promise<Findings> {
    report('npm test');
    const seconds = await secondsOf(() => stage.command('npm test', ['npm', 'test'], SUITE_WITHIN_MS));
    const figures = [figure('suite.seconds', 'npm test', seconds, 's', { atMost: 360 })];
    return { figures, curves: [], notes: [] };
  },
};

async function secondsOf(work: () => Promise<unknown>): Promise<number> {
  const startedMs = performance.now();
  await work();
  return (performance.now() - startedMs) / 1_000;
}

/** Seconds of a start on empty state, and of one on the state that it left. */
async function stackStarts(stage: Stage): Promise<[number, number]> {
  const state = path.join(stage.root, 'dev');
  const [fetched, cache] = [path.join(PROJECT, '.durable-billing/cache'), path.join(state, 'cache')];
  mkdirSync(cache, { recursive: true });
  // What was fetched once is not what is measured; code that was compiled before is.
  const programs = existsSync(fetched)
    ? readdirSync(fetched).filter((name) => name.startsWith('temporal-'))
    : [];
  for (const name of programs) {
    symlinkSync(path.join(fetched, name), path.join(cache, name));
  }
  return [await stackStart(stage, state), await stackStart(stage, state)];
}

async function stackStart(stage: Stage, state: string): Promise<number> {
  const startedMs = performance.now();
  const args = ['--disable-warning=ExperimentalWarning', 'dev/up.ts', '--headless', '--state', state];
  const running = await stage.launch({
    name: 'npm run dev',
    command: process.execPath,
    args,
    cwd: PROJECT,
    // It ends its own processes, one after the other.
    stopTimeoutMs: 60_000,
  });
  try {
    await until('the stack', 120_000, async () => {
      const exit = running.exit();
      if (exit !== null) {
        throw new Error(`npm run dev ended with ${describeExit(exit)}`, { cause: await running.lastWords() });
      }
      // What a stack before it has left says `ready` too.
      const stack = readJson<RunningStack>(path.join(state, 'dev.json'));
      return stack?.ready === true && stack.supervisor.pid === running.pid;
    });
    return (performance.now() - startedMs) / 1000;
  } finally {
    await running.stop();
  }
}
