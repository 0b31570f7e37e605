/** `npm run docs:draw`: writes the documents that are drawn from the tables in domain/, a simulation, and figures kept here. */
import { writeFile } from 'node:fs/promises';
import { Command } from 'commander';
import { stampede } from '../simulate/herd.ts';
import { herdChart } from '../simulate/show-herd.ts';
import { drawDeclines } from './declines.ts';
import { drawPerformanceSteps } from './performance-steps.ts';
import { drawStateMachines } from './state-machines.ts';

/** What is drawn, by its path from the project's root. */
export const DRAWN: Readonly<Record<string, () => string | Promise<string>>> = {
  'docs/state-machines.md': drawStateMachines,
  'docs/declines.md': drawDeclines,
  'docs/images/performance-steps.svg': drawPerformanceSteps,
};

/** The same of what takes a million of something: `test/docs/scaling.test.ts` compares it. */
const SIMULATED: typeof DRAWN = { 'docs/images/herd.svg': drawHerd };

/** As `npm run simulate -- herd` without options. */
function drawHerd(): Promise<string> {
  const [enrollments, perSecond] = [1_000_000, 80];
  const summaries = [0, 1, 3, 6, 12].map((spreadHours) =>
    stampede({ enrollments, perSecond, spreadHours }, 24),
  );
  return herdChart(summaries, `${enrollments} enrollments, ${perSecond} charges a second`);
}

if (import.meta.main) {
  new Command('npm run docs:draw')
    .description(`Writes ${Object.keys({ ...DRAWN, ...SIMULATED }).join(', ')} anew.`)
    .showHelpAfterError('(--help shows what it does)')
    .parse();
  for (const [path, draw] of Object.entries({ ...DRAWN, ...SIMULATED })) {
    await writeFile(new URL(`../../${path}`, import.meta.url), await draw());
    console.log(`wrote ${path}`);
  }
}
