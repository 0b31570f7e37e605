/** What a measurement brings back: figures, each with its floor where it has one, and curves to be drawn. */
import { middle, pairedRatio } from './statistics.ts';

export type Unit = '/s' | 'ms' | 's' | 'B' | 'kB' | 'MB' | '×' | '%' | '';

export interface Figure {
  /** Stable, for comparing runs, e.g. `charges.per_second`. */
  id: string;
  what: string;
  value: number;
  unit: Unit;
  /** Each sample that the value is the median of. */
  samples: number[];
  /** Measured in the same run, in turn with it. */
  floor: { what: string; value: number; samples: number[]; ratio: number } | null;
  /** What it is held to; null when it is only told. */
  budget: { text: string; held: boolean } | null;
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
  const ratio = pairedRatio(samples, floor.samples);
  return {
    ...figure(id, what, samples, unit),
    floor: { what: floor.what, value: middle(floor.samples), samples: [...floor.samples], ratio },
    budget: judged(budget, ratio),
  };
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
