/** What the command line ends with when something does not work out: a sentence for the person, a code for the script. */

/** Documented in docs/operations.md. */
export const EXIT = {
  /** The API refused, or there is no such thing; differences in the books. */
  refused: 1,
  /** Wrong use, missing settings, a key that is not good enough. */
  usage: 2,
  /** No answer, or one that says to try again later. */
  unavailable: 3,
  /** Some of many went through and some did not. */
  partly: 4,
} as const;

export class CommandFailure extends Error {
  readonly exitCode: number;
  /** As the API answered it, for `--json`. */
  readonly details: Readonly<Record<string, unknown>>;

  constructor(exitCode: number, message: string, details: Record<string, unknown> = {}) {
    super(message);
    this.name = 'CommandFailure';
    this.exitCode = exitCode;
    this.details = details;
  }
}
