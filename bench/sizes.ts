/** How much is measured. The whole run takes half an hour on two cores, the quick one a few minutes. */

export interface Sizes {
  /** Times that each thing and its floor are measured, in turn. */
  rounds: number;
  /** Enrollments that fall due at one instant. */
  herd: number;
  /** Of those, how many the comparisons of growth take. */
  probe: number;
  /** Enrollments asleep in the end, for comparing with few. */
  sleeping: number;
  /** Requests to Stripe a second that the stand-in allows. */
  stripeLimit: number;
  limitedHerd: number;
  /** Webhooks in one sample. */
  webhooks: number;
  /** Seconds of one sample of requests. */
  requestSeconds: number;
  /** Enrollments whose twenty-fourth charge is compared with the first. */
  longLived: number;
  /** Whole starts of the stack, of the tests. */
  starts: boolean;
}

const USUAL: Sizes = {
  rounds: 2,
  herd: 1_000,
  probe: 200,
  sleeping: 2_000,
  stripeLimit: 100,
  limitedHerd: 800,
  webhooks: 3_000,
  requestSeconds: 4,
  longLived: 24,
  starts: true,
};

const QUICK: Sizes = {
  rounds: 1,
  herd: 120,
  probe: 40,
  sleeping: 200,
  stripeLimit: 25,
  limitedHerd: 100,
  webhooks: 800,
  requestSeconds: 2,
  longLived: 6,
  starts: false,
};

const FULL: Sizes = { ...USUAL, rounds: 3, sleeping: 10_000, probe: 1_000, longLived: 60 };

/** @param scale multiplies the counts, for trying the bench itself */
export function sizesOf(kind: 'quick' | 'usual' | 'full', scale = 1): Sizes {
  const sizes = { quick: QUICK, usual: USUAL, full: FULL }[kind];
  const scaled = (count: number) => Math.max(2, Math.round(count * scale));
  return {
    ...sizes,
    herd: scaled(sizes.herd),
    probe: scaled(sizes.probe),
    sleeping: scaled(sizes.sleeping),
    limitedHerd: scaled(sizes.limitedHerd),
    webhooks: scaled(sizes.webhooks),
    longLived: scaled(sizes.longLived),
  };
}
