import { Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { sql } from 'kysely';
import { openDatabase } from '../../db/database.ts';
import { MIGRATIONS, migrateToLatest } from '../../db/migrate.ts';
import { isDatabaseUnavailable } from '../../db/unavailable.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { leftAfterScavenge } from '../support/scavenge.ts';
import { waitFor } from '../support/wait.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

/** An empty database beside the test's own. */
async function withEmptyDatabase(act: (url: string) => Promise<void>): Promise<void> {
  const name = `empty_${process.pid}_${Date.now()}`;
  await sql`create database ${sql.id(name)}`.execute(database.db);
  const url = new URL(database.url);
  url.pathname = `/${name}`;
  try {
    await act(url.href);
  } finally {
    await sql`drop database ${sql.id(name)} with (force)`.execute(database.db);
  }
}

describe('openDatabase', () => {
  it('reads bigint as a number, up to the largest safe integer', async () => {
    const { rows } = await sql`select 9007199254740991::bigint as most, -9007199254740991::bigint as least,
      null::bigint as nothing, count(*) as counted from (values (1), (2)) as t`.execute(database.db);
    expect(rows).toEqual([
      { most: 9_007_199_254_740_991, least: -9_007_199_254_740_991, nothing: null, counted: 2 },
    ]);
  });

  it.each(['9007199254740992', '-9007199254740992', '9223372036854775807'])(
    'fails the query rather than lose digits of %s, and goes on',
    async (text) => {
      const query = sql`select ${sql.lit(text)}::bigint as amount`.execute(database.db);
      await expect(query).rejects.toThrow(`bigint ${text} from the database is not a safe integer`);
      expect((await sql`select 1 as one`.execute(database.db)).rows).toEqual([{ one: 1 }]);
    },
  );

  it('reads timestamptz as a Date of the same instant', async () => {
    const { rows } = await sql<{
      at: Date;
    }>`select timestamptz '2026-12-01 09:00:00.123+09' as at`.execute(database.db);
    expect(rows[0]?.at.toISOString()).toBe('2026-12-01T00:00:00.123Z');
  });

  it('keeps its connections in quiet: a herd finds them open', async () => {
    jest.useFakeTimers({ doNotFake: ['nextTick', 'setImmediate', 'queueMicrotask', 'performance', 'Date'] });
    const db = openDatabase({ url: database.url, poolSize: 1 });
    try {
      const pid = async () => (await sql`select pg_backend_pid() as pid`.execute(db)).rows;
      const before = await pid();
      jest.advanceTimersByTime(24 * 3_600_000);
      expect(await pid()).toEqual(before);
    } finally {
      jest.useRealTimers();
      await db.destroy();
    }
  });

  it('lets nobody on the way forget a quiet connection', async () => {
    const kept = jest.spyOn(Socket.prototype, 'setKeepAlive');
    const db = openDatabase({ url: database.url, poolSize: 1 });
    try {
      await sql`select 1`.execute(db);
      expect(kept).toHaveBeenCalledWith(true, 60_000);
    } finally {
      kept.mockRestore();
      await db.destroy();
    }
  });

  it('names itself to the server', async () => {
    const db = openDatabase({ url: database.url, poolSize: 1, applicationName: 'a test' });
    try {
      const { rows } = await sql`show application_name`.execute(db);
      expect(rows).toEqual([{ application_name: 'a test' }]);
    } finally {
      await db.destroy();
    }
  });

  it('has the server end a statement that nobody waits for any more', async () => {
    const applicationName = 'gives up';
    const db = openDatabase({
      url: database.url,
      poolSize: 1,
      applicationName,
      queryTimeoutMs: 200,
      preparedStatements: true,
    });
    try {
      await expect(sql`select pg_sleep(${60}::int)`.execute(db)).rejects.toThrow('Query read timeout');
      await waitFor('its end', async () => {
        const { rows } =
          await sql`select pid from pg_stat_activity where application_name = ${applicationName}
          and query like '%pg_sleep%'`.execute(database.db);
        return rows.length === 0;
      });
    } finally {
      await db.destroy();
    }
  });

  it.each<[string, string, { query?: string; queryTimeoutMs?: number; preparedStatements?: boolean }]>([
    ['asks the server for a bound of each statement', '31s', {}],
    ['asks for none where nothing is to be given up, as when migrating', '0', { queryTimeoutMs: 0 }],
    ['asks a pooler for nothing that it may refuse', '0', { preparedStatements: false }],
    ['asks for what the address says', '7s', { query: '?statement_timeout=7000' }],
    ['asks for none when the address says none', '0', { query: '?statement_timeout=' }],
  ])('%s', async (_what, bound, { query = '', ...options }) => {
    const url = `${database.url}${query}`;
    const db = openDatabase({ url, poolSize: 1, preparedStatements: true, ...options });
    try {
      expect((await sql`show statement_timeout`.execute(db)).rows).toEqual([{ statement_timeout: bound }]);
    } finally {
      await db.destroy();
    }
  });

  it('lends no connection out again on which a statement waits, also when the address says for how long', async () => {
    const db = openDatabase({
      url: `${database.url}?query_timeout=200`,
      poolSize: 1,
      preparedStatements: true,
    });
    try {
      await expect(sql`select pg_sleep(${5}::int)`.execute(db)).rejects.toThrow('Query read timeout');
      expect((await sql`select 1 as one`.execute(db)).rows).toEqual([{ one: 1 }]);
    } finally {
      await db.destroy();
    }
  });

  it('leaves nothing of an answer that only a look at the whole heap would free', async () => {
    const db = openDatabase({ url: database.url, poolSize: 1, preparedStatements: true });
    try {
      const left = await leftAfterScavenge(async () => {
        for (let count = 0; count < 400; count += 1) {
          await sql`select repeat(${'x'}, 20000)`.execute(db);
        }
      });
      // All answers together are 8 MB; this process has others' leftovers too.
      expect(left).toBeLessThan(4_000_000);
    } finally {
      await db.destroy();
    }
  });

  it('tells of a connection that the server cut, and takes a new one', async () => {
    const lost: Error[] = [];
    const db = openDatabase({
      url: database.url,
      poolSize: 1,
      onConnectionLost: (error) => lost.push(error),
    });
    try {
      const { rows } = await sql<{ pid: number }>`select pg_backend_pid() as pid`.execute(db);
      await sql`select pg_terminate_backend(${rows[0]?.pid})`.execute(database.db);
      await waitFor('the cut to be told', () => lost.length > 0);
      expect(isDatabaseUnavailable(lost[0])).toBe(true);
      expect((await sql`select 1 as one`.execute(db)).rows).toEqual([{ one: 1 }]);
    } finally {
      await db.destroy();
    }
  });
});

describe('isDatabaseUnavailable', () => {
  it('tells a database that is away from a query that is wrong', async () => {
    const away = openDatabase({ url: 'postgres://nobody@127.0.0.1:9/none', poolSize: 1 });
    const unreachable = await sql`select 1`.execute(away).catch((error: unknown) => error);
    await away.destroy();
    expect(isDatabaseUnavailable(unreachable)).toBe(true);
    const wrong = await sql`select nonsense`.execute(database.db).catch((error: unknown) => error);
    expect(wrong).toBeInstanceOf(Error);
    expect(isDatabaseUnavailable(wrong)).toBe(false);
    const refused = await sql`insert into charges (id) values ('x')`
      .execute(database.db)
      .catch((error: unknown) => error);
    expect(isDatabaseUnavailable(refused)).toBe(false);
  });

  it.each([
    [{ code: '57P01', message: 'terminating connection due to administrator command' }, true],
    [{ code: '57P03', message: 'the database system is starting up' }, true],
    [{ code: '53300', message: 'sorry, too many clients already' }, true],
    [{ code: '08006', message: '' }, true],
    [{ message: 'timeout exceeded when trying to connect' }, true],
    [{ message: 'Connection terminated unexpectedly' }, true],
    [{ errors: [{ code: 'ECONNREFUSED' }] }, true],
    [{ code: '23505', message: 'duplicate key' }, false],
    [{ code: '57014', message: 'canceling statement due to user request' }, false],
    [{ code: '57014', message: 'canceling statement due to statement timeout' }, true],
    [{ code: 'ECONNRESET', message: 'aborted', statusCode: 400 }, false],
    [new Error('something else'), false],
    ['text', false],
    [null, false],
  ])('%j: %s', (error, unavailable) => {
    expect(isDatabaseUnavailable(error)).toBe(unavailable);
  });
});

describe('migrateToLatest', () => {
  it('runs every migration once, with four processes at the same time', async () => {
    await withEmptyDatabase(async (url) => {
      const pools = Array.from({ length: 4 }, () => openDatabase({ url, poolSize: 2 }));
      try {
        const ran = await Promise.all(pools.map((db) => migrateToLatest(db)));
        expect(ran.flat().sort()).toEqual(Object.keys(MIGRATIONS));
        const [db] = pools;
        if (db === undefined) {
          throw new Error('no pool');
        }
        expect(await migrateToLatest(db)).toEqual([]);
        expect(await db.selectFrom('enrollments').selectAll().execute()).toEqual([]);
      } finally {
        await Promise.all(pools.map((db) => db.destroy()));
      }
    });
  });

  it('changes nothing of a migration that meets a table in the way', async () => {
    await withEmptyDatabase(async (url) => {
      const db = openDatabase({ url, poolSize: 2 });
      try {
        await sql`create table api_keys (id text)`.execute(db);
        await expect(migrateToLatest(db)).rejects.toThrow('api_keys');
        const { rows } = await sql`select to_regclass('customers') as customers`.execute(db);
        expect(rows).toEqual([{ customers: null }]);
      } finally {
        await db.destroy();
      }
    });
  });
});

describe('ledger_entries', () => {
  it('refuses every change of what was written', async () => {
    const at = new Date();
    await database.db.insertInto('customers').values({ id: 'cst_1' }).execute();
    await sql`insert into enrollments (id, workflow_id, customer_id, status, locale, terms, currency,
        request_fingerprint, livemode, setup_deadline_at, created_at, updated_at)
      values ('enr_1', 'enrollment/enr_1', 'cst_1', 'active', 'en', '{}', 'jpy', 'f', false, ${at}, ${at}, ${at})`.execute(
      database.db,
    );
    await sql`insert into charges (id, enrollment_id, number, origin, amount_minor, currency, due_at, status,
        created_at, updated_at)
      values ('chg_1', 'enr_1', 1, 'api', 500, 'jpy', ${at}, 'succeeded', ${at}, ${at})`.execute(database.db);
    const entry = {
      key: 'payment/pi_1',
      enrollment_id: 'enr_1',
      charge_id: 'chg_1',
      kind: 'payment' as const,
      amount_minor: 500,
      currency: 'jpy',
      stripe_object_id: 'pi_1',
      at,
    };
    await database.db.insertInto('ledger_entries').values(entry).execute();
    await expect(database.db.insertInto('ledger_entries').values(entry).execute()).rejects.toThrow(
      'duplicate',
    );
    const changed = database.db.updateTable('ledger_entries').set({ amount_minor: 1 }).execute();
    await expect(changed).rejects.toThrow('append-only');
    await expect(database.db.deleteFrom('ledger_entries').execute()).rejects.toThrow('append-only');
  });
});
