/** A database of its own for each test file, with the current schema and no rows. */
import { randomBytes } from 'node:crypto';
import type { Kysely } from 'kysely';
import pg from 'pg';
import { openDatabase } from '../../db/database.ts';
import type { Database } from '../../db/schema.ts';
import { askForServer } from './ask-servers.ts';
import type { PostgresForTests } from './test-servers.ts';

export interface TestDatabase {
  db: Kysely<Database>;
  /** Connection string, for a process or a pool of its own. */
  url: string;
  /** Closes the pool and removes the database, also while others are connected. */
  drop(): Promise<void>;
}

/**
 * Copies the migrated template (tens of milliseconds). Call in `beforeAll`, and `drop()` in `afterAll`.
 * @param options.counted its statements are counted: `statements.ts`
 */
export async function createTestDatabase(
  options: { poolSize?: number; counted?: boolean | undefined } = {},
): Promise<TestDatabase> {
  const { adminUrl, template } = await askForServer<PostgresForTests>('postgres');
  const name = `test_${randomBytes(6).toString('hex')}`;
  await asAdmin(adminUrl, `create database ${name} template ${template}`);
  if (options.counted) {
    await asAdmin(adminUrl, `alter database ${name} set pg_stat_statements.track = 'top'`);
  }
  const url = new URL(adminUrl);
  url.pathname = `/${name}`;
  const db = openDatabase({ url: url.href, poolSize: options.poolSize ?? 5, preparedStatements: true });
  return {
    db,
    url: url.href,
    async drop() {
      await db.destroy();
      await asAdmin(adminUrl, `drop database if exists ${name} with (force)`);
    },
  };
}

async function asAdmin(url: string, statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}
