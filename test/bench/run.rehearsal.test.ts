/** The command itself, on the smallest counts: what it starts, measures and writes cannot rot unseen. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import type { Run } from '../../bench/run.ts';
import { run } from '../../dev/processes.ts';
import { workflowCode } from '../support/workflow-code.ts';

const PROJECT = path.resolve(import.meta.dirname, '../..');
const folder = mkdtempSync(path.join(os.tmpdir(), 'bench-test-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('npm run bench', () => {
  it('measures webhooks beside the bare route, writes every sample, and leaves nothing behind', async () => {
    const json = path.join(folder, 'run.json');
    const counts = ['--quick', '--scale', '0.01', '--only', 'webhooks', '--json', json];
    const { ok, output } = await run(
      {
        name: 'bench',
        command: process.execPath,
        args: ['--disable-warning=ExperimentalWarning', 'bench/main.ts', ...counts],
        cwd: PROJECT,
        env: {
          TMPDIR: folder,
          BENCH_WORKFLOW_BUNDLE: (await workflowCode()).path,
          // A setting of somebody's Worker, which is not measured.
          WORKFLOW_BUNDLE_PATH: path.join(folder, 'no-such-bundle.js'),
        },
      },
      // Seconds on a quiet machine.
      270_000,
    );
    expect([ok, output]).toEqual([true, expect.stringContaining('webhooks accepted')]);
    const { sections, setting, paces, failures } = JSON.parse(readFileSync(json, 'utf8')) as Run;
    expect(setting.cores).toBeGreaterThan(0);
    expect(paces).toEqual([expect.any(Number), expect.any(Number)]);
    expect(output).toContain('MB of JSON a second');
    const figures = sections.flatMap(({ findings }) => findings.figures);
    expect(failures).toEqual([]);
    expect(output).toMatch(/\d of \d budgets held/);
    expect(figures.map(({ id }) => id)).toEqual(
      expect.arrayContaining(['webhooks.echo.per_second', 'webhooks.news.p99', 'webhooks.lag.p99']),
    );
    for (const { floor, samples } of figures.filter(({ id }) => id.endsWith('per_second'))) {
      expect(floor?.samples).toHaveLength(samples.length);
      expect(floor?.ratio).toBeGreaterThan(0);
    }
    expect(readdirSync(folder)).toEqual(['run.json']);
  }, 300_000);
});

describe('a measurement that fails', () => {
  it('is told with its reason, also in the JSON, and fails the command', async () => {
    const json = path.join(folder, 'failed.json');
    const flags = ['--quick', '--scale', '0.01', '--only', 'charges', '--json', json];
    const { ok, output } = await run(
      {
        name: 'bench',
        command: process.execPath,
        args: ['--disable-warning=ExperimentalWarning', 'bench/main.ts', ...flags],
        cwd: PROJECT,
        env: { TMPDIR: folder, BENCH_WORKFLOW_BUNDLE: path.join(folder, 'no-such-bundle.js') },
      },
      120_000,
    );
    expect(ok).toBe(false);
    expect(output).toContain('no-such-bundle.js');
    const { failures } = JSON.parse(readFileSync(json, 'utf8')) as Run;
    expect(failures).toEqual([{ name: 'charges', message: expect.stringContaining('no-such-bundle.js') }]);
  }, 150_000);
});

describe('the help', () => {
  it('names every measurement', async () => {
    const args = ['--disable-warning=ExperimentalWarning', 'bench/main.ts', '--help'];
    const { output } = await run({ name: 'bench', command: process.execPath, args, cwd: PROJECT }, 60_000);
    for (const name of ['growth', 'charges', 'stripe-limit', 'webhooks', 'requests', 'starts', 'suite']) {
      expect(output).toContain(name);
    }
  }, 60_000);
});
