/**
 * Connections of which nothing good comes any more, and which the pool would lend to one caller after the other. Nothing
 * comes at all: the host is gone, or something in between has forgotten them, and TCP gives up on what was sent after a
 * quarter of an hour. Or they lead to a server that does not write: the primary of before, a standby since a fail-over.
 */
import type { Client, Pool, PoolClient } from 'pg';
import { isReadOnly, READ_TIMEOUT } from './unavailable.ts';

type Connection = PoolClient & Client;

/**
 * Has connections of a pool end themselves: one that does not answer a statement in time with that statement, one that
 * would not write when it is given back, its transaction rolled back. The pool opens another one for the next.
 * @param timeoutMs 0 waits for ever
 */
export function endWhenUseless(pool: Pool, timeoutMs: number): void {
  const readOnly = new WeakSet<PoolClient>();
  pool.on('connect', (client) => {
    endWhenSilent(client as Connection, timeoutMs, (error) => isReadOnly(error) && readOnly.add(client));
  });
  // Told before the pool looks whether it may lend the connection again.
  pool.on('release', (_error, client) => {
    if (readOnly.has(client)) {
      void (client as Connection).end();
    }
  });
}

/**
 * `query_timeout` of `pg` is not asked for, and answers are taken by a callback: for both of its own ways it assigns a new
 * function to a property of the query. V8 puts such a function among what is old at once, and all that it holds, rows
 * and request, with it, until the whole heap is collected: scavenges of the API took 8 to 20 ms each instead of 1.
 */
function endWhenSilent(client: Connection, timeoutMs: number, onError: (error: Error) => void): void {
  type Done = (error: Error | null | undefined, result: unknown) => void;
  const query = client.query.bind(client) as (asked: unknown, values: unknown, done: Done) => unknown;
  const inTime = (asked: unknown, values?: unknown) =>
    new Promise((resolve, reject) => {
      const giveUp = () => {
        reject(new Error(READ_TIMEOUT));
        void client.end();
      };
      const timer = timeoutMs === 0 ? undefined : setTimeout(giveUp, timeoutMs);
      query(asked, values, (error, result) => {
        clearTimeout(timer);
        if (error) {
          reject(error);
          onError(error);
          if (error.message === READ_TIMEOUT) {
            // The address has asked for one of `pg`'s own (`?query_timeout=`), which leaves the statement under way.
            void client.end();
          }
        } else {
          resolve(result);
        }
      });
    });
  client.query = inTime as PoolClient['query'];
}
