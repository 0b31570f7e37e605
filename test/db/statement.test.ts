import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Kysely } from 'kysely';
import type { Database } from '../../db/schema.ts';
import { statement } from '../../db/statement.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

interface Row extends Record<string, unknown> {
  id: string;
  reference: string | null;
  email: string | null;
}
type Values = { rows: readonly Row[]; returned: boolean };

const insert = (db: Kysely<Database>, { rows, returned }: Values) => {
  const query = db.insertInto('customers').values(rows);
  return returned ? query.returning(['id', 'email']).compile() : query.returning('id').compile();
};

describe('statement', () => {
  it('sends the values of each call, whatever those were that it was built from', async () => {
    let built = 0;
    const inserted = statement<Values, unknown>((db, values) => {
      built += 1;
      return insert(db, values);
    });
    const { db } = database;
    const row = (id: string, email: string | null): Row => ({ id, reference: null, email });
    const one = (id: string, email: string | null) =>
      inserted(db, { rows: [row(id, email)], returned: true });
    expect(await one('cst_1', null)).toEqual([{ id: 'cst_1', email: null }]);
    expect(await one('cst_2', 'two@example.com')).toEqual([{ id: 'cst_2', email: 'two@example.com' }]);
    expect(await one('cst_3', null)).toEqual([{ id: 'cst_3', email: null }]);
    expect(built).toBe(1);
    const two = { rows: [row('cst_4', null), row('cst_5', null)], returned: true };
    expect(await inserted(db, two)).toHaveLength(2);
    expect(await inserted(db, { rows: [row('cst_6', null)], returned: false })).toEqual([{ id: 'cst_6' }]);
    expect(built).toBe(3);
  });

  it('is part of the transaction that it is given', async () => {
    const inserted = statement<Values, unknown>(insert);
    const rows = [{ id: 'cst_undone', reference: null, email: null }];
    const undone = database.db.transaction().execute(async (trx) => {
      await inserted(trx, { rows, returned: false });
      throw new Error('undo it');
    });
    await expect(undone).rejects.toThrow('undo it');
    expect(
      await database.db.selectFrom('customers').select('id').where('id', '=', 'cst_undone').execute(),
    ).toEqual([]);
  });

  it('refuses to be built from a value that differs each time', async () => {
    const named = statement((db, { id }: { id: string }) =>
      db.selectFrom('customers').selectAll().where('id', '=', `cst_${id}`).compile(),
    );
    await expect(named(database.db, { id: '1' })).rejects.toThrow('id differs each time');
    const told = statement((db, { row }: { row: { id: string } }) =>
      db.selectFrom('customers').selectAll().where('id', '=', JSON.stringify(row)).compile(),
    );
    await expect(told(database.db, { row: { id: '1' } })).rejects.toThrow('row.id differs each time');
  });
});
