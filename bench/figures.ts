/** What a measurement brings back: figures, each with its floor where it has one, and curves to be drawn. */
import { middle, pairedRatios } from './statistics.ts';

export type Unit = '/s' | 'ms' | 's' | 'KiB' | 'MiB' | '×' | '%' | '';

export interface Figure {
  /** Stable, for comparing runs, e.g. `charges.per_second`. */
  id: string;
  what: string;
  value: number;
  unit: Unit;
  /** Each sample that the value is the median of. */
  samples: number[];
  /** Measured in the same run, in turn with it. */
  floor: Floor | null;
  /** What it is held to; null when it is only told. */
  budget: { text: string; held: boolean } | null;
}

export interface Floor {
  what: string;
  value: number;
  samples: number[];
  /** Ours as a multiple of it: the median of the ratios of neighbours. Less is better where time is measured. */
  ratio: number;
  ratios: number[];
}

export interface Curve {
  chart: string;
  series: string;
  x: number;
  y: number;
}

export interface Findings {
  figures: Figure[];
  curves: Curve[];
  /** What a reader must know to judge the figures. */
  notes: string[];
}

/** A figure by itself. */
export function figure(
  id: string,
  what: string,
  samples: number | readonly number[],
  unit: Unit,
  budget: Budget | null = null,
): Figure {
  const all = typeof samples === 'number' ? [samples] : [...samples];
  const value = middle(all);
  return { id, what, value, unit, samples: all, floor: null, budget: judged(budget, value) };
}

/** A figure beside its floor; a budget is for the ratio of neighbours. */
export function beside(
  id: string,
  what: string,
  samples: readonly number[],
  unit: Unit,
  floor: { what: string; samples: readonly number[] },
  budget: Budget | null = null,
): Figure {
  const { ratio, ...figured } = withFloor(figure(id, what, samples, unit), floor);
  return { ...figured, budget: judged(budget, ratio) };
}

/** The same, with a budget for the value itself: the floor is only told. */
export function valueBeside(
  id: string,
  what: string,
  samples: readonly number[],
  unit: Unit,
  floor: { what: string; samples: readonly number[] },
  budget: Budget | null = null,
): Figure {
  const { ratio, ...figured } = withFloor(figure(id, what, samples, unit, budget), floor);
  return figured;
}

function withFloor(
  ours: Figure,
  { what, samples }: { what: string; samples: readonly number[] },
): Figure & { ratio: number } {
  const ratios = pairedRatios(ours.samples, samples);
  const ratio = middle(ratios);
  return { ...ours, ratio, floor: { what, value: middle(samples), samples: [...samples], ratio, ratios } };
}

export type Budget = { atLeast: number } | { atMost: number };

function judged(budget: Budget | null, value: number): Figure['budget'] {
  if (budget === null) {
    return null;
  }
  return 'atLeast' in budget
    ? { text: `≥ ${budget.atLeast}`, held: value >= budget.atLeast }
    : { text: `≤ ${budget.atMost}`, held: value <= budget.atMost };
}
