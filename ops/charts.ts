/**
 * Draws the charts of the operators' page as SVG, on the server: no script runs in the browser. Colours are CSS variables
 * of the page, so that a chart is light or dark as the page is. A table beside each chart says the same in words, so the
 * drawing is hidden from screen readers. Vega is loaded when the first page is asked for.
 */
import type { TopLevelSpec } from 'vega-lite';

export interface Bar {
  label: string;
  value: number;
  /** Of the series below. */
  series: string;
}

export interface Series {
  name: string;
  /** A CSS colour, e.g. `var(--collected)`. */
  color: string;
}

/** Two drawings of one chart; the page shows the one that fits. */
export interface Drawing {
  wide: string;
  narrow: string;
}

/** Bars over time, stacked by series; `bars` in the order of the axis. */
export async function columnChart(
  bars: readonly Bar[],
  series: readonly Series[],
  unit: string,
): Promise<Drawing> {
  const labels = [...new Set(bars.map(({ label }) => label))];
  const draw = (width: number, mostLabels: number) => {
    const every = Math.ceil(labels.length / mostLabels);
    return svgOf({
      ...base(width, 190),
      data: { values: [...bars] },
      mark: { type: 'bar', cornerRadiusEnd: 2 },
      encoding: {
        x: {
          field: 'label',
          type: 'ordinal',
          sort: labels,
          title: null,
          axis: { labelAngle: 0, values: labels.filter((_, index) => index % every === 0) },
        },
        y: { field: 'value', type: 'quantitative', title: unit, axis: { tickCount: 4, format: '~s' } },
        color: colorOf(series),
        order: { field: 'series', sort: 'descending' },
      },
    });
  };
  return { wide: await draw(1080, 15), narrow: await draw(320, 6) };
}

/** Lying bars, one for each label, with their counts. */
export async function barChart(
  bars: readonly Bar[],
  series: readonly Series[],
  unit: string,
): Promise<Drawing> {
  const labels = bars.map(({ label }) => label);
  const draw = (width: number) =>
    svgOf({
      ...base(width, 45 + labels.length * 28),
      data: { values: [...bars] },
      encoding: {
        y: { field: 'label', type: 'nominal', sort: labels, title: null, axis: { labelLimit: width / 2 } },
        x: {
          field: 'value',
          type: 'quantitative',
          title: unit,
          axis: { tickCount: 4, tickMinStep: 1, format: 'd' },
        },
      },
      layer: [
        { mark: { type: 'bar', cornerRadiusEnd: 2 }, encoding: { color: colorOf(series) } },
        {
          mark: { type: 'text', align: 'left', dx: 4, fontSize: 12, fill: 'var(--ink)' },
          encoding: { text: { field: 'value', type: 'quantitative' } },
        },
      ],
    });
  return { wide: await draw(500), narrow: await draw(320) };
}

function colorOf(series: readonly Series[]) {
  return {
    field: 'series',
    type: 'nominal',
    scale: { domain: series.map(({ name }) => name), range: series.map(({ color }) => color) },
    legend: null,
  } as const;
}

function base(width: number, height: number) {
  const text = {
    labelColor: 'var(--quiet)',
    titleColor: 'var(--quiet)',
    labelFontSize: 12,
    titleFontSize: 12,
  };
  return {
    $schema: 'https://vega.github.io/schema/vega-lite/v6.json',
    background: 'transparent',
    width,
    height,
    autosize: { type: 'fit', contains: 'padding' },
    padding: 2,
    config: {
      aria: false,
      font: 'inherit',
      view: { stroke: null },
      axis: {
        ...text,
        gridColor: 'var(--line)',
        domainColor: 'var(--line)',
        tickColor: 'var(--line)',
        titleFontWeight: 'normal',
      },
    },
  } as const satisfies Partial<TopLevelSpec>;
}

let library: ReturnType<typeof loadLibrary> | null = null;

/** One after the other: they share most of their modules. */
async function loadLibrary() {
  const { parse, View } = await import('vega');
  const { compile } = await import('vega-lite');
  return { parse, View, compile };
}

async function svgOf(spec: TopLevelSpec): Promise<string> {
  library ??= loadLibrary();
  const { parse, View, compile } = await library;
  const svg = await new View(parse(compile(spec).spec), { renderer: 'none' }).toSVG();
  // Sized by the page; the box says in which proportion.
  return svg.replace(
    /^<svg ([^>]*?)width="[\d.]+" height="[\d.]+"/,
    '<svg aria-hidden="true" focusable="false" $1',
  );
}
