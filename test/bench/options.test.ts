import { describe, expect, it } from '@jest/globals';
import { endOnSignals, unlessEnding } from '../../bench/ending.ts';
import { figure } from '../../bench/figures.ts';
import { problemOf } from '../../bench/options.ts';
import { verdict } from '../../bench/report/verdict.ts';
import { ownEnvironment } from '../../bench/stage/environment.ts';

describe('options of the bench', () => {
  const whole = { only: [], scale: 1 };

  it.each([
    ['--only', { only: ['webhooks'] }],
    ['--quick', { quick: true as const }],
    ['--scale', { scale: 0.5 }],
  ])('refuses to replace the published figures with those of %s', (flag, part) => {
    expect(problemOf({ ...whole, ...part, writeDocs: true })).toContain(`without ${flag}`);
    expect(problemOf({ ...whole, ...part })).toBeNull();
  });

  it('lets a whole run write them', () => {
    expect(problemOf({ ...whole, writeDocs: true })).toBeNull();
  });

  it('refuses a file that cannot be written, before half an hour is spent on it', () => {
    expect(problemOf({ ...whole, json: '/no/such/folder/run.json' })).toMatch(/cannot be written: .*ENOENT/);
  });
});

describe('the end of a run', () => {
  it('comes with its deadline, says so, and waits for nothing that is still under way', async () => {
    const { signal, exitCode } = endOnSignals(async () => undefined, 20);
    await expect(unlessEnding(signal, new Promise(() => undefined))).rejects.toThrow('not over within');
    await expect(unlessEnding(signal, Promise.reject(new Error('too late')))).rejects.toThrow('not over');
    expect(exitCode()).toBeNull();
  });

  it('brings back what was ready before', async () => {
    expect(await unlessEnding(new AbortController().signal, Promise.resolve(3))).toBe(3);
  });
});

describe('the verdict', () => {
  it('counts the budgets and names those that were not held', () => {
    const held = figure('a', 'a', 1, 's', { atMost: 2 });
    const broken = figure('b', 'starts', 3, 's', { atMost: 2 });
    expect(verdict([held, figure('c', 'c', 1, 's')])).toBe('1 of 1 budgets held.');
    expect(verdict([held, broken])).toBe('1 of 2 budgets held; not held: starts (≤ 2).');
  });
});

describe('the environment of a run', () => {
  it('is removed from its processes, but for where programs and files are', () => {
    const given = {
      PATH: '/bin',
      LC_ALL: 'C',
      OTEL_EXPORTER_OTLP_ENDPOINT: 'http://x',
      WORKER_BUILD_ID: '7',
    };
    expect(ownEnvironment(given)).toEqual({
      PATH: '/bin',
      LC_ALL: 'C',
      OTEL_EXPORTER_OTLP_ENDPOINT: undefined,
      WORKER_BUILD_ID: undefined,
    });
  });
});
