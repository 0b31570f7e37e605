/** Tells a database that is away from a query that is wrong. Used where the answer to the first is "try again". */
import { type Kysely, sql } from 'kysely';
import type { Database } from './schema.ts';

/** Classes and codes of PostgreSQL that pass by themselves: connection, resources, shutdown, restart. */
const PASSING = /^(08|53|57P0|25006)/;
/** `read_only_sql_transaction`. No transaction of ours asks to be that. */
const READ_ONLY = '25006';
/** Node's own codes of sockets. */
const SOCKET = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
]);
/** Nothing came back within `queryTimeoutMs`; the words of `pg`, whose own time-out an address may ask for. */
export const READ_TIMEOUT = 'Query read timeout';
/** The role or the address bounds statements, or whoever opened the connection has asked for it. */
export const TIME_LIMIT = 'canceling statement due to statement timeout';
/** These have no codes of their own. */
const WORDS = [
  'timeout exceeded when trying to connect',
  'Connection terminated',
  'Client has encountered a connection error',
  'Client was closed',
  READ_TIMEOUT,
  TIME_LIMIT,
  'the database system is',
];

/** Whether a query failed because the database could not be reached or was busy, so that a repeat may work. */
export function isDatabaseUnavailable(error: unknown): boolean {
  // What has a status is told of a request, such as that its sender hung up, in the same code as a socket of ours.
  if (typeof error !== 'object' || error === null || 'statusCode' in error) {
    return false;
  }
  if ('errors' in error && Array.isArray(error.errors)) {
    return error.errors.some(isDatabaseUnavailable);
  }
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  const message = 'message' in error && typeof error.message === 'string' ? error.message : '';
  return PASSING.test(code) || SOCKET.has(code) || WORDS.some((words) => message.startsWith(words));
}

/** Whether the server would not write: it is a standby, or read-only. */
export function isReadOnly(error: Error): boolean {
  return 'code' in error && error.code === READ_ONLY;
}

/** Changes nothing, and waits for no migration. @throws the database's error where nothing could be written */
export async function askToWrite(db: Kysely<Database>): Promise<void> {
  await sql`select from sweep_cursors where false for key share`.execute(db);
}
