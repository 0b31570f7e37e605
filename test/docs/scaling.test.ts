/** The counts of docs/scaling.md are those that the tests of the budgets hold, and its sums follow from them. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { execa } from 'execa';
import type { HerdSummary } from '../../dev/simulate/herd.ts';

const read = (file: string) => readFileSync(path.resolve(import.meta.dirname, '../..', file), 'utf8');
const TEXT = read('docs/scaling.md');

/** `events: 12, actions: 3, stripeCalls: 1` behind a name in the source of a test. */
function budget(file: string, name: string): number[] {
  const found = new RegExp(
    `${name}(?:: Cost =|:) \\{ events: (\\d+), actions: (\\d+), stripeCalls: (\\d+) \\}`,
  ).exec(read(file));
  expect([name, found]).not.toEqual([name, null]);
  return (found ?? []).slice(1).map(Number);
}
const HAPPY = 'test/workflows/budgets.test.ts';
const DUNNING = 'test/workflows/budgets-of-dunning.test.ts';

function row(begin: string): number[] {
  const line = TEXT.split('\n').find((each) => each.startsWith(`| ${begin}`)) ?? '';
  return line
    .split('|')
    .slice(2, 5)
    .map((cell) => Number.parseInt(cell, 10));
}

describe('docs/scaling.md', () => {
  it.each([
    ['an enrollment, until', HAPPY, 'enrollment'],
    ['a period without surprises', HAPPY, 'happyPeriod'],
    ['a decline, until', DUNNING, 'DECLINE'],
    ['a try that is asked for', DUNNING, 'RECOVERY'],
  ])('counts %s as %s holds it', (begin, file, name) => {
    expect(row(begin)).toEqual(budget(file, name));
  });

  it('tells and draws what the simulation says', async () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'herd-'));
    const svg = path.join(folder, 'herd.svg');
    const args = ['run', '--silent', 'simulate', '--', 'herd', '--json', '--svg', svg];
    // In a process of its own: a million take minutes in the tests' context.
    const { stdout } = await execa('npm', args);
    const summaries = JSON.parse(stdout) as HerdSummary[];
    for (const { spreadHours, lastHours, mostWaiting } of summaries.filter((each) => each.spreadHours < 12)) {
      const line = TEXT.split('\n').find((each) => each.startsWith(`| ${spreadHours} h |`));
      expect(line).toContain(`| ${lastHours.toFixed(2)} h |`);
      expect(line).toContain(`| ${mostWaiting.toLocaleString('en')} |`);
    }
    expect(readFileSync(svg, 'utf8')).toBe(read('docs/images/herd.svg'));
    rmSync(folder, { recursive: true });
  }, 60_000);

  it('counts a decline and its recovery together', () => {
    const [, decline = 0] = budget(DUNNING, 'DECLINE');
    const [, recovery = 0] = budget(DUNNING, 'RECOVERY');
    const more = decline + recovery;
    // A tenth of a million, at 50 USD a million.
    expect(TEXT).toContain(`at most ${more} actions more | ${more / 10} million actions | ${more * 5} USD |`);
  });
});
