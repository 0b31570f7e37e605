/** How much is measured. The whole run takes less than forty minutes on two cores, the quick one a few minutes. */

export interface Sizes {
  /** Times that each thing and its floor are measured, in turn. */
  rounds: number;
  /** Enrollments that fall due at one instant. */
  herd: number;
  /** Of those, how many the comparisons of growth take. */
  probe: number;
  /** Enrollments asleep at first, and in the end: what few of them cost is compared with many. */
  fewSleeping: number;
  sleeping: number;
  /** Requests to Stripe a second that the stand-in allows. */
  stripeLimit: number;
  limitedHerd: number;
  /** Herds with the limit on. */
  limitRounds: number;
  /** Echoes in one sample at full speed: seconds of it. */
  webhooks: number;
  /** News in one: each has to be delivered afterwards, 150 to 200 a second. */
  news: number;
  /** Seconds of one sample at half load. */
  halfLoadSeconds: number;
  /** Seconds of one sample of reads. */
  requestSeconds: number;
  /** Enrollments by POST whose time is measured. */
  writes: number;
  /** Enrollments whose twenty-fourth charge is compared with the first. */
  longLived: number;
  /** Whole starts of the stack, of the tests. */
  starts: boolean;
}

const USUAL: Sizes = {
  rounds: 4,
  herd: 1_000,
  probe: 400,
  fewSleeping: 1_000,
  sleeping: 10_000,
  stripeLimit: 100,
  limitedHerd: 1_000,
  limitRounds: 2,
  webhooks: 10_000,
  news: 5_000,
  halfLoadSeconds: 2.5,
  requestSeconds: 2,
  writes: 400,
  longLived: 24,
  starts: true,
};

const QUICK: Sizes = {
  rounds: 2,
  herd: 120,
  probe: 40,
  fewSleeping: 20,
  sleeping: 200,
  stripeLimit: 25,
  limitedHerd: 100,
  limitRounds: 2,
  webhooks: 2_000,
  news: 800,
  halfLoadSeconds: 1.5,
  requestSeconds: 1,
  writes: 60,
  longLived: 6,
  starts: false,
};

/** @param scale multiplies the counts, for trying the bench itself */
export function sizesOf(kind: 'quick' | 'usual', scale = 1): Sizes {
  const sizes = { quick: QUICK, usual: USUAL }[kind];
  const scaled = (count: number) => Math.max(2, Math.round(count * scale));
  return {
    ...sizes,
    herd: scaled(sizes.herd),
    probe: scaled(sizes.probe),
    fewSleeping: scaled(sizes.fewSleeping),
    sleeping: scaled(sizes.sleeping),
    limitedHerd: scaled(sizes.limitedHerd),
    webhooks: scaled(sizes.webhooks),
    news: scaled(sizes.news),
    writes: scaled(sizes.writes),
    longLived: scaled(sizes.longLived),
  };
}
