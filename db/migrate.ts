/**
 * Brings the schema up to date. Run by `npm run migrate`, by the local stack and by tests, never by the API or
 * the Worker on their own: a deploy decides when the schema changes.
 */
import { pathToFileURL } from 'node:url';
import type { Kysely, Migration } from 'kysely';
import { takeNoArguments } from '../config/command-line.ts';
import { readDatabaseUrl } from '../config/env.ts';
import { findDeclines } from './backfill-declines.ts';
import { openDatabase } from './database.ts';
import * as initial from './migrations/0001-initial.ts';
import * as eventsByObject from './migrations/0002-events-by-object.ts';
import * as eventSweep from './migrations/0003-event-sweep.ts';
import * as refundsAndDisputes from './migrations/0004-refunds-and-disputes.ts';
import * as oneChargePerOccurrence from './migrations/0005-one-charge-per-occurrence.ts';
import * as customersByStripeId from './migrations/0006-customers-by-stripe-id.ts';
import * as apiKeysAndRedeliveries from './migrations/0008-api-keys-and-redeliveries.ts';
import * as figures from './migrations/0009-figures.ts';
import * as refundRequestKeys from './migrations/0010-refund-request-keys.ts';
import * as requestTurns from './migrations/0011-request-turns.ts';
import * as listsOfOperators from './migrations/0012-lists-of-operators.ts';
import * as noLinksInEvents from './migrations/0013-no-links-in-events.ts';
import * as refundsOfAll from './migrations/0014-refunds-of-all.ts';
import * as versionsOfDetails from './migrations/0015-versions-of-details.ts';
import * as backfills from './migrations/0016-backfills.ts';
import * as webhooksOfAType from './migrations/0017-webhooks-of-a-type.ts';
import * as refusedRefunds from './migrations/0018-refused-refunds.ts';
import * as sumsOfMoney from './migrations/0019-sums-of-money.ts';
import * as sumsOfAttempts from './migrations/0020-sums-of-attempts.ts';
import * as refundsByTime from './migrations/0021-refunds-by-time.ts';
import * as sumsOfDeclinedCharges from './migrations/0022-sums-of-declined-charges.ts';
import * as lastDeclines from './migrations/0023-last-declines.ts';
import * as unansweredAttempts from './migrations/0024-first-attempts-without-answer.ts';
import * as giveUpAt from './migrations/0025-give-up-at.ts';
import * as pricesAndBalances from './migrations/0026-prices-and-balances.ts';
import { LockNotHad, type Patience, runOneByOne } from './one-by-one.ts';
import { redactKeptEvents } from './redact-kept-events.ts';
import type { Database } from './schema.ts';
import { sumAllFigures } from './sum-figures.ts';

/** Numbered, in order, immutable once released. Listed by hand, so that what runs is what was reviewed. */
export const MIGRATIONS: Record<string, Migration> = {
  '0001-initial': initial,
  '0002-events-by-object': eventsByObject,
  '0003-event-sweep': eventSweep,
  '0004-refunds-and-disputes': refundsAndDisputes,
  '0005-one-charge-per-occurrence': oneChargePerOccurrence,
  '0006-customers-by-stripe-id': customersByStripeId,
  '0008-api-keys-and-redeliveries': apiKeysAndRedeliveries,
  '0009-figures': figures,
  '0010-refund-request-keys': refundRequestKeys,
  '0011-request-turns': requestTurns,
  '0012-lists-of-operators': listsOfOperators,
  '0013-no-links-in-events': noLinksInEvents,
  '0014-refunds-of-all': refundsOfAll,
  '0015-versions-of-details': versionsOfDetails,
  '0016-backfills': backfills,
  '0017-webhooks-of-a-type': webhooksOfAType,
  '0018-refused-refunds': refusedRefunds,
  '0019-sums-of-money': sumsOfMoney,
  '0020-sums-of-attempts': sumsOfAttempts,
  '0021-refunds-by-time': refundsByTime,
  '0022-sums-of-declined-charges': sumsOfDeclinedCharges,
  '0023-last-declines': lastDeclines,
  '0024-first-attempts-without-answer': unansweredAttempts,
  '0025-give-up-at': giveUpAt,
  '0026-prices-and-balances': pricesAndBalances,
};

/**
 * Runs the migrations that this database has not seen, each in a transaction of its own, and then what they left to be
 * done: no lock of a table is held for longer than one takes. Safe to call twice and from several processes at once: one
 * goes on while the others wait. After an interruption the next call does the rest.
 * @param say told what waits for a lock, what ran, and then how far the rest is
 * @returns names of the migrations that ran now
 * @throws the error of the first migration that fails, which has changed nothing; or the database's of what is done after
 */
export async function migrateToLatest(
  db: Kysely<Database>,
  say: (text: string) => void = () => {},
  patience?: Patience,
): Promise<string[]> {
  const { ran, failure } = await runOneByOne(db, MIGRATIONS, say, patience);
  if (failure === null || ran.length > 0) {
    say(ran.length === 0 ? 'The schema is up to date.' : `Ran ${ran.join(', ')}.`);
  }
  if (failure !== null) {
    throw failure;
  }
  await redactKeptEvents(db, say);
  await findDeclines(db, say);
  await sumAllFigures(db, say);
  return ran;
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  takeNoArguments(
    'npm run migrate',
    'Brings the schema of the database up to date. Safe to run again, and by two at once.',
    'Needs DATABASE_URL, in the environment or in .env.',
  );
  const db = openDatabase({
    url: readDatabaseUrl(),
    poolSize: 1,
    applicationName: 'durable-billing migrate',
    // An index on a large table takes its time, and so does waiting for another process that migrates.
    queryTimeoutMs: 0,
  });
  try {
    await migrateToLatest(db, console.log);
  } catch (error) {
    if (!(error instanceof LockNotHad)) {
      throw error;
    }
    console.error(error.message);
    process.exitCode = 1;
  } finally {
    await db.destroy();
  }
}
