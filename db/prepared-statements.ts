/**
 * Has PostgreSQL parse and plan each statement once for a connection instead of at every call: of the 2 ms that reading
 * one enrollment took it, 1.5 were planning. Used by `db/database.ts`; whoever asks for a statement notices nothing.
 */
import type { PostgresCursor, PostgresPool, PostgresPoolClient, PostgresQueryResult } from 'kysely';
import pg from 'pg';

/**
 * Each connection keeps its own copy of every plan. Texts beyond are sent as they are. What asks for a list of any length
 * has it as one parameter, `= any ($1)`, so that its length makes no new text.
 */
const MOST_STATEMENTS = 500;

/** The same connections, whose statements with parameters are prepared. */
export function preparing(pool: pg.Pool): PostgresPool {
  const names = new Map<string, string>();
  const known = new WeakMap<pg.PoolClient, PostgresPoolClient>();

  function nameOf(text: string): string | undefined {
    if (!names.has(text) && names.size < MOST_STATEMENTS) {
      names.set(text, `statement_${names.size + 1}`);
    }
    return names.get(text);
  }

  return {
    async connect() {
      const client = await pool.connect();
      const lent = known.get(client) ?? preparingClient(client, nameOf);
      known.set(client, lent);
      return lent;
    },
    end: () => pool.end(),
  };
}

/**
 * One connection. After a migration has changed what a statement answers with, PostgreSQL refuses the plan that it has:
 * from then on all are made anew. Outside of a transaction the statement is sent again, since it was refused before it
 * did anything; within one, the whole transaction has to be repeated, by whoever began it.
 */
function preparingClient(
  client: pg.PoolClient,
  nameOf: (text: string) => string | undefined,
): PostgresPoolClient {
  let generation = 1;

  async function send<R>(text: string, values: readonly unknown[]): Promise<PostgresQueryResult<R>> {
    const name = values.length === 0 ? undefined : nameOf(text);
    const named = name === undefined ? {} : { name: `${name}_${generation}` };
    const result = await client.query({ ...named, text, values: [...values] });
    return result as PostgresQueryResult<R>;
  }

  function query<R>(text: string, values: readonly unknown[]): Promise<PostgresQueryResult<R>>;
  function query<R>(cursor: PostgresCursor<R>): PostgresCursor<R>;
  function query<R>(
    text: string | PostgresCursor<R>,
    values: readonly unknown[] = [],
  ): Promise<PostgresQueryResult<R>> | PostgresCursor<R> {
    if (typeof text !== 'string') {
      throw new TypeError('expected the text of a statement: cursors are not set up');
    }
    const mayRepeat = client.getTransactionStatus() === 'I';
    return send<R>(text, values).catch((error: unknown) => {
      if (!isStalePlan(error)) {
        throw error;
      }
      generation += 1;
      if (!mayRepeat) {
        throw error;
      }
      return send<R>(text, values);
    });
  }

  return { query, release: () => client.release() };
}

/** `cached plan must not change result type`; the code alone says only that something is not supported. */
function isStalePlan(error: unknown): boolean {
  return (
    error instanceof pg.DatabaseError && error.code === '0A000' && error.routine === 'RevalidateCachedQuery'
  );
}
