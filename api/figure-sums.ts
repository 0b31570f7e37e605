/**
 * Has the figures of what is over summed again and again, while the API runs. Each API process asks, one of them does it.
 * While nobody does, figures stay right and take longer.
 */
import type { Kysely } from 'kysely';
import type { Logger } from 'pino';
import type { Database } from '../db/schema.ts';
import { sumFigures } from '../db/sum-figures.ts';

/** What is not summed yet is read at every look: five minutes, and so long twice. */
const EVERY_MS = 30_000;

export interface FigureSums {
  start(): void;
  /** Resolves when what is under way is done. */
  stop(): Promise<void>;
}

/** @param everyMs from the end of one sum to the beginning of the next. @default 30000 */
export function createFigureSums(
  db: Kysely<Database>,
  log: Pick<Logger, 'warn'>,
  everyMs = EVERY_MS,
): FigureSums {
  let timer: NodeJS.Timeout | null = null;
  let underWay = Promise.resolve();

  const onClockSetBack = () =>
    log.warn({}, "the database's clock was set back: figures are summed anew, and take longer meanwhile");

  async function sum(): Promise<void> {
    try {
      while (timer !== null && (await sumFigures(db, onClockSetBack))) {
        // After a time in which no API ran.
      }
    } catch (error) {
      log.warn({ err: error }, 'figures could not be summed');
    }
    timer?.refresh();
  }

  return {
    start() {
      timer = setTimeout(() => {
        underWay = sum();
      }, everyMs).unref();
    },
    stop() {
      clearTimeout(timer ?? undefined);
      timer = null;
      return underWay;
    },
  };
}
