/** What is made of samples. Pure. Percentiles and medians are a library's. */
import { median, quantile } from 'simple-statistics';

/** Median of one value or more. @throws Error for none */
export function middle(samples: readonly number[]): number {
  if (samples.length === 0) {
    throw new Error('there is no median of no samples');
  }
  return median([...samples]);
}

/** The value that `share` of the samples are at or below. @param share 0 to 1 */
export function percentile(samples: readonly number[], share: number): number {
  if (samples.length === 0) {
    throw new Error('there is no percentile of no samples');
  }
  return quantile([...samples], share);
}

/**
 * The ratios of neighbours: what was measured side by side is compared with each other and with nothing
 * else, so that a machine that is slower for a while slows both.
 * @throws Error unless there are as many of one as of the other
 */
export function pairedRatios(ours: readonly number[], theirs: readonly number[]): number[] {
  if (ours.length !== theirs.length) {
    throw new Error(`${ours.length} samples cannot be paired with ${theirs.length}`);
  }
  return ours.map((value, index) => value / (theirs[index] ?? Number.NaN));
}

/** Runs each of several things in turn, over and over: A B A B. */
export async function inTurn<Name extends string>(
  rounds: number,
  things: Record<Name, (round: number) => Promise<number>>,
): Promise<Record<Name, number[]>> {
  const names = Object.keys(things) as Name[];
  const samples = Object.fromEntries(names.map((name) => [name, [] as number[]])) as Record<Name, number[]>;
  for (let round = 0; round < rounds; round += 1) {
    for (const name of names) {
      samples[name].push(await things[name](round));
    }
  }
  return samples;
}
