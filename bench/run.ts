/** One run: which measurements, in which order, on one stage. Called by `bench/main.ts` and by its test. */
import type { Findings } from './figures.ts';
import { charges } from './measure/charges.ts';
import type { Measurement } from './measure/context.ts';
import { growth } from './measure/growth.ts';
import { requests } from './measure/requests.ts';
import { starts, suite } from './measure/starts.ts';
import { stripeLimit } from './measure/stripe-limit.ts';
import { webhooks } from './measure/webhooks.ts';
import type { Setting } from './report/setting.ts';

/** Growth comes first: it compares a stage with few sleepers to one with many. */
export const MEASUREMENTS: readonly Measurement[] = [
  growth,
  charges,
  stripeLimit,
  webhooks,
  requests,
  starts,
  suite,
];

export interface Run {
  kind: 'quick' | 'usual';
  setting: Setting;
  /** How fast the machine was before, between and after the measurements, as `bench/stage/pace.ts` says. */
  paces: number[];
  seconds: number;
  sections: { name: string; title: string; findings: Findings }[];
  /** Measurements that brought nothing, and why: a run that has some is not a whole one. */
  failures: { name: string; message: string }[];
}
