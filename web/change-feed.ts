/**
 * Tells open pages when their enrollment changed. However many pages are open, one query at a time asks for all of
 * them; nobody watches, nothing is asked. Used by web/events.ts only.
 */
import type { Kysely } from 'kysely';
import type { Logger } from 'pino';
import { readStamps } from '../db/customer-view.ts';
import type { Database } from '../db/schema.ts';

export interface Watch {
  /** Called with the stamp as it is now, and again whenever it differs. */
  onStamp(stamp: string): void;
  /** Called when the feed closes. */
  onClose(): void;
}

export interface ChangeFeed {
  /** @returns how to stop watching; null when too many are watching already */
  watch(enrollmentId: string, watch: Watch): (() => void) | null;
  /** Ends every watch; no new one is taken. */
  close(): void;
}

/** Open pages in one process. A page that gets no stream asks again now and then instead. */
const MOST_WATCHES = 1_000;
/** Open pages of one enrollment, so that a link in wrong hands cannot use up all. */
const MOST_PER_ENROLLMENT = 10;
const POLL_MS = 1_000;
const POLL_AFTER_ERROR_MS = 5_000;

export function createChangeFeed(deps: {
  db: Kysely<Database>;
  log: Pick<Logger, 'warn'>;
  pollMs?: number;
}): ChangeFeed {
  const watches = new Map<string, Map<Watch, string | null>>();
  let count = 0;
  let timer: NodeJS.Timeout | null = null;
  let isClosed = false;

  function schedule(delayMs: number): void {
    if (timer === null && count > 0 && !isClosed) {
      timer = setTimeout(() => void poll(), delayMs);
    }
  }

  async function poll(): Promise<void> {
    let delayMs = deps.pollMs ?? POLL_MS;
    try {
      // Whoever watched may have left meanwhile.
      tell(watches.size === 0 ? new Map() : await readStamps(deps.db, [...watches.keys()]));
    } catch (error) {
      deps.log.warn({ err: error }, 'open pages could not be brought up to date; tried again');
      delayMs = POLL_AFTER_ERROR_MS;
    }
    timer = null;
    schedule(delayMs);
  }

  function tell(stamps: Map<string, string>): void {
    for (const [enrollmentId, stamp] of stamps) {
      const watching = watches.get(enrollmentId) ?? new Map<Watch, string | null>();
      for (const [watch, last] of watching) {
        if (last !== stamp) {
          watching.set(watch, stamp);
          watch.onStamp(stamp);
        }
      }
    }
  }

  return {
    watch(enrollmentId, watch) {
      const watching = watches.get(enrollmentId) ?? new Map<Watch, string | null>();
      if (isClosed || count >= MOST_WATCHES || watching.size >= MOST_PER_ENROLLMENT) {
        return null;
      }
      watches.set(enrollmentId, watching.set(watch, null));
      count += 1;
      schedule(0);
      return () => {
        if (watching.delete(watch)) {
          count -= 1;
        }
        if (watching.size === 0 && watches.get(enrollmentId) === watching) {
          watches.delete(enrollmentId);
        }
      };
    },
    close() {
      isClosed = true;
      if (timer !== null) {
        clearTimeout(timer);
      }
      for (const watching of [...watches.values()]) {
        for (const watch of [...watching.keys()]) {
          watch.onClose();
        }
      }
    },
  };
}
