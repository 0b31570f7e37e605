/** Charts of a run, as SVG that reads well on a light and on a dark page. */
import type { TopLevelSpec } from 'vega-lite';
import { svgOf } from '../../dev/simulate/chart.ts';
import type { Curve, Figure } from '../figures.ts';

/** File name (without folder) and content of each chart that the run has data for. */
export async function plots(
  figures: readonly Figure[],
  curves: readonly Curve[],
): Promise<Map<string, string>> {
  const drawn = new Map<string, string>();
  const of = (chart: string) => curves.filter((curve) => curve.chart === chart);
  // Of times, less is better: they are told in the tables alone.
  const ratios = figures.flatMap(({ what, unit, floor, budget }) =>
    floor === null || unit !== '/s'
      ? []
      : [{ what, ratio: floor.ratio, ...(budget === null ? {} : { budget: Number(budget.text.slice(2)) }) }],
  );
  if (ratios.length > 0) {
    drawn.set('performance-ratios.svg', await svgOf(ratioChart(ratios)));
  }
  if (of('herd').length > 0) {
    const title = 'Charges made after many fell due at one instant';
    drawn.set(
      'performance-herd.svg',
      await svgOf(lineChart(of('herd'), title, 'seconds after the instant', 'charges made')),
    );
  }
  if (of('processor').length > 0) {
    drawn.set('performance-processor.svg', await svgOf(processorChart(of('processor'))));
  }
  if (of('limit').length > 0) {
    const title = 'Charges made with Stripe’s limit on';
    drawn.set(
      'performance-limit.svg',
      await svgOf(lineChart(of('limit'), title, 'seconds after the instant', 'charges made')),
    );
  }
  if (of('periods').length > 0) {
    const title = `Seconds for ${of('periods')[0]?.series}, by its number`;
    drawn.set(
      'performance-periods.svg',
      await svgOf(lineChart(of('periods'), title, 'number of the charge', 'seconds')),
    );
  }
  return drawn;
}

function lineChart(curves: readonly Curve[], title: string, x: string, y: string): TopLevelSpec {
  const series = [...new Set(curves.map((curve) => curve.series))];
  return {
    title: { text: title, anchor: 'start' },
    width: 640,
    height: 280,
    padding: 16,
    data: { values: [...curves] },
    mark: { type: 'line', point: series.length === 1 },
    encoding: {
      x: { field: 'x', type: 'quantitative', title: x },
      y: { field: 'y', type: 'quantitative', title: y, scale: { zero: true } },
      ...(series.length === 1
        ? {}
        : {
            color: {
              field: 'series',
              type: 'nominal',
              sort: series,
              title: null,
              legend: { orient: 'bottom' },
            },
          }),
    },
  };
}

/** Who spends how much: x is 0 for this service and 1 for the bare Workflow. */
function processorChart(curves: readonly Curve[]): TopLevelSpec {
  const parts = [...new Set(curves.map(({ series }) => series))];
  return {
    title: { text: 'Processor time of a charge', subtitle: 'milliseconds, all processes', anchor: 'start' },
    width: 560,
    height: { step: 44 },
    padding: 16,
    data: {
      values: curves.map((curve) => ({
        ...curve,
        who: curve.x === 0 ? 'this service' : 'bare Workflow',
        order: parts.indexOf(curve.series),
      })),
    },
    mark: { type: 'bar', height: 24 },
    encoding: {
      y: { field: 'who', type: 'nominal', sort: ['this service', 'bare Workflow'], title: null },
      x: { field: 'y', type: 'quantitative', title: 'ms', stack: 'zero' },
      color: { field: 'series', type: 'nominal', sort: parts, title: null, legend: { orient: 'bottom' } },
      order: { field: 'order', type: 'quantitative' },
    },
  };
}

function ratioChart(ratios: readonly { what: string; ratio: number; budget?: number }[]): TopLevelSpec {
  return {
    title: {
      text: 'Against the floor of the same run',
      subtitle: 'bar: measured; line: budget, where there is one',
      anchor: 'start',
    },
    width: 420,
    height: { step: 34 },
    padding: 16,
    data: { values: [...ratios] },
    encoding: {
      y: { field: 'what', type: 'nominal', sort: null, title: null, axis: { labelLimit: 480 } },
    },
    layer: [
      {
        mark: { type: 'bar', height: 18 },
        encoding: {
          x: { field: 'ratio', type: 'quantitative', title: 'share of the floor', scale: { domainMin: 0 } },
        },
      },
      {
        transform: [{ filter: 'isValid(datum.budget)' }],
        mark: { type: 'tick', color: '#b3261e', thickness: 3, size: 26 },
        encoding: { x: { field: 'budget', type: 'quantitative' } },
      },
    ],
  };
}
