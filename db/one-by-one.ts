/**
 * Runs migrations each in a transaction of its own, beside a service that goes on. Called by `db/migrate.ts`.
 *
 * In one transaction they would hold the locks of each until the last has ended, and a Worker that has written a refund
 * and wants its charge would wait for an upgrade that has the charges and wants the refunds, and the other way round.
 * Whoever waits for a table keeps everybody waiting who comes after them, readers too, so an upgrade waits in short
 * turns: a long transaction of somebody else's costs it its patience, and nobody else more than one turn.
 */
import { type Kysely, type Migration, type MigrationResult, Migrator, sql } from 'kysely';
import type { Database } from './schema.ts';
import { liftTimeLimit } from './time-limit.ts';
import { TIME_LIMIT } from './unavailable.ts';

export interface Patience {
  /** For each lock of a try. */
  lockWaitMs: number;
  /** Between two tries, for those who have waited behind. */
  pauseMs: number;
  tries: number;
}

/** Somebody else has what a migration wants, for longer than it waits. The message says what to do. */
export class LockNotHad extends Error {
  override readonly name = 'LockNotHad';
}

/** Two and a half minutes. */
const PATIENCE: Patience = { lockWaitMs: 3_000, pauseMs: 2_000, tries: 30 };
/** PostgreSQL's codes of a lock that was not had: in time, or because two waited for each other. */
const NO_LOCK = ['55P03', '40P01'];

/**
 * Runs those that this database has not seen, in order. Safe from several processes at once: each takes the next that
 * nobody has run, one at a time.
 * @param say told what waits, and why
 * @returns names of those that ran now, and the error of the first that fails: it has changed nothing, those before it stay
 */
export async function runOneByOne(
  db: Kysely<Database>,
  migrations: Record<string, Migration>,
  say: (text: string) => void,
  { lockWaitMs, pauseMs, tries }: Patience = PATIENCE,
): Promise<{ ran: string[]; failure: unknown }> {
  const migrator = new Migrator({ db, provider: { getMigrations: async () => inShortTurns() } });
  const ran: string[] = [];
  for (let tried = 1; ; ) {
    const { error, results = [] } = await migrator.migrateUp();
    const [step] = results;
    if (error === undefined) {
      if (step === undefined) {
        return { ran, failure: null };
      }
      ran.push(step.migrationName);
      tried = 1;
    } else if (step === undefined ? hadNoTurn(error) : hadNoLock(error)) {
      const inTheWay = await oldestTransaction(db);
      if (tried === tries) {
        return { ran, failure: gaveUp(step, inTheWay, error) };
      }
      if (tried === 1) {
        say(
          step === undefined
            ? `Another process migrates.${inTheWay}`
            : `${step.migrationName} waits for a lock, up to ${tries} times ${lockWaitMs / 1_000} s.${inTheWay}`,
        );
      }
      tried += 1;
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
    } else {
      return { ran, failure: error };
    }
  }

  function inShortTurns(): Record<string, Migration> {
    return Object.fromEntries(
      Object.entries(migrations).map(([name, { up }]) => [
        name,
        {
          async up(transaction: Kysely<unknown>) {
            await sql`select set_config('lock_timeout', ${`${lockWaitMs}ms`}, true)`.execute(transaction);
            await liftTimeLimit(transaction);
            await up(transaction);
          },
        },
      ]),
    );
  }

  function gaveUp(step: MigrationResult | undefined, inTheWay: string, cause: unknown): LockNotHad {
    return new LockNotHad(
      step === undefined
        ? `Another process migrates, and was waited for ${tries} times.${inTheWay} Run npm run migrate again once it has ended.`
        : `${step.migrationName} did not get its lock in ${tries} tries of ${lockWaitMs / 1_000} s.${inTheWay} ` +
            'It has changed nothing; those before it are done. Run npm run migrate again once that transaction has ended.',
      { cause },
    );
  }
}

function hadNoLock(error: unknown): boolean {
  return error instanceof Error && 'code' in error && NO_LOCK.includes(String(error.code));
}

/** Kysely waits for the turn of a process outside of any transaction, in a statement that a time limit ends. */
function hadNoTurn(error: unknown): boolean {
  return error instanceof Error && error.message === TIME_LIMIT;
}

/** A sentence about whoever is most likely in the way; empty when nobody is to be seen. */
async function oldestTransaction(db: Kysely<Database>): Promise<string> {
  const { rows } = await sql<{ pid: number; name: string; seconds: number }>`
    select pid, application_name as name, extract(epoch from now() - xact_start)::int as seconds from pg_stat_activity
    where datname = current_database() and pid <> pg_backend_pid() and xact_start is not null
    order by xact_start limit 1`.execute(db);
  return rows
    .map(
      ({ pid, name, seconds }) =>
        ` The oldest transaction is that of process ${pid}${name === '' ? '' : ` (${name})`}, open for ${seconds} s.`,
    )
    .join('');
}
