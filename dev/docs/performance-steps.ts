/**
 * The chart of `docs/performance.md` that shows what each step of making charges and enrollments faster has brought. The
 * figures are of runs that were made when the step was: they are kept here, since nobody can measure them again.
 */
import { svgOf } from '../simulate/chart.ts';

interface Step {
  /** What the code had come to. */
  state: string;
  /** Each round's charges a second, until the last is made, as a share of the bare Workflow's beside it. */
  charges: readonly number[];
  /** Each round's enrollments a second, as a share of the bare Workflow's beside it. */
  enrollments: readonly number[];
}

/** In the order in which they were taken. */
const STEPS: readonly Step[] = [
  { state: 'two Task Queues, ten statements', charges: [0.37, 0.44], enrollments: [0.63, 0.51] },
  { state: 'one Task Queue, turns at Stripe', charges: [0.4, 0.42], enrollments: [0.59, 0.62] },
  { state: 'one statement', charges: [0.46, 0.5, 0.44, 0.39], enrollments: [0.64, 0.58, 0.63, 0.46] },
  { state: 'no mail without an address', charges: [0.48, 0.48], enrollments: [0.71, 0.55] },
  {
    state: 'the same, on another machine',
    charges: [0.45, 0.55, 0.41, 0.45, 0.42],
    enrollments: [0.67, 0.55, 0.75, 0.61, 0.57],
  },
  {
    state: 'events of production alone',
    charges: [0.48, 0.56, 0.55, 0.47],
    enrollments: [0.69, 0.57, 0.73, 0.56],
  },
  { state: 'the same, a day later', charges: [0.49, 0.5, 0.55], enrollments: [0.86, 0.58, 0.62] },
  { state: 'a heap that does not shrink', charges: [0.53, 0.55, 0.52], enrollments: [0.78, 0.53, 0.6] },
  {
    state: 'the same, two days later',
    charges: [0.51, 0.5, 0.44],
    enrollments: [0.7, 0.66, 0.87, 0.57],
  },
  {
    state: 'histories hold what is used',
    charges: [0.5, 0.59, 0.5, 0.53],
    enrollments: [0.62, 0.69, 0.67, 0.66, 0.75],
  },
  { state: 'connections stay open', charges: [0.64, 0.64, 0.5, 0.61], enrollments: [] },
  {
    state: 'whole run of 28 November',
    charges: [0.56, 0.57, 0.55, 0.51],
    enrollments: [0.72, 0.7, 0.75, 0.69],
  },
  {
    state: 'whole run of 30 November',
    charges: [0.63, 0.58, 0.57, 0.53],
    enrollments: [0.67, 0.71, 0.68, 0.74],
  },
  {
    state: 'the same, a slower machine',
    charges: [0.66, 0.78, 0.72, 0.65],
    enrollments: [0.7, 0.73, 0.65, 0.76],
  },
  {
    state: 'the same, a third time',
    charges: [0.61, 0.53, 0.5, 0.58],
    enrollments: [0.81, 0.73, 0.65, 0.74],
  },
  {
    state: 'the same, a fourth time',
    charges: [0.58, 0.56, 0.49, 0.53],
    enrollments: [0.67, 0.64, 0.77, 0.67],
  },
  {
    state: 'the same, a seventh time',
    charges: [0.62, 0.62, 0.56, 0.7],
    enrollments: [0.74, 0.73, 0.68, 0.76],
  },
];

/** Shares of the bare Workflow's rate. */
const BUDGETS = { charges: 0.65, enrollments: 0.8 };
const RATES = ['charges', 'enrollments'] as const;

/** @returns a complete SVG document: a point for each round, a line at their median, another one at the budget */
export function drawPerformanceSteps(): Promise<string> {
  const rounds = RATES.flatMap((rate) =>
    STEPS.flatMap(({ state, [rate]: ratios }) =>
      ratios.map((ratio) => ({ rate: `${rate}/s`, state, ratio })),
    ),
  );
  const budgets = RATES.map((rate) => ({ rate: `${rate}/s`, budget: BUDGETS[rate] }));
  return svgOf({
    title: {
      text: 'What each step has brought',
      subtitle: 'share of the bare Workflow beside it; point: a round, black: their median, red: budget',
      anchor: 'start',
    },
    padding: 16,
    data: { values: [...rounds, ...budgets] },
    facet: { column: { field: 'rate', type: 'nominal', title: null } },
    spec: {
      width: 230,
      height: { step: 26 },
      layer: [
        {
          transform: [{ filter: 'isValid(datum.ratio)' }],
          encoding: {
            x: { field: 'ratio', type: 'quantitative', title: null, scale: { domain: [0.3, 0.9] } },
            y: { field: 'state', type: 'nominal', title: null, sort: null, axis: { labelLimit: 260 } },
          },
          layer: [
            { mark: { type: 'point', filled: true, opacity: 0.5, size: 60 } },
            {
              mark: { type: 'tick', color: 'black', thickness: 3, size: 18 },
              encoding: { x: { field: 'ratio', type: 'quantitative', aggregate: 'median' } },
            },
          ],
        },
        {
          transform: [{ filter: 'isValid(datum.budget)' }],
          mark: { type: 'rule', color: '#b3261e', strokeWidth: 2 },
          encoding: { x: { field: 'budget', type: 'quantitative' } },
        },
      ],
    },
  });
}
