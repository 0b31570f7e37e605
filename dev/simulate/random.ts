/** Chance that can be repeated: the same seed gives the same numbers on every machine. Used by simulations only. */

export interface Random {
  /** Uniform in [0, 1). */
  next(): number;
  chance(probability: number): boolean;
  /** Exponentially distributed, in the unit of its mean. */
  exponential(mean: number): number;
  between(least: number, most: number): number;
  /** One of the keys, by their weights. */
  pick<Key extends string>(weights: Readonly<Record<Key, number>>): Key;
}

/** Mulberry32: 32 bits of state, good enough to draw populations. */
export function random(seed: number): Random {
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  return {
    next,
    chance: (probability) => next() < probability,
    exponential: (mean) => -mean * Math.log(1 - next()),
    between: (least, most) => least + (most - least) * next(),
    pick(weights) {
      const entries = Object.entries<number>(weights) as [keyof typeof weights, number][];
      let left = next() * entries.reduce((sum, [, weight]) => sum + weight, 0);
      for (const [key, weight] of entries) {
        left -= weight;
        if (left < 0) {
          return key;
        }
      }
      throw new RangeError('nothing to pick from: the weights add up to nothing');
    },
  };
}

/** A seed for one member of a population, so that every policy meets the same member with the same luck. */
export function memberSeed(seed: number, index: number): number {
  return Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b) ^ Math.imul(index + 1, 0xc2b2ae35);
}
