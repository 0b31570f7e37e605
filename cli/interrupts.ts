/** Ctrl-C while many things are done one after the other: the first one lets finish what is under way. */
import { EXIT } from './failure.ts';

/** `cli/bin.js` passes on what a terminal has sent to both already: what comes within this time is one Ctrl-C. */
const ONE_PRESS_MS = 500;

export interface Interrupts {
  /** Aborted by the first Ctrl-C. A second one ends the process. */
  signal: AbortSignal;
  /** Gives Ctrl-C its usual meaning back. */
  release(): void;
}

export function watchInterrupts(): Interrupts {
  const stop = new AbortController();
  let firstAtMs: number | null = null;
  const press = () => {
    firstAtMs ??= performance.now();
    if (performance.now() - firstAtMs > ONE_PRESS_MS) {
      process.exit(EXIT.partly);
    }
    stop.abort();
  };
  // Not `once`: what gives the cursor back at the end would find no other listener, and end the process itself.
  process.on('SIGINT', press);
  return { signal: stop.signal, release: () => process.off('SIGINT', press) };
}
