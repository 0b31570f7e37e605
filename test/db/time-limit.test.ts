/** Where no connection may ask for a bound of its statements, the role has one, and it meets those that take their time. */
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { type Kysely, sql } from 'kysely';
import pg from 'pg';
import { readEnrollments } from '../../check-books/read-rows.ts';
import { openDatabase } from '../../db/database.ts';
import { runOneByOne } from '../../db/one-by-one.ts';
import type { Database } from '../../db/schema.ts';
import { makeCharge } from '../ops/rows.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { waitFor } from '../support/wait.ts';

let database: TestDatabase;
/** Under the bound, as a command that a person runs. */
let db: Kysely<Database>;
let somebody: pg.Client;
beforeEach(async () => {
  database = await createTestDatabase();
  const { rows } = await sql<{ name: string }>`select current_database() as name`.execute(database.db);
  await sql`alter database ${sql.id(String(rows[0]?.name))} set statement_timeout = '500ms'`.execute(
    database.db,
  );
  db = openDatabase({ url: database.url, poolSize: 1, queryTimeoutMs: 0, applicationName: 'patient' });
  somebody = new pg.Client({ connectionString: database.url });
  await somebody.connect();
  await somebody.query('set statement_timeout = 0');
});
afterEach(async () => {
  await db.destroy();
  await somebody.end();
  await database.drop();
});

const bound = async () => (await sql`show statement_timeout`.execute(db)).rows;

/** Is over when somebody has waited for longer than the bound. */
async function waitsBeyondTheBound(): Promise<void> {
  await waitFor('a wait', async () => {
    const { rows } = await sql`select from pg_stat_activity where application_name = 'patient'
      and wait_event_type = 'Lock' and query_start < clock_timestamp() - interval '700 ms'`.execute(
      database.db,
    );
    return rows.length > 0;
  });
}

describe('a bound of the role', () => {
  it('does not end a migration that takes longer', async () => {
    const slow = { up: async (trx: Kysely<unknown>) => void (await sql`select pg_sleep(1)`.execute(trx)) };
    await sql`drop table kysely_migration`.execute(db);
    expect(await runOneByOne(db, { '0001-slow': slow }, () => {})).toEqual({
      ran: ['0001-slow'],
      failure: null,
    });
    // A pooler may lend the connection to others.
    expect(await bound()).toEqual([{ statement_timeout: '500ms' }]);
  });

  it('does not end what waits for another process that migrates', async () => {
    await sql`drop table kysely_migration`.execute(db);
    // Kysely's.
    await somebody.query('select pg_advisory_lock(3853314791062309107)');
    const said: string[] = [];
    const patience = { lockWaitMs: 50, pauseMs: 100, tries: 100 };
    const none = { up: async () => {} };
    const upgrade = runOneByOne(db, { '0001-none': none }, (text) => said.push(text), patience);
    await waitFor('it to say that it waits', () => said.length > 0);
    expect(said).toEqual(['Another process migrates.']);
    await somebody.query('select pg_advisory_unlock_all()');
    expect(await upgrade).toEqual({ ran: ['0001-none'], failure: null });
  });

  it('does not end a page of the books that takes longer to read', async () => {
    await makeCharge(database.db, {
      currency: 'jpy',
      amountMinor: 980,
      status: 'succeeded',
      dueAt: new Date(),
    });
    await somebody.query('begin');
    await somebody.query('lock table charge_attempts');
    const reading = readEnrollments(db, null);
    reading.catch(() => undefined);
    await Promise.race([waitsBeyondTheBound(), reading]);
    await somebody.query('rollback');
    expect(await reading).toMatchObject([{ charges: [{ status: 'succeeded' }] }]);
    expect(await bound()).toEqual([{ statement_timeout: '500ms' }]);
  });
});
