/**
 * The connection pool to PostgreSQL and the types its values arrive in. Made once by each process (API, Worker,
 * command line) and by tests; whoever opens it closes it with `destroy()`.
 */
import { Kysely, PostgresDialect } from 'kysely';
import pg from 'pg';
import { preparing } from './prepared-statements.ts';
import type { Database } from './schema.ts';
import type { StatementMade } from './statement-spans.ts';
import { endWhenUseless } from './useless-connections.ts';

export interface DatabaseOptions {
  url: string;
  /** Most connections that this process holds at once. */
  poolSize: number;
  /**
   * Has each statement planned once for a connection, and the server asked as it opens to end those that nobody waits
   * for: for processes that live long. A pooler in between may be able to follow neither. @default false
   */
  preparedStatements?: boolean;
  /** Shown in `pg_stat_activity`. */
  applicationName?: string;
  /**
   * Longest wait for the answer to one statement; 0 waits for ever. With `preparedStatements` the server ends it a
   * second later. @default 30000
   */
  queryTimeoutMs?: number;
  /** Told when an idle connection breaks, e.g. because the server restarts; the pool replaces it by itself. */
  onConnectionLost?: (error: Error) => void;
  /** Told of every statement when its answer is there, in the caller's async context; for traces. */
  onStatement?: (made: StatementMade) => void;
}

/** Longest wait for a free or new connection, so that a dead database is an error and not a hang. */
const CONNECT_TIMEOUT_MS = 5_000;
/** Once nobody waits any more, so that who asks hears the same of a slow statement and of a server that is away. */
const SERVER_GIVES_UP_LATER_MS = 1_000;
/** What stands in between may forget a quiet connection and tell neither end, AWS's network load balancer after 350 s. */
const KEEP_ALIVE_MS = 60_000;

/**
 * Opens a pool; connects on first use. `timestamptz` arrives as Date, `bigint` as number.
 * A `bigint` beyond the safe integers makes its query throw a RangeError instead of losing digits.
 */
export function openDatabase(options: DatabaseOptions): Kysely<Database> {
  const { queryTimeoutMs = 30_000, preparedStatements = false } = options;
  const pool = new pg.Pool({
    connectionString: options.url,
    max: options.poolSize,
    application_name: options.applicationName ?? 'durable-billing',
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    // Never closed in quiet: a herd would begin by opening them all, each with a sign-in, catalogs to read and plans to make.
    idleTimeoutMillis: 0,
    // A server that says nothing would never close what a process that ends has said goodbye on.
    allowExitOnIdle: true,
    keepAlive: true,
    keepAliveInitialDelayMillis: KEEP_ALIVE_MS,
    // Sent as the connection opens, and poolers refuse one that asks for what they do not know. The URL may say another.
    statement_timeout:
      preparedStatements && queryTimeoutMs > 0 ? queryTimeoutMs + SERVER_GIVES_UP_LATER_MS : false,
    types: { getTypeParser },
  });
  // Without a listener, an idle connection that breaks would end the process.
  pool.on('error', (error) => options.onConnectionLost?.(error));
  // Nor does the pool listen to one that is lent out: a server that dies between two statements of a transaction would
  // end the process too. The next statement fails, which is how whoever holds it learns of it.
  pool.on('connect', (client) => client.on('error', (error) => options.onConnectionLost?.(error)));
  endWhenUseless(pool, queryTimeoutMs);
  const { onStatement } = options;
  return new Kysely<Database>({
    dialect: new PostgresDialect({ pool: preparedStatements ? preparing(pool) : pool }),
    ...(onStatement === undefined
      ? {}
      : {
          log: ({ level, query, queryDurationMillis }) =>
            onStatement({ text: query.sql, durationMs: queryDurationMillis, failed: level === 'error' }),
        }),
  });
}

function getTypeParser(oid: number, format?: 'text' | 'binary') {
  if (oid === pg.types.builtins.INT8 && format !== 'binary') {
    return parseSafeInteger;
  }
  return pg.types.getTypeParser(oid, format);
}

function parseSafeInteger(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value)) {
    throw new RangeError(`bigint ${text} from the database is not a safe integer`);
  }
  return value;
}
