/** The backlog of a day, as a table for people and as a chart. */
import { svgOf } from './chart.ts';
import { columns } from './columns.ts';
import type { HerdSummary } from './herd.ts';

export function herdTable(summaries: readonly HerdSummary[]): string {
  return columns(
    ['spread', 'rate', 'enrollments', 'last charge after', 'lag p50', 'lag p99', 'most waiting'],
    summaries.map((summary) => [
      `${summary.spreadHours} h`,
      `${summary.perSecond}/s`,
      String(summary.enrollments),
      `${summary.lastHours.toFixed(2)} h`,
      seconds(summary.medianLagS),
      seconds(summary.p99LagS),
      String(summary.mostWaiting),
    ]),
  );
}

export function herdChart(summaries: readonly HerdSummary[], caption: string): Promise<string> {
  const spreads = summaries.map(({ spreadHours }) => `${spreadHours} h`);
  return svgOf({
    title: { text: 'Charges that wait, after many fell due', subtitle: caption, anchor: 'start' },
    width: 640,
    height: 320,
    data: {
      values: summaries.flatMap(({ spreadHours, waiting }) =>
        waiting.map((slice) => ({ spread: `${spreadHours} h`, ...slice })),
      ),
    },
    mark: 'line',
    encoding: {
      x: { field: 'hours', type: 'quantitative', title: 'hours after the agreed instant' },
      y: {
        field: 'waiting',
        type: 'quantitative',
        title: 'charges that are due and wait',
        axis: { format: '~s' },
      },
      color: { field: 'spread', type: 'nominal', sort: spreads, title: 'spread over' },
    },
  });
}

function seconds(value: number): string {
  return value < 600 ? `${value.toFixed(1)} s` : `${(value / 3600).toFixed(2)} h`;
}
