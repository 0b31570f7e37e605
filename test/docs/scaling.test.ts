/** The counts of docs/scaling.md are those that the tests of the budgets hold, and its sums follow from them. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from '@jest/globals';

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

  it('counts a decline and its recovery together', () => {
    const [, decline = 0] = budget(DUNNING, 'DECLINE');
    const [, recovery = 0] = budget(DUNNING, 'RECOVERY');
    const more = decline + recovery;
    // A tenth of a million, at 50 USD a million.
    expect(TEXT).toContain(`at most ${more} actions more | ${more / 10} million actions | ${more * 5} USD |`);
  });
});
