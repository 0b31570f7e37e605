/** What every command works with, made from the options that all of them share. */
import { userInfo } from 'node:os';
import { createInterface } from 'node:readline/promises';
import type { Command } from 'commander';
import { BillingApi } from './api.ts';
import { CommandFailure, EXIT } from './failure.ts';
import { apiAccess, type Environment, findLocalStack, serviceSettings, settingsFile } from './local-stack.ts';
import { Output } from './output.ts';

export interface SharedOptions {
  json: boolean;
  as?: string;
  stack: string;
}

export class Session {
  readonly out: Output;
  readonly #options: SharedOptions;
  readonly environment: Environment;
  #api: BillingApi | null = null;

  constructor(options: SharedOptions, environment: Environment) {
    this.#options = options;
    this.environment = environment;
    this.out = new Output(options.json);
  }

  /** @throws CommandFailure when nothing says where the API is */
  get api(): BillingApi {
    this.#api ??= new BillingApi({
      ...apiAccess(this.environment, this.#options.stack),
      operator: this.#operator(),
    });
    return this.#api;
  }

  /** For commands that reach past the API. @throws CommandFailure naming what is missing */
  settings(needed: readonly string[]): Environment {
    return serviceSettings(this.environment, this.#options.stack, needed);
  }

  /** What is known of the installation, for commands that need none of it. */
  settingsIfAny(): Environment {
    return { ...findLocalStack(this.#options.stack)?.settings, ...settingsFile(), ...this.environment };
  }

  /**
   * Asks the person to type a word before something is done that cannot be taken back.
   * @param given `--yes`: nobody is asked
   * @throws CommandFailure when the word is not typed (Ctrl-C and Ctrl-D are other words), or nobody is there to type it
   */
  async confirm(question: string, word: string, given: boolean): Promise<void> {
    if (given) {
      return;
    }
    if (process.stdin.isTTY !== true) {
      throw new CommandFailure(EXIT.usage, `${question} Nobody is there to confirm it: add --yes.`);
    }
    const lines = createInterface({ input: process.stdin, output: process.stderr });
    try {
      const typed = await lines.question(`${question} Type ${word} to go on: `).catch((error: unknown) => {
        if (error instanceof Error && error.name === 'AbortError') {
          process.stderr.write('\n');
          return '';
        }
        throw error;
      });
      if (typed.trim() !== word) {
        throw new CommandFailure(EXIT.usage, 'Nothing was done.');
      }
    } finally {
      lines.close();
    }
  }

  /** Who sits here: `--as`, BILLING_OPERATOR, else the name of the account on this machine. */
  #operator(): string {
    const given = this.#options.as ?? this.environment.BILLING_OPERATOR;
    if (given !== undefined && given !== '') {
      if (!/^[\w.@+-]{1,64}$/.test(given)) {
        throw new CommandFailure(
          EXIT.usage,
          `'${given}' is no name of an operator: letters, digits, _ . @ + and -.`,
        );
      }
      return given;
    }
    return (
      userInfo()
        .username.replaceAll(/[^\w.@+-]/g, '-')
        .slice(0, 64) || 'unknown'
    );
  }
}

/** Makes the session of the command that runs. */
export type OpenSession = (command: Command) => Session;
