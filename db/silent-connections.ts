/**
 * Connections on which nothing comes any more: the host is gone, or something in between has forgotten them. TCP gives up
 * on what was sent after a quarter of an hour; the pool would lend such a connection to one caller after the other.
 */
import type { Client, PoolClient } from 'pg';
import { isReadTimeout } from './unavailable.ts';

/**
 * Has a connection end itself when a statement was not answered in time: who waited gets the error as before, and the
 * pool opens another one for the next. Used by `db/database.ts`, once for each connection.
 */
export function endWhenSilent(client: PoolClient & Pick<Client, 'end'>): void {
  const query = client.query.bind(client) as (...asked: unknown[]) => unknown;
  client.query = (...asked: unknown[]) => {
    const answer = query(...asked);
    if (answer instanceof Promise) {
      answer.catch((error: unknown) => {
        if (isReadTimeout(error)) {
          void client.end();
        }
      });
    }
    return answer as never;
  };
}
