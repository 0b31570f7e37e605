/** From a command until what it starts is of use: the stack, the Worker, the tests. Packages are installed. */
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { execa } from 'execa';
import { type RunningStack, readJson } from '../../dev/state.ts';
import { type Figure, type Findings, figure } from '../figures.ts';
import { PROJECT } from '../stage/stage.ts';
import { until } from './callers.ts';
import type { Measurement } from './context.ts';

export const starts: Measurement = {
  name: 'starts',
  title: 'Starts of the stack, the Worker, the tests',
  async run({ stage, sizes, report }): Promise<Findings> {
    await stage.ensureWorker();
    report('the Worker starts');
    const workerSeconds: number[] = [];
    for (let start = 0; start < 2; start += 1) {
      const before = performance.now();
      await stage.ensureWorker({ afresh: true });
      workerSeconds.push((performance.now() - before) / 1000);
    }
    const figures: Figure[] = [
      figure('starts.worker', 'Worker stops and polls again, code built before', workerSeconds, 's'),
    ];
    if (sizes.starts) {
      report('npm run dev, the first time and again');
      const [first, again] = await stackStarts();
      figures.push(
        figure('starts.stack_first', 'npm run dev until usable, first time', first, 's', { atMost: 30 }),
        figure('starts.stack', 'npm run dev until usable, again', again, 's', { atMost: 30 }),
      );
      report('the tests start');
      const before = performance.now();
      await execa('npm', ['run', '--silent', 'jest', '--', 'test/config/clients.test.ts'], { cwd: PROJECT });
      figures.push(
        figure('starts.tests', 'npm run jest, one file', (performance.now() - before) / 1000, 's'),
      );
    }
    return { figures, curves: [], notes: [] };
  },
};

/** Seconds of a start on empty state, and of one on the state that it left. */
async function stackStarts(): Promise<[number, number]> {
  const state = mkdtempSync(path.join(os.tmpdir(), 'durable-billing-bench-dev-'));
  // What was fetched once is not what is measured.
  symlinkSync(path.join(PROJECT, '.durable-billing/cache'), path.join(state, 'cache'));
  try {
    return [await stackStart(state), await stackStart(state)];
  } finally {
    rmSync(state, { recursive: true, force: true });
  }
}

async function stackStart(state: string): Promise<number> {
  const startedMs = performance.now();
  const running = execa('node', ['dev/up.ts', '--headless', '--state', state], {
    cwd: PROJECT,
    reject: false,
    all: true,
    preferLocal: true,
  });
  try {
    await until('the stack', 120_000, async () => {
      if (running.exitCode !== undefined && running.exitCode !== null) {
        throw new Error(`npm run dev ended: ${(await running).all}`);
      }
      // What a stack before it has left says `ready` too.
      const stack = readJson<RunningStack>(path.join(state, 'dev.json'));
      return stack?.ready === true && stack.supervisor.pid === running.pid;
    });
    return (performance.now() - startedMs) / 1000;
  } finally {
    running.kill('SIGTERM');
    await running;
  }
}
