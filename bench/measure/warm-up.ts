/**
 * Lets every part compile and fill its caches before anything counts, and learns how fast this machine is today: a herd
 * needs an instant that comes after all of it is enrolled.
 */
import { bareFloor } from '../floors/bare.ts';
import type { Stage } from '../stage/stage.ts';
import { enrollMany, monthlyFrom } from './callers.ts';
import type { Context } from './context.ts';

/** Per second. */
export interface Rates {
  enrollments: number;
  bareEnrollments: number;
  bareStarts: number;
}

const learned = new WeakMap<Stage, Rates>();

export async function expectedRates({ stage, sizes, report }: Context): Promise<Rates> {
  const known = learned.get(stage);
  if (known !== undefined) {
    return known;
  }
  const count = Math.max(8, Math.min(60, sizes.herd / 4));
  report(`warming up with ${Math.round(count)} enrollments`);
  await stage.ensureWorker();
  const far = new Date(Date.now() + 40 * 86_400_000).toISOString();
  await enrollMany(stage, Math.round(count / 2), monthlyFrom(far));
  const { seconds } = await enrollMany(stage, Math.round(count / 2), monthlyFrom(far));
  const floor = await bareFloor(stage);
  await floor.enrollments(Math.round(count / 2));
  const bareSeconds = await floor.enrollments(Math.round(count / 2));
  const bareEnrollments = count / 2 / bareSeconds;
  const rates = { enrollments: count / 2 / seconds, bareEnrollments, bareStarts: 2 * bareEnrollments };
  learned.set(stage, rates);
  return rates;
}

/** What a round has shown counts more than a small warm-up. */
export function expectations(rates: Rates, measured: { ours: number[]; bare: number[] }): void {
  rates.enrollments = measured.ours.at(-1) ?? rates.enrollments;
  rates.bareEnrollments = measured.bare.at(-1) ?? rates.bareEnrollments;
  rates.bareStarts = 2 * rates.bareEnrollments;
}
