/**
 * Lets requests to Stripe go out evenly, at a rate that all Workers keep to together, and those that a customer waits for
 * before those that a schedule made. Used by `worker/main.ts` for the Stripe client of the process.
 */
import { Context } from '@temporalio/activity';
import { NoTurn } from '../domain/errors.ts';
import { SCHEDULED_PRIORITY } from '../domain/priorities.ts';
import { isOverdue } from './overdue.ts';
import { reservedTurns, SLICE_MS } from './reserved-turns.ts';

/** How far ahead turns are reserved while many wait: long against a query, short against a customer's patience. */
const HORIZON_MS = 200;
/** A turn that nobody was there for may still be used so long after its time. */
const KEPT_FOR_MS = 50;
/** After so many customers in a row one that a schedule made gets its turn: it must not wait for ever. */
const MOST_URGENT_IN_A_ROW = 3;

export interface Turns {
  /**
   * Waits for a turn; first come, first served among those of the same urgency.
   * @param signal gives the place up when it aborts, e.g. because the Activity has timed out
   * @returns to be called when the request has been answered: until then, or for a moment, it may still be on its way
   * @throws NoTurn when none could be reserved, or it was given up: the request was not sent
   */
  take(urgent: boolean, signal?: AbortSignal): Promise<() => void>;
}

interface Waiting {
  go(answered: (at: number) => void): void;
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
  const reserved = reservedTurns(perSecond);
  const urgent: Waiting[] = [];
  const usual: Waiting[] = [];
  let urgentInARow = 0;
  let reserving = false;
  let timer: NodeJS.Timeout | undefined;

  const waiting = () => urgent.length + usual.length;

  function next(): Waiting | undefined {
    const goesUrgent = usual.length === 0 || (urgent.length > 0 && urgentInARow < MOST_URGENT_IN_A_ROW);
    urgentInARow = goesUrgent ? urgentInARow + 1 : 0;
    return goesUrgent ? urgent.shift() : usual.shift();
  }

  function useTurns(): void {
    const now = performance.now();
    while (waiting() > 0 && reserved.nextAt(now) <= now) {
      next()?.go(reserved.use(now));
    }
    clearTimeout(timer);
    const nextAt = waiting() === 0 ? Number.POSITIVE_INFINITY : reserved.nextAt(now);
    timer = Number.isFinite(nextAt) ? setTimeout(useTurns, Math.max(1, Math.ceil(nextAt - now))) : undefined;
    void reserveMore(now);
  }

  /** For those who wait, as far as turns that are still to come do not do: one that is due and cannot be used waits too. */
  async function reserveMore(now: number): Promise<void> {
    const ahead = reserved.ahead(now);
    const missing = waiting() - ahead;
    if (missing <= 0 || reserving || ahead > mostAtOnce) {
      return;
    }
    reserving = true;
    const count = Math.max(leastAtOnce, Math.min(missing, mostAtOnce));
    try {
      const waitMs = await reserve(count);
      reserved.add(performance.now() + waitMs, count);
    } catch (error) {
      failWithoutTurn(new NoTurn(error));
    } finally {
      reserving = false;
    }
    useTurns();
  }

  /** The last in line, who would have had the turns that could not be reserved. */
  function failWithoutTurn(error: NoTurn): void {
    const ahead = reserved.ahead(performance.now());
    while (waiting() > ahead) {
      (usual.pop() ?? urgent.pop())?.fail(error);
    }
  }

  return {
    take: (isUrgent, signal) =>
      new Promise((resolve, reject) => {
        if (waiting() === 0) {
          reserved.forgetBefore(performance.now() - KEPT_FOR_MS);
        }
        const line = isUrgent ? urgent : usual;
        const giveUp = () => {
          line.splice(line.indexOf(one), 1);
          reject(new NoTurn(signal?.reason));
        };
        const one: Waiting = {
          go(answered) {
            signal?.removeEventListener('abort', giveUp);
            resolve(() => {
              answered(performance.now());
              useTurns();
            });
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

/**
 * The turn of the Activity that asks: urgent when a customer or a caller waits for it, given up when it is canceled or
 * overdue. The Stripe client repeats a request by itself when its connection was closed, after a night in suspend too;
 * Stripe may have forgotten the key by then.
 */
export function turnOfActivity(turns: Turns): () => Promise<() => void> {
  return async () => {
    const { info, cancellationSignal } = Context.current();
    const priority = info.priority?.priorityKey ?? SCHEDULED_PRIORITY;
    const answered = await turns.take(priority < SCHEDULED_PRIORITY, cancellationSignal);
    if (isOverdue()) {
      answered();
      throw new NoTurn(
        new Error('the Activity has taken longer than it may, and is another Worker’s by now'),
      );
    }
    return answered;
  };
}
