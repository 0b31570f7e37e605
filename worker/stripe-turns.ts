/**
 * Lets requests to Stripe go out one by one and evenly, at a rate that all Workers keep to together, and those that a
 * customer waits for before those that a schedule made. Used by `worker/main.ts` for the Stripe client of the process.
 */
import { Context } from '@temporalio/activity';
import { NoTurn } from '../domain/errors.ts';
import { SCHEDULED_PRIORITY } from '../domain/priorities.ts';

/** How far ahead turns are reserved while many wait: long against a query, short against a customer's patience. */
const HORIZON_MS = 200;
/** Turns of so long are reserved at once, also for a single request: at a high rate, not every request asks the database. */
const SLICE_MS = 10;
/** A turn that nobody was there for may still be used so long after its time; a burst is no longer than a slice. */
const KEPT_FOR_MS = 50;
/**
 * What a process that was late for a moment makes up for goes out this much faster than the rate, never at once: Stripe
 * would count a burst. With 97 of 100 a second it is still within the limit.
 */
const MAKING_UP = 1.02;
/** After so many customers in a row one that a schedule made gets its turn: it must not wait for ever. */
const MOST_URGENT_IN_A_ROW = 3;

export interface Turns {
  /**
   * Waits for a turn; first come, first served among those of the same urgency.
   * @param signal gives the place up when it aborts, e.g. because the Activity has timed out
   * @throws NoTurn when none could be reserved, or it was given up: the request was not sent
   */
  take(urgent: boolean, signal?: AbortSignal): Promise<void>;
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
  const gapMs = apartMs / MAKING_UP;
  /** Timers are as coarse as a millisecond: at a high rate several go at once. */
  const togetherMs = Math.max(0, SLICE_MS - gapMs);
  const urgent: Waiting[] = [];
  const usual: Waiting[] = [];
  /** Reserved and not used yet, in order, by this process's monotonic clock. */
  let turns: number[] = [];
  /** When the next request may go, however many turns are due by then. */
  let pacedAt = 0;
  let urgentInARow = 0;
  let reserving = false;
  let timer: NodeJS.Timeout | undefined;

  const waiting = () => urgent.length + usual.length;

  function next(): Waiting | undefined {
    const goesUrgent = usual.length === 0 || (urgent.length > 0 && urgentInARow < MOST_URGENT_IN_A_ROW);
    urgentInARow = goesUrgent ? urgentInARow + 1 : 0;
    return goesUrgent ? urgent.shift() : usual.shift();
  }

  function nextTurn(): number {
    return Math.max(turns[0] ?? Number.POSITIVE_INFINITY, pacedAt - togetherMs);
  }

  function useTurns(): void {
    const now = performance.now();
    while (waiting() > 0 && nextTurn() <= now) {
      turns.shift();
      pacedAt = Math.max(pacedAt, now) + gapMs;
      next()?.go();
    }
    clearTimeout(timer);
    timer =
      turns.length === 0 || waiting() === 0
        ? undefined
        : setTimeout(useTurns, Math.max(1, Math.ceil(nextTurn() - now)));
    void reserveMore(now);
  }

  async function reserveMore(now: number): Promise<void> {
    const missing = waiting() - turns.length;
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
      failWithoutTurn(new NoTurn(error));
    } finally {
      reserving = false;
    }
    useTurns();
  }

  /** The last in line, who would have had the turns that could not be reserved. */
  function failWithoutTurn(error: NoTurn): void {
    while (waiting() > turns.length) {
      (usual.pop() ?? urgent.pop())?.fail(error);
    }
  }

  return {
    take: (isUrgent, signal) =>
      new Promise<void>((resolve, reject) => {
        if (waiting() === 0) {
          const now = performance.now();
          turns = turns.filter((at) => at > now - KEPT_FOR_MS);
        }
        const line = isUrgent ? urgent : usual;
        const giveUp = () => {
          line.splice(line.indexOf(one), 1);
          reject(new NoTurn(signal?.reason));
        };
        const one: Waiting = {
          go() {
            signal?.removeEventListener('abort', giveUp);
            resolve();
          },
          fail(error) {
            signal?.removeEventListener('abort', giveUp);
            reject(error);
          },
        };
        line.push(one);
        if (signal?.aborted) {
          giveUp();
          return;
        }
        signal?.addEventListener('abort', giveUp, { once: true });
        useTurns();
      }),
  };
}

/** The turn of the Activity that asks: urgent when a customer or a caller waits for it, given up when it is canceled. */
export function turnOfActivity(turns: Turns): () => Promise<void> {
  return () => {
    const { info, cancellationSignal } = Context.current();
    const priority = info.priority?.priorityKey ?? SCHEDULED_PRIORITY;
    return turns.take(priority < SCHEDULED_PRIORITY, cancellationSignal);
  };
}
