/** Commands about the installation itself: its books, its search attributes, its saved queries. */
import { spawn } from 'node:child_process';
import path from 'node:path';
import type { Command } from 'commander';
import { readTemporalSettings } from '../../config/env.ts';
import { ensureSearchAttributes, SEARCH_ATTRIBUTE_TYPES } from '../../config/search-attributes.ts';
import { CommandFailure, EXIT } from '../failure.ts';
import type { Environment } from '../local-stack.ts';
import { table } from '../output.ts';
import { savedQueries, uiAddress } from '../queries.ts';
import type { OpenSession, Session } from '../session.ts';

/** Until an answer that has not come is given up; asking again is safe. */
const TEMPORAL_TIMEOUT_MS = 10_000;

const PROJECT = path.resolve(import.meta.dirname, '../..');

export function installationCommands(program: Command, open: OpenSession): void {
  program
    .command('check-books')
    .description(
      'compare Stripe, PostgreSQL and the Workflows; needs the settings of the API (--help shows its options)',
    )
    .helpOption(false)
    .allowUnknownOption()
    .argument('[options...]')
    .action(async (given: string[], _options: object, command: Command) => {
      const { json, stack } = command.optsWithGlobals<{ json: boolean; stack: string }>();
      const args = ['--stack', stack, ...(json ? ['--json'] : []), ...given];
      await runScript('check-books/main.ts', args, open(command).environment);
    });

  program
    .command('search-attributes')
    .description('register what Temporal finds enrollments by; needs TEMPORAL_ADDRESS')
    .action(async (_options: object, command: Command) => {
      const session = open(command);
      const added = await register(session);
      const all = Object.entries(SEARCH_ATTRIBUTE_TYPES).map(([name, { type }]) => ({ name, type }));
      session.out.result({ registered_now: added, search_attributes: all }, () => {
        const rows = all.map(({ name, type }) => [
          name,
          type,
          added.includes(name) ? 'registered now' : 'there',
        ]);
        return table(['SEARCH ATTRIBUTE', 'TYPE', 'STATE'], rows);
      });
    });

  program
    .command('queries')
    .description("the operator's questions as queries for the Temporal UI, with today's date in them")
    .action((_options: object, command: Command) => {
      const session = open(command);
      const settings = session.settingsIfAny();
      const { TEMPORAL_UI_URL: ui, TEMPORAL_NAMESPACE: namespace } = settings;
      const queries = savedQueries(new Date()).map((saved) => ({
        ...saved,
        url: ui ? uiAddress(ui, namespace || 'default', saved.query) : null,
      }));
      session.out.result({ queries }, () =>
        queries
          .map(({ question, query, url }) =>
            [question, `  ${query}`, ...(url === null ? [] : [`  ${url}`])].join('\n'),
          )
          .join('\n\n'),
      );
    });
}

async function register(session: Session): Promise<string[]> {
  const settings = readTemporalSettings(session.settings(['TEMPORAL_ADDRESS']));
  // Only here: loading it takes longer than most commands.
  const { isTemporalUnavailable, openTemporalClient } = await import('../../config/temporal.ts');
  try {
    const temporal = await openTemporalClient(settings);
    const { client } = temporal;
    try {
      return await client.withDeadline(Date.now() + TEMPORAL_TIMEOUT_MS, () =>
        ensureSearchAttributes(client.connection, settings.TEMPORAL_NAMESPACE),
      );
    } finally {
      await temporal.close();
    }
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new CommandFailure(
      isTemporalUnavailable(error) ? EXIT.unavailable : EXIT.refused,
      `Temporal at ${settings.TEMPORAL_ADDRESS}: ${why}`,
    );
  }
}

/** Another entry of the project, which looks for its settings itself, with its own options and exit codes. */
async function runScript(file: string, args: string[], environment: Environment) {
  const child = spawn(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', path.join(PROJECT, file), ...args],
    { stdio: 'inherit', env: { ...environment } },
  );
  process.exitCode = await new Promise<number>((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code) => resolve(code ?? EXIT.refused));
  });
}
