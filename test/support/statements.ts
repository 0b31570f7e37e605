/**
 * What PostgreSQL itself has executed for one database, by its extension `pg_stat_statements`: whoever sent it, and by
 * whatever way. Counted for databases that were made with `counted`.
 */
import pg from 'pg';

/** How often each statement was executed, by its text. */
export type Statements = ReadonlyMap<string, number>;

export interface StatementCounter {
  /** Executed while `what` was done; what a test itself asks meanwhile is counted too. */
  during(what: () => Promise<unknown>): Promise<Statements>;
  close(): Promise<void>;
}

export async function statementCounter(databaseUrl: string): Promise<StatementCounter> {
  const { href, pathname } = new URL(databaseUrl);
  const database = pathname.slice(1);
  // Beside it, where nothing is counted.
  const client = new pg.Client({ connectionString: href.replace(pathname, '/postgres') });
  await client.connect();

  return {
    async during(what) {
      await client.query('select pg_stat_statements_reset(0, oid) from pg_database where datname = $1', [
        database,
      ]);
      await what();
      const { rows } = await client.query<{ query: string; calls: number }>(
        `select query, sum(calls)::int as calls from pg_stat_statements
         where dbid = (select oid from pg_database where datname = $1)
         group by query order by query`,
        [database],
      );
      return new Map(rows.map(({ query, calls }) => [query, calls]));
    },
    close: () => client.end(),
  };
}

/**
 * How many there were, and how many of them began a transaction of several: without those, each is one by itself.
 * @throws Error naming every statement when it is not what was expected
 */
export function expectStatements(
  statements: Statements,
  expected: { statements: number; transactionsBegun: number },
): void {
  const all = [...statements];
  const count = (of: typeof all) => of.reduce((sum, [, calls]) => sum + calls, 0);
  const found = {
    statements: count(all),
    transactionsBegun: count(all.filter(([text]) => /^\s*(begin|start transaction)\b/i.test(text))),
  };
  if (found.statements !== expected.statements || found.transactionsBegun !== expected.transactionsBegun) {
    const texts = all.map(([text, calls]) => `${calls} × ${text.replace(/\s+/g, ' ').slice(0, 300)}`);
    throw new Error(
      `expected ${JSON.stringify(expected)}, found ${JSON.stringify(found)}:\n${texts.join('\n')}`,
    );
  }
}
