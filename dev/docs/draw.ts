/** `npm run docs:draw`: writes the documents that are drawn from the tables in domain/, and a chart of figures kept here. */
import { writeFile } from 'node:fs/promises';
import { Command } from 'commander';
import { drawDeclines } from './declines.ts';
import { drawPerformanceSteps } from './performance-steps.ts';
import { drawStateMachines } from './state-machines.ts';

/** What is drawn, by its path from the project's root. */
export const DRAWN: Readonly<Record<string, () => string | Promise<string>>> = {
  'docs/state-machines.md': drawStateMachines,
  'docs/declines.md': drawDeclines,
  'docs/images/performance-steps.svg': drawPerformanceSteps,
};

if (import.meta.main) {
  new Command('npm run docs:draw')
    .description(`Writes ${Object.keys(DRAWN).join(', ')} anew.`)
    .showHelpAfterError('(--help shows what it does)')
    .parse();
  for (const [path, draw] of Object.entries(DRAWN)) {
    await writeFile(new URL(`../../${path}`, import.meta.url), await draw());
    console.log(`wrote ${path}`);
  }
}
