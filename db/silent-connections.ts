/**
 * Connections on which nothing comes any more: the host is gone, or something in between has forgotten them. TCP gives up
 * on what was sent after a quarter of an hour; the pool would lend such a connection to one caller after the other.
 */
import type { Client, PoolClient } from 'pg';
import { READ_TIMEOUT } from './unavailable.ts';

/**
 * Has a connection fail a statement that is not answered in time, and then end itself: the pool opens another one for the
 * next. Used by `db/database.ts`, once for each connection.
 *
 * `query_timeout` of `pg` is not asked for, and answers are taken by a callback: for both of its own ways it assigns a new
 * function to a property of the query. V8 puts such a function among what is old at once, and all that it holds, rows
 * and request, with it, until the whole heap is collected: scavenges of the API took 8 to 20 ms each instead of 1.
 * @param timeoutMs 0 waits for ever
 */
export function endWhenSilent(client: PoolClient & Pick<Client, 'end'>, timeoutMs: number): void {
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
