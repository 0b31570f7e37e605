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
const WORDS =
  'none one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen'.split(
    ' ',
  );
const HAPPY = 'test/workflows/budgets.test.ts';
const DUNNING = 'test/workflows/budgets-of-dunning.test.ts';

function row(begin: string): number[] {
  const line = TEXT.split('\n').find((each) => each.startsWith(`| ${begin}`)) ?? '';
  return line
    .split('|')
    .slice(2, 5)
    .map((cell) => Number.parseInt(cell, 10));
}

/** As the simulation prints it. */
const lag = (seconds: number) =>
  seconds < 600 ? `${seconds.toFixed(1)} s` : `${(seconds / 3600).toFixed(2)} h`;

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
    for (const told of summaries.filter(({ spreadHours }) => spreadHours < 12)) {
      const { spreadHours, lastHours, medianLagS, p99LagS, mostWaiting } = told;
      const cells = [
        `${lastHours.toFixed(2)} h`,
        lag(medianLagS),
        lag(p99LagS),
        mostWaiting.toLocaleString('en'),
      ];
      expect(TEXT.split('\n')).toContain(`| ${spreadHours} h | ${cells.join(' | ')} |`);
    }
    expect(readFileSync(svg, 'utf8')).toBe(read('docs/images/herd.svg'));
    rmSync(folder, { recursive: true });
  }, 60_000);

  it('counts the statements that are held', () => {
    const source = read('test/workflows/budgets-of-statements.test.ts');
    const held = (name: string) => Number(new RegExp(`^  ${name}: (\\d+),$`, 'm').exec(source)?.[1]);
    const enrollment = held('enrollmentAsked') + held('enrollmentCompleted') + held('secondWord');
    expect(TEXT).toContain(`an enrollment takes ${WORDS[enrollment]} (`);
    expect(TEXT).toContain(`, ${WORDS[held('secondWord')]} of them for the event of its SetupIntent`);
    expect(TEXT).toContain(`a charge takes ${WORDS[held('charge')]}, the webhook`);
    expect(TEXT).toContain(`our own request did ${WORDS[held('echo')]}, and`);
    expect(TEXT).toContain(`\`GET /v1/enrollments/{id}\` ${WORDS[held('read')]} (`);
    expect(read('docs/performance.md')).toContain(`and ${WORDS[enrollment]} statements.`);
  });

  it('prices the storage of what was measured', () => {
    const measured = /history of an enrollment with its first charge \| ([\d.]+) KiB/.exec(
      read('docs/performance.md'),
    );
    const [kib, kb] = [Number(measured?.[1]), (Number(measured?.[1]) * 1_024) / 1_000];
    expect(TEXT).toContain(`| ${kib.toFixed(1)} KiB with its first charge |`);
    const gbh = Number(kb.toFixed(1)) * 744;
    expect(TEXT).toContain(
      `${kb.toFixed(1)} kB (${kib.toFixed(1)} KiB) of history each, measured | ${kb.toFixed(1)} GB, ` +
        `${Math.round(gbh).toLocaleString('en')} GBh | ${Math.round(gbh * 0.042)} USD |`,
    );
  });

  it('counts a decline and its recovery together', () => {
    const [, decline = 0] = budget(DUNNING, 'DECLINE');
    const [, recovery = 0] = budget(DUNNING, 'RECOVERY');
    const more = decline + recovery;
    // A tenth of a million, at 50 USD a million.
    expect(TEXT).toContain(`at most ${more} actions more | ${more / 10} million actions | ${more * 5} USD |`);
  });
});
