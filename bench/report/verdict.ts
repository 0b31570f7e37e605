/** How many budgets were held, and which were not. */
import type { Figure } from '../figures.ts';

/** One line, e.g. `13 of 14 budgets held; not held: charges, 1,000 due at one instant`. */
export function verdict(figures: readonly Figure[]): string {
  const judged = figures.filter(({ budget }) => budget !== null);
  const broken = notHeld(figures);
  const list = broken.map(({ what, budget }) => `${what} (${budget?.text})`).join('; ');
  return `${judged.length - broken.length} of ${judged.length} budgets held${broken.length === 0 ? '' : `; not held: ${list}`}.`;
}

export function notHeld(figures: readonly Figure[]): Figure[] {
  return figures.filter(({ budget }) => budget?.held === false);
}
