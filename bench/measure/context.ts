/** What every measurement is given, and what one is. */
import type { Findings } from '../figures.ts';
import type { Sizes } from '../sizes.ts';
import type { Stage } from '../stage/stage.ts';

export interface Context {
  stage: Stage;
  sizes: Sizes;
  /** One line about what is being done; shown and then replaced. */
  report: (line: string) => void;
}

export interface Measurement {
  name: string;
  title: string;
  /** Left out of a run that names no measurement. */
  onDemand?: true;
  run(context: Context): Promise<Findings>;
}
