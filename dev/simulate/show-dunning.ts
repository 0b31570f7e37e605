/** The comparison of policies, as a table for people and as a chart. */
import type { TopLevelSpec } from 'vega-lite';
import { decimalText } from '../../domain/money.ts';
import { svgOf } from './chart.ts';
import { columns } from './columns.ts';
import type { Summary } from './compare.ts';

const CURRENCY = 'usd';

export function dunningTable(summaries: readonly Summary[]): string {
  return columns(
    [
      'policy',
      'days between',
      'recovered',
      'of owed',
      'charges',
      'attempts',
      'per recovered',
      'messages',
      'median days',
    ],
    summaries.map((summary) => [
      summary.policy,
      summary.retryAfterDays.join(',') || 'never',
      decimalText(summary.recoveredMinor, CURRENCY),
      percent(summary.recoveredMinor / summary.owedMinor),
      percent(summary.recovered / summary.charges),
      String(summary.attempts),
      summary.attemptsPerRecovered.toFixed(2),
      String(summary.messages),
      summary.medianDays.toFixed(1),
    ]),
  );
}

/** Money over time on the left; attempts and days on the right. */
export function dunningChart(summaries: readonly Summary[], caption: string): Promise<string> {
  const order = summaries.map(({ policy }) => policy);
  const color = { field: 'policy', type: 'nominal', sort: order, title: 'policy' } as const;
  const bar = (field: 'attemptsPerRecovered' | 'medianDays', title: string) =>
    ({
      width: 240,
      height: 26 * summaries.length,
      data: { values: summaries.map(({ policy, ...rest }) => ({ policy, value: rest[field] })) },
      mark: 'bar',
      encoding: {
        y: { field: 'policy', type: 'nominal', sort: order, title: null },
        x: { field: 'value', type: 'quantitative', title },
        color,
      },
    }) as const;
  const spec: TopLevelSpec = {
    title: { text: 'Recovered money by dunning policy', subtitle: caption, anchor: 'start' },
    hconcat: [
      {
        width: 460,
        height: 300,
        data: {
          values: summaries.flatMap(({ policy, recoveredShareByDay }) =>
            recoveredShareByDay.map((share, day) => ({ policy, day, share })),
          ),
        },
        mark: { type: 'line', interpolate: 'step-after' },
        encoding: {
          x: { field: 'day', type: 'quantitative', title: 'days after the first decline' },
          y: {
            field: 'share',
            type: 'quantitative',
            axis: { format: '.0%' },
            title: 'recovered, of the money owed',
          },
          color,
        },
      },
      {
        vconcat: [
          bar('attemptsPerRecovered', 'attempts for each recovered charge'),
          bar('medianDays', 'days until recovery, median'),
        ],
      },
    ],
  };
  return svgOf(spec);
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}
