/** An upgrade while webhooks come in and charges are made, with webhooks that were kept before so much was left out. */
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { type Kysely, Migrator, sql } from 'kysely';
import pg from 'pg';
import { openDatabase } from '../../db/database.ts';
import { MIGRATIONS, migrateToLatest } from '../../db/migrate.ts';
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
async function migrate() {
  const db = openDatabase({ url: database.url, poolSize: 1, applicationName: 'upgrade', queryTimeoutMs: 0 });
  const said: string[] = [];
  try {
    return { ran: await migrateToLatest(db, (text) => said.push(text)), said };
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
  waitFor('the upgrade to wait for the row', async () => {
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
