/** Something between a process and PostgreSQL forgets connections, and tells neither end. */
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { sql } from 'kysely';
import { openDatabase } from '../../db/database.ts';
import { isDatabaseUnavailable } from '../../db/unavailable.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';

let database: TestDatabase;
let between: Server;
/** Of all that were opened, in their order. */
const sockets: Socket[] = [];
const silent = new Set<Socket>();

beforeAll(async () => {
  database = await createTestDatabase();
  const { hostname, port } = new URL(database.url);
  between = createServer((client) => {
    const server = connect(Number(port), hostname);
    sockets.push(client);
    client.on('data', (data) => silent.has(client) || server.write(data));
    server.on('data', (data) => silent.has(client) || client.write(data));
    for (const [one, other] of [
      [client, server],
      [server, client],
    ] as const) {
      one.on('error', () => undefined).on('close', () => other.destroy());
    }
  });
  await new Promise<void>((resolve) => between.listen(0, '127.0.0.1', resolve));
}, 60_000);
afterAll(async () => {
  between.close();
  await database.drop();
});

const throughIt = () => {
  const url = new URL(database.url);
  url.hostname = '127.0.0.1';
  url.port = String((between.address() as AddressInfo).port);
  return url.href;
};

const forgetAll = () => {
  for (const socket of sockets) {
    silent.add(socket);
  }
};

describe.each([true, false])('a connection that has gone silent (prepared statements: %s)', (prepared) => {
  const open = () =>
    openDatabase({ url: throughIt(), poolSize: 2, preparedStatements: prepared, queryTimeoutMs: 300 });

  it('fails one statement, and is lent to nobody after that', async () => {
    const db = open();
    try {
      const ask = () => sql<{ n: number }>`select ${1}::int as n`.execute(db);
      await ask();
      forgetAll();
      await expect(ask()).rejects.toThrow('Query read timeout');
      expect((await ask()).rows).toEqual([{ n: 1 }]);
    } finally {
      await db.destroy();
    }
  });

  it('does not hold up the rollback of a transaction either', async () => {
    const db = open();
    try {
      const transaction = db.transaction().execute(async (trx) => {
        await sql`select ${1}::int`.execute(trx);
        forgetAll();
        await sql`select ${2}::int`.execute(trx);
      });
      const failure = await transaction.catch((error: unknown) => error);
      // Of the rollback, which was not even sent.
      expect(String(failure)).toContain('Client was closed');
      expect(isDatabaseUnavailable(failure)).toBe(true);
      expect((await sql<{ n: number }>`select ${3}::int as n`.execute(db)).rows).toEqual([{ n: 3 }]);
    } finally {
      await db.destroy();
    }
  });
});
