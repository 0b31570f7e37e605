/** Figures as a table for people, and numbers as they are written everywhere. */
import type { Figure, Floor, Unit } from '../figures.ts';

const HEADER = ['what', 'measured', 'rounds', 'floor', 'ratio', 'budget'] as const;

/** One row for each figure. */
export function rows(figures: readonly Figure[]): string[][] {
  return figures.map(({ what, value, unit, samples, floor, budget }) => [
    what,
    amount(value, unit),
    spread(samples, (one) => amount(one, '')),
    floor === null ? '' : `${amount(floor.value, unit)} ${floor.what}`,
    floor === null ? '' : ratio(floor),
    budget === null ? '' : `${budget.text} ${budget.held ? 'held' : 'NOT HELD'}`,
  ]);
}

function ratio({ ratio, ratios }: Floor): string {
  const between = spread(ratios, (one) => one.toFixed(2));
  return between === '' ? ratio.toFixed(2) : `${ratio.toFixed(2)} (${between})`;
}

/** From the least to the most; nothing for a single one. */
function spread(samples: readonly number[], written: (one: number) => string): string {
  return samples.length < 2 ? '' : `${written(Math.min(...samples))}–${written(Math.max(...samples))}`;
}

/** Columns for a terminal. */
export function plainTable(figures: readonly Figure[]): string {
  const all = [[...HEADER], ...rows(figures)];
  const widths = HEADER.map((_, column) => Math.max(...all.map((row) => (row[column] ?? '').length)));
  return all
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

/** The same for Markdown. */
export function markdownTable(figures: readonly Figure[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [line(HEADER), line(['---', '--:', '--:', '--:', '--:', '---']), ...rows(figures).map(line)].join(
    '\n',
  );
}

/** A number with as many digits as it deserves, and its unit. */
export function amount(value: number, unit: Unit): string {
  const digits = Math.abs(value) >= 100 || Number.isInteger(value) ? 0 : Math.abs(value) >= 10 ? 1 : 2;
  const text = value.toLocaleString('en', { minimumFractionDigits: digits, maximumFractionDigits: digits });
  return unit === ''
    ? text
    : unit === '/s' || unit === '%' || unit === '×'
      ? `${text}${unit}`
      : `${text} ${unit}`;
}
