/** Prints the demo as a timeline, and looks again until what was promised is there. */

/** A step that was not as described. */
export class StepFailed extends Error {}

export interface Narrator {
  heading(text: string): void;
  /**
   * Does a step and prints what it saw, with the time since the heading.
   * @throws StepFailed naming the step when `act` throws
   */
  step<T>(what: string, act: () => Promise<T>, seen?: (value: T) => string): Promise<T>;
  /** An address to look at. */
  look(what: string, url: string | null): void;
}

export function createNarrator(print: (line: string) => void = console.log): Narrator {
  let startedAtMs = Date.now();
  const elapsed = () => `${((Date.now() - startedAtMs) / 1000).toFixed(1)} s`.padStart(7);
  return {
    heading(text) {
      startedAtMs = Date.now();
      print(`\n${text}\n${'─'.repeat(text.length)}`);
    },
    async step(what, act, seen) {
      try {
        const value = await act();
        const detail = seen ? `: ${seen(value)}` : '';
        print(`${elapsed()}  ✔ ${what}${detail}`);
        return value;
      } catch (error) {
        const reason = error instanceof Error ? error.message : String(error);
        print(`${elapsed()}  ✖ ${what}`);
        throw new StepFailed(`${what}: ${reason}`, { cause: error });
      }
    },
    look(what, url) {
      if (url !== null) {
        print(`${' '.repeat(7)}    ${what}: ${url}`);
      }
    },
  };
}

const PATIENCE_MS = 20_000;

/**
 * Looks until `look` answers without throwing, and returns that.
 * @throws the last error of `look` when it took too long
 */
export async function eventually<T>(look: () => Promise<T>): Promise<T> {
  const deadline = Date.now() + PATIENCE_MS;
  while (true) {
    try {
      return await look();
    } catch (error) {
      if (Date.now() > deadline) {
        throw error;
      }
    }
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

/** @throws Error saying what was seen instead */
export function expect(what: string, seen: unknown, wanted: unknown): void {
  if (seen !== wanted) {
    throw new Error(`${what} is ${JSON.stringify(seen)}, expected ${JSON.stringify(wanted)}`);
  }
}
