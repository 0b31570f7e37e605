/** All commands of `durable-billing`, and how each of them ends. Called by `cli/main.ts` and by the test of the docs. */
import path from 'node:path';
import { Command } from 'commander';
import { WrongSettings } from '../config/env.ts';
import project from '../package.json' with { type: 'json' };
import { apiKeyCommands } from './commands/api-keys.ts';
import { chargeCommands } from './commands/charge.ts';
import { enrollmentCommands } from './commands/enrollment.ts';
import { installationCommands } from './commands/installation.ts';
import { lookCommands } from './commands/look.ts';
import { termsCommands } from './commands/terms.ts';
import { webhookCommands } from './commands/webhooks.ts';
import { CommandFailure, EXIT } from './failure.ts';
import type { Environment } from './local-stack.ts';
import { harmless } from './output.ts';
import { Session, type SharedOptions } from './session.ts';

const LOCAL_STACK = path.resolve(import.meta.dirname, '../.durable-billing');

export function buildProgram(environment: Environment): Command {
  const program = new Command('durable-billing')
    .description(
      'What an operator does with durable-billing. Talks to the API at BILLING_API_URL with BILLING_API_KEY; without them, to the local stack of npm run dev.',
    )
    .version(project.version)
    .option('--json', 'one JSON document on standard output, for scripts', false)
    .option(
      '--as <name>',
      'who you are, for the timeline; else BILLING_OPERATOR, else your account on this machine',
    )
    .option('--stack <folder>', 'state folder of another local stack', LOCAL_STACK)
    .showHelpAfterError('(--help shows how it is used)')
    .exitOverride()
    .addHelpText(
      'after',
      '\nEnds with 0: done, 1: refused or not found, 2: used wrongly, 3: no answer, try again, 4: some of many failed.',
    );
  const open = (command: Command) => new Session(command.optsWithGlobals<SharedOptions>(), environment);
  lookCommands(program, open);
  enrollmentCommands(program, open);
  chargeCommands(program, open);
  termsCommands(program, open);
  webhookCommands(program, open);
  apiKeyCommands(program, open);
  installationCommands(program, open);
  return program;
}

/** Prints what went wrong. @returns the exit code */
export function endOf(error: unknown, json: boolean): number {
  if (isCommanderError(error)) {
    // Commander has printed it, or the help that was asked for.
    return error.exitCode === 0 ? 0 : EXIT.usage;
  }
  const message = error instanceof Error ? error.message : String(error);
  const details = error instanceof CommandFailure ? error.details : {};
  console.error(harmless(json ? JSON.stringify({ error: { ...details, message } }) : message));
  if (error instanceof WrongSettings) {
    return EXIT.usage;
  }
  return error instanceof CommandFailure ? error.exitCode : EXIT.refused;
}

function isCommanderError(error: unknown): error is Error & { exitCode: number } {
  return (
    error instanceof Error &&
    'code' in error &&
    String(error.code).startsWith('commander.') &&
    'exitCode' in error
  );
}
