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

/** What each chart shows, and the measurement above whose table it stands; above all where none is named. */
const CHARTS: Readonly<Record<string, { alt: string; above?: string }>> = {
  'performance-ratios.svg': {
    alt: 'Bars: each rate as a share of its floor, with the budget as a line where there is one',
  },
  'performance-herd.svg': {
    alt: 'Lines: charges made over the seconds after the instant, for this service, bare Workflows and two job queues',
    above: 'charges',
  },
  'performance-processor.svg': {
    alt: 'Bars: milliseconds of processor that a charge takes, by process, for this service and for a bare Workflow',
    above: 'charges',
  },
  'performance-limit.svg': {
    alt: 'Line: charges made over the seconds after the instant, with the limit on',
    above: 'stripe-limit',
  },
  'performance-periods.svg': {
    alt: 'Line: seconds for one charge of each of 24 enrollments, from the first to the twenty-fourth',
    above: 'growth',
  },
};

/** The order in which a reader asks; a run begins with growth, since it needs an empty stage. */
const READ = ['charges', 'stripe-limit', 'webhooks', 'requests', 'growth', 'starts'];

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
  const chartsAbove = (section?: string) =>
    charts
      .filter((name) => CHARTS[name]?.above === section)
      .map((name) => `![${CHARTS[name]?.alt ?? name}](images/${name})`);
  const sections = run.sections
    .toSorted((one, other) => READ.indexOf(one.name) - READ.indexOf(other.name))
    .map(({ name, title, findings }) =>
      [`### ${title}`, ...chartsAbove(name), markdownTable(findings.figures), ...findings.notes].join('\n\n'),
    );
  return [
    `**${verdict(run.sections.flatMap(({ findings }) => findings.figures))}**`,
    `${settingInWords(run.setting, run.paces)} Run of ${Math.round(run.seconds)} s (${run.kind}).`,
    ...chartsAbove(),
    ...sections,
  ].join('\n\n');
}
