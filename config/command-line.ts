/** The command line of entries that take their settings from the environment alone: `api/main.ts` and its like. */
import { Command } from 'commander';

/**
 * Ends the process when anything was given: with help when that was asked for, otherwise with an error that names what
 * was given. To be called before anything is opened.
 * @param name as it is typed, e.g. `npm run migrate`
 * @param more what follows the description in the help
 */
export function takeNoArguments(
  name: string,
  description: string,
  more = 'Its settings come from the environment and from .env; .env.example lists them.',
): void {
  const command = new Command(name)
    .description(description)
    .addHelpText('after', `\n${more}`)
    .showHelpAfterError('(--help shows what it does)')
    .allowExcessArguments()
    .parse();
  const [unknown] = command.args;
  if (unknown !== undefined) {
    command.error(`error: unknown argument '${unknown}'`);
  }
}
