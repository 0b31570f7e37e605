/** An upgrade while webhooks come in and charges are made, with webhooks that were kept before so much was left out. */
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { type Kysely, Migrator, sql } from 'kysely';
import pg from 'pg';
import { openDatabase } from '../../db/database.ts';
import { MIGRATIONS, migrateToLatest } from '../../db/migrate.ts';
import type { Patience } from '../../db/one-by-one.ts';
import type { Database } from '../../db/schema.ts';
import { receiveStripeEvent } from '../../db/stripe-events.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { waitFor } from '../support/wait.ts';

/** Two whole slices and a part. */
const KEPT = 450;
const LINK = 'https://billing.example.com/c/eyJhbGciOiJIUzI1NiJ9.e30.c2ln';

let database: TestDatabase;
let somebody: pg.Client;
beforeEach(async () => {
  database = await createTestDatabase();
  await sql`drop schema public cascade`.execute(database.db);
  await sql`create schema public`.execute(database.db);
  const before = Object.entries(MIGRATIONS).filter(([name]) => name < '0012');
  const provider = { getMigrations: async () => Object.fromEntries(before) };
  const { error } = await new Migrator({ db: database.db, provider }).migrateToLatest();
  expect(error).toBeUndefined();
  await sql`
    insert into stripe_events (id, type, livemode, payload, stripe_created_at)
    select 'evt_' || lpad(number::text, 4, '0'), 'any', false,
      jsonb_build_object('data', jsonb_build_object('success_url', ${LINK}::text)), now()
    from generate_series(1, ${KEPT}::int) as number`.execute(database.db);
  somebody = new pg.Client({ connectionString: database.url });
  await somebody.connect();
});
afterEach(async () => {
  await somebody.end();
  await database.drop();
});

/** @returns what it ran and said */
async function migrate(patience?: Patience, said: string[] = []) {
  const db = openDatabase({ url: database.url, poolSize: 1, applicationName: 'upgrade', queryTimeoutMs: 0 });
  try {
    return { ran: await migrateToLatest(db, (text) => said.push(text), patience), said };
  } finally {
    await db.destroy();
  }
}

async function lock(id: string): Promise<void> {
  await somebody.query('begin');
  await somebody.query('select from stripe_events where id = $1 for update', [id]);
}

/** @returns the process of the server that it waits in */
const waiting = () =>
  waitFor('the upgrade to wait for a lock', async () => {
    const { rows } = await sql<{ pid: number }>`select pid from pg_stat_activity
      where datname = current_database() and application_name = 'upgrade' and wait_event_type = 'Lock'`.execute(
      database.db,
    );
    return rows[0]?.pid;
  });

async function holdingLinks(db: Kysely<Database>): Promise<string[]> {
  const rows = await db.selectFrom('stripe_events').select(['id', 'payload']).orderBy('id').execute();
  return rows.filter(({ payload }) => JSON.stringify(payload).includes(LINK)).map(({ id }) => id);
}

describe('an upgrade', () => {
  it('keeps neither a webhook nor a charge waiting while a webhook that it wants is locked', async () => {
    await lock('evt_0250');
    const upgrade = migrate();
    await waiting();
    const db = openDatabase({ url: database.url, poolSize: 1, queryTimeoutMs: 2_000 });
    try {
      const event = {
        id: 'evt_new',
        type: 'any',
        apiVersion: null,
        livemode: false,
        objectId: null,
        payload: {},
        stripeCreatedAt: new Date(),
        ignoredReason: null,
      };
      expect(await receiveStripeEvent(db, event, false)).toBe(true);
      // One of the rows that it has written already.
      expect(await receiveStripeEvent(db, { ...event, id: 'evt_0249' }, false)).toBe(false);
      await db.transaction().execute((trx) => sql`lock table charges in row exclusive mode`.execute(trx));
    } finally {
      await db.destroy();
    }
    await somebody.query('rollback');
    const { ran, said } = await upgrade;
    expect(ran.at(0)).toBe('0012-lists-of-operators');
    expect(said).toEqual([
      `Ran ${ran.join(', ')}.`,
      'Waits for the kept webhook evt_0250, which somebody else has locked.',
      expect.stringMatching(/^Looked at 45[01] kept webhooks, and redacted 450\.$/),
    ]);
    expect(await holdingLinks(database.db)).toEqual([]);
  });

  it('that was interrupted is finished by the next one, and then is over', async () => {
    await lock('evt_0250');
    const interrupted = expect(migrate()).rejects.toThrow();
    await sql`select pg_terminate_backend(${await waiting()})`.execute(database.db);
    await interrupted;
    await somebody.query('rollback');
    const left = await holdingLinks(database.db);
    expect([left.includes('evt_0200'), left.includes('evt_0250'), left.at(-1)]).toEqual([
      false,
      true,
      'evt_0450',
    ]);

    const { ran, said } = await migrate();
    expect(ran).toEqual([]);
    expect(said).toEqual([
      'The schema is up to date.',
      `Looked at ${KEPT - 200} kept webhooks, and redacted ${left.length}.`,
    ]);
    expect(await holdingLinks(database.db)).toEqual([]);
    expect(await migrate()).toEqual({ ran: [], said: ['The schema is up to date.'] });
  });
});

describe('an upgrade beside a Worker of before', () => {
  /** A transaction of theirs that writes a refund first, and its charge then. */
  async function refundWritten() {
    await somebody.query('begin');
    await somebody.query('lock table refunds in row exclusive mode');
  }

  it('lets it finish what it has begun, where all migrations in one transaction had them wait for each other', async () => {
    await refundWritten();
    const upgrade = migrate();
    await waiting();
    // The upgrade waits for the table of refunds: what it has done to that of charges is committed.
    await somebody.query("set local lock_timeout = '5s'");
    await somebody.query('lock table charges in row exclusive mode');
    await somebody.query('commit');
    const { ran } = await upgrade;
    expect(ran).toEqual(Object.keys(MIGRATIONS).filter((name) => name >= '0012'));
  });

  it('waits for a table in short turns, so that nobody else waits behind it, and says so', async () => {
    await refundWritten();
    const said: string[] = [];
    const upgrade = migrate({ lockWaitMs: 200, pauseMs: 300, tries: 50 }, said);
    await waiting();
    const db = openDatabase({ url: database.url, poolSize: 1, queryTimeoutMs: 5_000 });
    try {
      await sql`select count(*) from refunds`.execute(db);
    } finally {
      await db.destroy();
    }
    await waitFor('the upgrade to say that it waits', () => said.length > 0);
    await somebody.query('rollback');
    const { ran } = await upgrade;
    expect(ran.at(-1)).toBe(Object.keys(MIGRATIONS).at(-1));
    expect(said[0]).toMatch(
      /^0014-refunds-of-all waits for a lock, up to 50 times 0.2 s. The oldest transaction is that of process \d+, open/,
    );
    expect(said[1]).toBe(`Ran ${ran.join(', ')}.`);
  });

  it('gives up in the end, says who is in the way, and goes on with the next run', async () => {
    await refundWritten();
    await expect(migrate({ lockWaitMs: 50, pauseMs: 50, tries: 3 })).rejects.toThrow(
      /^0014-refunds-of-all did not get its lock in 3 tries of 0.05 s\..* process \d+.* It has changed nothing.* npm run migrate again/,
    );
    await somebody.query('rollback');
    const { ran } = await migrate();
    expect(ran[0]).toBe('0014-refunds-of-all');
  });
});
