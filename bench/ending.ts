/**
 * How a run ends before it is over. The first Ctrl-C, or the deadline, ends it in order: nothing more is measured or
 * started, what was found is told, every process is stopped. The second one ends everything at once.
 */
import os from 'node:os';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

export interface Ending {
  /** Aborted, with an Error that says why, once the run is to end. */
  signal: AbortSignal;
  /** What the process exits with for the signal that ended it; null when none has. */
  exitCode(): number | null;
}

/** @param killAll ends every process without asking */
export function endOnSignals(killAll: () => Promise<void>, deadlineMs: number): Ending {
  const ending = new AbortController();
  let exitCode: number | null = null;
  for (const name of SIGNALS) {
    process.on(name, () => {
      const isFirst = exitCode === null;
      exitCode = 128 + os.constants.signals[name];
      if (isFirst) {
        console.error(`\n${name}: ending in order; once more ends everything at once.`);
        ending.abort(new Error(`ended by ${name}`));
      } else {
        void killAll().finally(() => process.exit(exitCode));
      }
    });
  }
  // What a measurement leaves behind when it ends must not take the others' processes out of our hands.
  process.on('uncaughtException', (error) => {
    if (!ending.signal.aborted) {
      console.error(error);
      process.exitCode = 1;
      ending.abort(error);
    }
  });
  const minutes = Math.round(deadlineMs / 60_000);
  setTimeout(
    () => ending.abort(new Error(`the run was not over within ${minutes} minutes`)),
    deadlineMs,
  ).unref();
  return { signal: ending.signal, exitCode: () => exitCode };
}

/** Waits for `work` as long as the run goes on. What it still does afterwards is nobody's business. @throws why it ended */
export async function unlessEnding<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
  work.catch(() => undefined);
  signal.throwIfAborted();
  const done = new AbortController();
  const ended = new Promise<never>((_resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { signal: done.signal });
  });
  try {
    return await Promise.race([work, ended]);
  } finally {
    done.abort();
  }
}
