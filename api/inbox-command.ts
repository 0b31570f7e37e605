/** `npm run inbox -- list | redeliver`: the inbox of webhooks, for whoever may read the database. */
import { Command, InvalidArgumentError } from 'commander';
import type { Kysely } from 'kysely';
import { readDatabaseUrl } from '../config/env.ts';
import { openDatabase } from '../db/database.ts';
import { type InboxState, listStripeEvents, redeliver } from '../db/inbox-operations.ts';
import type { Database } from '../db/schema.ts';

const STATES: readonly InboxState[] = ['pending', 'signalled', 'ignored'];

const program = new Command('inbox').description('webhooks that were accepted, and what became of them');

program
  .command('list')
  .description('the newest first, one a line: id, type, when it came, what became of it')
  .option('--state <state>', `only ${STATES.join(', ')}`, readState)
  .option('--enrollment <id>', 'only those of one enrollment')
  .option('--limit <number>', 'how many', Number, 50)
  .action((options: { state?: InboxState; enrollment?: string; limit: number }) =>
    withDatabase(async (db) => {
      const { state, enrollment: enrollmentId, limit } = options;
      for (const row of await listStripeEvents(db, { state, enrollmentId, limit })) {
        const became =
          row.signalled_at !== null
            ? `signalled ${row.signalled_at.toISOString()}`
            : row.ignored_reason !== null
              ? `ignored, because: ${row.ignored_reason}`
              : `pending after ${row.signal_attempts} tries${row.last_error === null ? '' : `: ${row.last_error}`}`;
        console.log(
          [row.id, row.type, row.received_at.toISOString(), row.enrollment_id ?? '-', became].join('\t'),
        );
      }
    }),
  );

program
  .command('redeliver')
  .description('have events delivered once more by the next API process that looks; Workflows accept repeats')
  .argument('<id...>', 'evt_…, as list shows them')
  .action((ids: string[]) =>
    withDatabase(async (db) => {
      for (const id of ids) {
        if (!(await redeliver(db, id))) {
          throw new Error(`no event '${id}' in the inbox`);
        }
        console.error(`${id} is due again.`);
      }
    }),
  );

try {
  await program.parseAsync();
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}

async function withDatabase(act: (db: Kysely<Database>) => Promise<void>): Promise<void> {
  const db = openDatabase({ url: readDatabaseUrl(), poolSize: 1, applicationName: 'durable-billing inbox' });
  try {
    await act(db);
  } finally {
    await db.destroy();
  }
}

function readState(text: string): InboxState {
  const state = STATES.find((known) => known === text);
  if (state === undefined) {
    throw new InvalidArgumentError(`'${text}' is none of ${STATES.join(', ')}.`);
  }
  return state;
}
