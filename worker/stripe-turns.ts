/**
 * Lets requests to Stripe go out one by one and evenly, at a rate that all Workers keep to together, and those that a
 * customer waits for before those that a schedule made. Used by `worker/main.ts` for the Stripe client of the process.
 */

/** How far ahead turns are reserved while many wait: long against a query, short against a customer's patience. */
const HORIZON_MS = 200;
/** Turns of so long are reserved at once, also for a single request: at a high rate, not every request asks the database. */
const SLICE_MS = 10;
/** A turn that nobody was there for may still be used so long after its time; a burst is no longer than a slice. */
const KEPT_FOR_MS = 50;

export interface Turns {
  /**
   * Waits for a turn; first come, first served among those of the same urgency.
   * @throws the error of the reservation, after which the request was not sent
   */
  take(urgent: boolean): Promise<void>;
}

interface Waiting {
  go(): void;
  fail(error: unknown): void;
}

/**
 * @param perSecond requests a second, of all Workers together
 * @param reserve reserves turns for this process: milliseconds until the first; the others follow 1000 / perSecond apart
 */
export function createTurns(perSecond: number, reserve: (count: number) => Promise<number>): Turns {
  const apartMs = 1_000 / perSecond;
  const mostAtOnce = Math.max(1, Math.ceil(HORIZON_MS / apartMs));
  const leastAtOnce = Math.max(1, Math.floor(SLICE_MS / apartMs));
  const urgent: Waiting[] = [];
  const usual: Waiting[] = [];
  /** Reserved and not used yet, in order, by this process's monotonic clock. */
  let turns: number[] = [];
  let reserving = false;
  let timer: NodeJS.Timeout | undefined;

  function useTurns(): void {
    const now = performance.now();
    turns = turns.filter((at) => at > now - KEPT_FOR_MS);
    const due = turns.filter((at) => at <= now).length;
    const waiting = urgent.length + usual.length;
    for (let used = Math.min(due, waiting); used > 0; used -= 1) {
      turns.shift();
      (urgent.shift() ?? usual.shift())?.go();
    }
    clearTimeout(timer);
    const [next] = turns;
    const left = urgent.length + usual.length;
    timer = next === undefined || left === 0 ? undefined : setTimeout(useTurns, Math.ceil(next - now));
    void reserveMore(now);
  }

  async function reserveMore(now: number): Promise<void> {
    const missing = urgent.length + usual.length - turns.length;
    const last = turns.at(-1);
    if (missing <= 0 || reserving || (last !== undefined && last > now + HORIZON_MS)) {
      return;
    }
    reserving = true;
    const count = Math.max(leastAtOnce, Math.min(missing, mostAtOnce));
    try {
      const waitMs = await reserve(count);
      const firstAt = performance.now() + waitMs;
      for (let index = 0; index < count; index += 1) {
        turns.push(firstAt + index * apartMs);
      }
    } catch (error) {
      for (const waiting of [...urgent.splice(0), ...usual.splice(0)]) {
        waiting.fail(error);
      }
      turns = [];
    } finally {
      reserving = false;
    }
    useTurns();
  }

  return {
    take: (isUrgent) =>
      new Promise((go, fail) => {
        (isUrgent ? urgent : usual).push({ go, fail });
        useTurns();
      }),
  };
}
