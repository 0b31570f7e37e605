import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { type Kysely, sql } from 'kysely';
import { readEnrollments } from '../../check-books/read-rows.ts';
import { markNoticesRead } from '../../db/customer-notices.ts';
import { readStamps } from '../../db/customer-view.ts';
import { openDatabase } from '../../db/database.ts';
import { unknownStripeEvents } from '../../db/inbox-operations.ts';
import type { Database } from '../../db/schema.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

/** A pool of one connection, so that what is prepared can be asked for on it. */
async function onOneConnection(
  preparedStatements: boolean,
  act: (db: Kysely<Database>) => Promise<void>,
): Promise<void> {
  const db = openDatabase({ url: database.url, poolSize: 1, preparedStatements });
  try {
    await act(db);
  } finally {
    await db.destroy();
  }
}

async function preparedTexts(db: Kysely<Database>): Promise<string[]> {
  const { rows } = await sql<{ statement: string }>`
    select statement from pg_prepared_statements order by prepare_time`.execute(db);
  return rows.map(({ statement }) => statement);
}

const sum = (db: Kysely<Database>, one: number) =>
  sql<{ sum: number }>`select ${one}::int + 1 as sum`.execute(db).then(({ rows }) => rows[0]?.sum);

describe('prepared statements', () => {
  it('prepares a text once for a connection, whatever its values', async () => {
    await onOneConnection(true, async (db) => {
      expect([await sum(db, 1), await sum(db, 2), await sum(db, 3)]).toEqual([2, 3, 4]);
      expect(await preparedTexts(db)).toEqual(['select $1::int + 1 as sum']);
    });
  });

  it('prepares nothing where that is turned off', async () => {
    await onOneConnection(false, async (db) => {
      expect(await sum(db, 1)).toBe(2);
      expect(await preparedTexts(db)).toEqual([]);
    });
  });

  it('keeps a bounded number, and answers all the same beyond it', async () => {
    await onOneConnection(true, async (db) => {
      for (let index = 0; index < 510; index += 1) {
        const { rows } = await sql`select ${index}::int as ${sql.id(`column_${index}`)}`.execute(db);
        expect(rows).toEqual([{ [`column_${index}`]: index }]);
      }
      expect(await preparedTexts(db)).toHaveLength(500);
    });
  });

  it.each([
    { name: 'the stamps of open pages', ask: readStamps },
    {
      name: 'messages that were read',
      ask: (db: Kysely<Database>, ids: string[]) => markNoticesRead(db, 'enr_1', ids),
    },
    { name: 'events that may be unknown', ask: unknownStripeEvents },
    { name: 'enrollments whose books are checked', ask: readEnrollments },
  ])('has one text for a list of any length: $name', async ({ ask }) => {
    await onOneConnection(true, async (db) => {
      for (const ids of [['a'], ['a', 'b'], ['a', 'b', 'c']]) {
        await ask(db, ids);
      }
      expect(await preparedTexts(db)).toHaveLength(1);
    });
  });

  describe('after a migration has added a column', () => {
    beforeEach(async () => {
      await sql`drop table if exists things`.execute(database.db);
      await sql`create table things (id int)`.execute(database.db);
      await sql`insert into things values (1)`.execute(database.db);
    });

    const addColumn = () => sql`alter table things add column colour text default 'red'`.execute(database.db);
    const read = (db: Kysely<Database>) =>
      sql`select * from things where id = ${1}`.execute(db).then(({ rows }) => rows);
    const refused = { code: '0A000', message: 'cached plan must not change result type' };

    it('answers a statement that stands alone with the new column', async () => {
      await onOneConnection(true, async (db) => {
        expect(await read(db)).toEqual([{ id: 1 }]);
        await addColumn();
        expect(await read(db)).toEqual([{ id: 1, colour: 'red' }]);
        expect(await read(db)).toEqual([{ id: 1, colour: 'red' }]);
      });
    });

    it('writes once what is written and read back', async () => {
      await onOneConnection(true, async (db) => {
        const write = () => sql`insert into things (id) values (${2}) returning *`.execute(db);
        await write();
        await addColumn();
        expect((await write()).rows).toEqual([{ id: 2, colour: 'red' }]);
        const { rows } = await sql`select count(*) as written from things where id = 2`.execute(db);
        expect(rows).toEqual([{ written: 2 }]);
      });
    });

    it('fails a transaction as a whole, and the next one succeeds', async () => {
      await onOneConnection(true, async (db) => {
        const writeAndRead = () =>
          db.transaction().execute(async (trx) => {
            await sql`insert into things (id) values (${3})`.execute(trx);
            return read(trx);
          });
        expect(await writeAndRead()).toEqual([{ id: 1 }]);
        await addColumn();
        await expect(writeAndRead()).rejects.toMatchObject(refused);
        expect(await writeAndRead()).toEqual([{ id: 1, colour: 'red' }]);
        const { rows } = await sql`select count(*) as written from things where id = 3`.execute(db);
        expect(rows).toEqual([{ written: 2 }]);
      });
    });
  });

  it('says what is wrong with a statement as ever, and goes on', async () => {
    await onOneConnection(true, async (db) => {
      const divide = (by: number) =>
        sql<{ result: number }>`select 10 / ${by}::int as result`.execute(db).then(({ rows }) => rows);
      expect(await divide(2)).toEqual([{ result: 5 }]);
      await expect(divide(0)).rejects.toMatchObject({ code: '22012', message: 'division by zero' });
      expect(await divide(5)).toEqual([{ result: 2 }]);
    });
  });
});
