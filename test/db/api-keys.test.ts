/** Keys that were made before scopes were finer go on as they did. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Kysely, sql } from 'kysely';
import { openDatabase } from '../../db/database.ts';
import { up as first } from '../../db/migrations/0001-initial.ts';
import { up as finerScopes } from '../../db/migrations/0008-api-keys-and-redeliveries.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

describe('migration 0008', () => {
  it('lets a key do what it could do before, and nothing else', async () => {
    const name = `older_${process.pid}_${Date.now()}`;
    await sql`create database ${sql.id(name)}`.execute(database.db);
    const url = new URL(database.url);
    url.pathname = `/${name}`;
    const older = openDatabase({ url: url.href, poolSize: 1 });
    const untyped = older as Kysely<unknown>;
    try {
      await first(untyped);
      await sql`insert into api_keys (id, name, hash, scopes) values
        ('key_a', 'all', 'a', '{read,write}'), ('key_b', 'reads', 'b', '{read}'), ('key_c', 'writes', 'c', '{write}')`.execute(
        older,
      );
      await finerScopes(untyped);
      const keys = await older
        .selectFrom('api_keys')
        .select(['name', 'scopes', 'expires_at'])
        .orderBy('id')
        .execute();
      expect(keys).toEqual([
        { name: 'all', scopes: ['read', 'write', 'operate'], expires_at: null },
        { name: 'reads', scopes: ['read'], expires_at: null },
        { name: 'writes', scopes: ['write', 'operate'], expires_at: null },
      ]);
    } finally {
      await older.destroy();
      await sql`drop database ${sql.id(name)} with (force)`.execute(database.db);
    }
  });
});
