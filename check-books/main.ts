/**
 * `npm run check-books`: compares Stripe, PostgreSQL and the Workflows of a running installation. Exits with 1 when they
 * differ, with 2 when one of them could not be read. Reads only, unless `--repair` is given. Without settings it looks at
 * the local stack of `npm run dev`.
 */
import { Command, InvalidArgumentError } from 'commander';
import { createTemporalBillingClient } from '../api/temporal-billing-client.ts';
import { CommandFailure } from '../cli/failure.ts';
import { serviceSettings } from '../cli/local-stack.ts';
import { readSettings, type Settings, WrongSettings } from '../config/env.ts';
import { createLogger } from '../config/logger.ts';
import { createStripe, isLiveKey } from '../config/stripe.ts';
import { openTemporalClient } from '../config/temporal.ts';
import { openDatabase } from '../db/database.ts';
import { type Checked, checkBooks } from './check.ts';
import { repair } from './repair.ts';
import { report } from './report.ts';

const program = new Command('check-books')
  .description('compares what Stripe, PostgreSQL and the Workflows say, and what to do about differences')
  .option('--enrollment <id...>', 'only these enrollments')
  .option('--repair', 'carry out the repairs that have one right answer', false)
  .option('--json', 'one JSON document on standard output', false)
  .option(
    '--stack <folder>',
    'the local stack that is checked when there are no settings',
    '.durable-billing',
  )
  .option('--settle-ms <ms>', 'how long a difference may take to pass by itself', milliseconds, 3_000)
  .showHelpAfterError('(--help shows how it is used)')
  // 1 would be a difference.
  .exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? 0 : 2))
  .parse();
const options = program.opts<{
  enrollment?: string[];
  repair: boolean;
  json: boolean;
  settleMs: number;
  stack: string;
}>();

const settings = settingsOrEnd();
const db = openDatabase({
  url: settings.DATABASE_URL,
  poolSize: 4,
  preparedStatements: settings.DATABASE_PREPARED_STATEMENTS,
  applicationName: 'durable-billing check-books',
  // Somebody waits who sees what is being read, and may leave.
  queryTimeoutMs: 0,
});
const temporal = await openTemporalClient(settings).catch(async (error: unknown) => {
  await db.destroy();
  tellUnread(error);
  // 1 would be a difference.
  process.exit(2);
});
const deps = {
  db,
  client: temporal.client,
  stripe: createStripe(settings),
  taskQueue: settings.TASK_QUEUE,
};
const check = () =>
  checkBooks(deps, {
    only: options.enrollment ?? null,
    settleMs: options.settleMs,
    progress: (line) => console.error(line),
  });

try {
  let checked = await check();
  let repairs: string[] = [];
  if (options.repair && checked.differences.length > 0) {
    repairs = await repairAll(checked);
    checked = await check();
  }
  console.log(
    options.json
      ? JSON.stringify({ ...checked, repairs }, null, 2)
      : report(checked, repairs, options.repair),
  );
  process.exitCode = checked.differences.length === 0 ? 0 : 1;
} catch (error) {
  tellUnread(error);
  process.exitCode = 2;
} finally {
  await temporal.close();
  await db.destroy();
}

function tellUnread(error: unknown): void {
  console.error(`The books could not be read: ${error instanceof Error ? error.message : String(error)}`);
}

function settingsOrEnd(): Settings {
  try {
    return readSettings(serviceSettings(process.env, options.stack, ['DATABASE_URL', 'STRIPE_SECRET_KEY']));
  } catch (error) {
    if (error instanceof CommandFailure || error instanceof WrongSettings) {
      console.error(error.message);
      process.exit(2);
    }
    throw error;
  }
}

async function repairAll({ differences }: Checked): Promise<string[]> {
  const { client } = temporal;
  const done = await repair(
    {
      ...deps,
      billing: createTemporalBillingClient({ client, taskQueue: settings.TASK_QUEUE }),
      livemode: isLiveKey(settings.STRIPE_SECRET_KEY),
      log: createLogger({ LOG_LEVEL: 'error' }, process.stderr),
    },
    differences,
  );
  for (const line of done) {
    console.error(`repair: ${line}`);
  }
  return done;
}

function milliseconds(text: string): number {
  if (!/^\d{1,7}$/.test(text)) {
    throw new InvalidArgumentError('expected whole milliseconds, e.g. 3000.');
  }
  return Number(text);
}
