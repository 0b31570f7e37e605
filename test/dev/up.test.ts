import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { isAlive, type RunningProcess, run, startProcess } from '../../dev/processes.ts';
import { openStateFolder, type RunningStack, readRunningStack } from '../../dev/state.ts';
import { waitFor } from '../support/wait.ts';

const ROOT = path.resolve(import.meta.dirname, '../..');
const BUDGET_MS = 30_000;
const PATIENCE = { timeoutMs: 90_000, everyMs: 100 };

/** One stack, through its whole life: the tests below follow one another. */
describe('npm run dev', () => {
  let root: string;
  let started: RunningProcess[];

  beforeAll(() => {
    started = [];
    root = mkdtempSync(path.join(os.tmpdir(), 'stack-'));
    // What was fetched once is not fetched again for this.
    const cache = path.join(ROOT, '.durable-billing/cache');
    mkdirSync(cache, { recursive: true });
    symlinkSync(cache, path.join(root, 'cache'));
  });
  afterAll(async () => {
    for (const child of started) {
      await child.stop();
    }
    rmSync(root, { recursive: true, force: true });
  });

  function dev(script: string) {
    const args = ['--disable-warning=ExperimentalWarning', path.join(ROOT, 'dev', script), '--state', root];
    // Whoever runs the tests may use the real Stripe or a Temporal server elsewhere: this stack must not.
    const env = { STRIPE_SECRET_KEY: undefined, TEMPORAL_ADDRESS: undefined, TEMPORAL_NAMESPACE: undefined };
    return { name: script, command: process.execPath, args, env, stopTimeoutMs: 60_000 };
  }

  async function up(): Promise<RunningProcess> {
    const supervisor = await startProcess(dev('up.ts'));
    started.push(supervisor);
    await waitFor(
      'the stack to be ready',
      () => {
        if (supervisor.exit()) {
          return 'ended';
        }
        return /Ready in/.test(supervisor.lastLines());
      },
      PATIENCE,
    );
    if (supervisor.exit()) {
      throw new Error(`the stack did not start:\n${supervisor.lastLines()}`);
    }
    return supervisor;
  }

  function stack(): RunningStack {
    const found = readRunningStack(openStateFolder(root));
    if (!found) {
      throw new Error('dev.json is missing');
    }
    return found;
  }

  async function enrollments(): Promise<{ id: string; status: string }[]> {
    const { urls, apiKey } = stack();
    const headers = { authorization: `Bearer ${apiKey}` };
    const answer = await fetch(`${urls.api}/v1/enrollments`, { headers });
    return ((await answer.json()) as { data: { id: string; status: string }[] }).data;
  }

  it('is of use within its budget, and says where everything is', async () => {
    const supervisor = await up();
    const said = supervisor.lastLines();
    const seconds = Number(/Ready in ([\d.]+) s/.exec(said)?.[1]);
    expect(seconds * 1000).toBeLessThan(BUDGET_MS);
    const { urls, apiKey, ready, children } = stack();
    expect(ready).toBe(true);
    expect(said).toContain(apiKey);
    for (const url of [urls.shop, urls.api, urls.mails, urls.stripe, urls.temporalUi, urls.postgres]) {
      expect(said).toContain(url);
    }
    expect(children.map((child) => child.name).sort()).toEqual(
      ['api', 'mail-catcher', 'postgres', 'shop', 'stripe-stand-in', 'temporal', 'worker'].sort(),
    );
    for (const page of [urls.shop, `${urls.api}/docs`, urls.mails, urls.temporalUi ?? '']) {
      const answer = await fetch(page, { headers: { accept: 'text/html' } });
      expect([page, answer.status]).toEqual([page, 200]);
    }
  }, 100_000);

  it('can be played by npm run demo, which sees both journeys through', async () => {
    const { ok, output } = await run(dev('demo.ts'), 120_000);
    expect(output).toContain('Both journeys went as described');
    expect(ok).toBe(true);
    expect((await enrollments()).map((enrollment) => enrollment.status).sort()).toEqual([
      'active',
      'completed',
    ]);
  }, 130_000);

  it('is not started twice on the same state', async () => {
    const { ok, output } = await run(dev('up.ts'), 30_000);
    expect(ok).toBe(false);
    expect(output).toMatch(/The stack runs already \(process \d+\)/);
  }, 40_000);

  it('brings back a Worker that was killed', async () => {
    const worker = stack().children.find((child) => child.name === 'worker');
    process.kill(worker?.pid ?? 0, 'SIGKILL');
    const [supervisor] = started;
    await waitFor('the Worker', () => /worker runs again/.test(supervisor?.lastLines() ?? ''), PATIENCE);
    expect(stack().children.find((child) => child.name === 'worker')?.pid).not.toBe(worker?.pid);
  }, 100_000);

  it('ends what a killed run has left, and keeps its state', async () => {
    const before = { stack: stack(), enrollments: await enrollments() };
    process.kill(before.stack.supervisor.pid, 'SIGKILL');
    await started[0]?.exited;
    expect(before.stack.children.every((child) => isAlive(child.pid))).toBe(true);
    await up();
    const after = stack();
    expect(after.apiKey).toBe(before.stack.apiKey);
    expect(after.urls).toEqual(before.stack.urls);
    expect(await enrollments()).toEqual(before.enrollments);
    const pids = new Set(after.children.map((child) => child.pid));
    expect(before.stack.children.filter((child) => isAlive(child.pid) && !pids.has(child.pid))).toEqual([]);
  }, 130_000);

  it('ends everything when it is asked to', async () => {
    const { children, urls } = stack();
    process.kill(stack().supervisor.pid, 'SIGTERM');
    const exit = await started[1]?.exited;
    expect(exit).toEqual({ code: 0, signal: null });
    expect(await started[1]?.lastWords()).toContain('Everything has ended');
    expect(children.filter((child) => isAlive(child.pid))).toEqual([]);
    await expect(fetch(urls.api)).rejects.toThrow();
    expect(stack().children).toEqual([]);
  }, 90_000);
});
