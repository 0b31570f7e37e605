/** Writes what a run found into docs/performance.md, between its marks, and the charts beside it. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Run } from '../run.ts';
import { PROJECT } from '../stage/stage.ts';
import { plots } from './plots.ts';
import { settingInWords } from './setting.ts';
import { markdownTable } from './table.ts';
import { verdict } from './verdict.ts';

const PAGE = path.join(PROJECT, 'docs/performance.md');
const IMAGES = path.join(PROJECT, 'docs/images');
const BEGIN = '<!-- written by npm run bench -- --write-docs -->';
const END = '<!-- end of what is written -->';

const ALT: Readonly<Record<string, string>> = {
  'performance-ratios.svg':
    'Bars: each rate as a share of its floor, with the budget as a line where there is one',
  'performance-herd.svg':
    'Lines: charges made over the seconds after the instant, for this service, bare Workflows and two job queues',
  'performance-processor.svg':
    'Bars: milliseconds of processor that a charge takes, by process, for this service and for a bare Workflow',
  'performance-limit.svg': 'Line: charges made over the seconds after the instant, with the limit on',
  'performance-periods.svg':
    'Line: seconds for one charge of each of 24 enrollments, from the first to the twenty-fourth',
};

/** Safe to call twice. @throws Error when the page has lost its marks */
export async function writePage(run: Run): Promise<string[]> {
  const charts = await plots(
    run.sections.flatMap(({ findings }) => findings.figures),
    run.sections.flatMap(({ findings }) => findings.curves),
  );
  mkdirSync(IMAGES, { recursive: true });
  for (const [name, svg] of charts) {
    writeFileSync(path.join(IMAGES, name), svg);
  }
  writeFileSync(PAGE, withFigures(readFileSync(PAGE, 'utf8'), pageText(run, [...charts.keys()])));
  return [PAGE, ...[...charts.keys()].map((name) => path.join(IMAGES, name))];
}

/** The page with what is between its marks replaced. @throws Error when it has lost them */
export function withFigures(page: string, text: string): string {
  const from = page.indexOf(BEGIN);
  const until = page.indexOf(END);
  if (from < 0 || until < from) {
    throw new Error(`docs/performance.md has lost its marks; expected ${BEGIN} and ${END}`);
  }
  return `${page.slice(0, from + BEGIN.length)}\n\n${text.trim()}\n\n${page.slice(until)}`;
}

function pageText(run: Run, charts: string[]): string {
  const images = charts.map((name) => `![${ALT[name] ?? name}](images/${name})`).join('\n\n');
  const sections = run.sections.map(({ title, findings }) =>
    [`### ${title}`, markdownTable(findings.figures), ...findings.notes].join('\n\n'),
  );
  return [
    `**${verdict(run.sections.flatMap(({ findings }) => findings.figures))}**`,
    `${settingInWords(run.setting, run.paces)} Run of ${Math.round(run.seconds)} s (${run.kind}).`,
    images,
    ...sections,
  ].join('\n\n');
}
