/**
 * A name that led to the old node when connections were opened: a standby by now, or read-only. What they answer is no
 * fault of the statement, and they would never answer anything else.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, connect, createServer, type Server } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Kysely, sql } from 'kysely';
import { openDatabase } from '../../db/database.ts';
import { migrateToLatest } from '../../db/migrate.ts';
import { reserveTurns } from '../../db/request-turns.ts';
import type { Database } from '../../db/schema.ts';
import { moveCursor } from '../../db/sweep-cursors.ts';
import { askToWrite, isDatabaseUnavailable } from '../../db/unavailable.ts';
import { freePort } from '../../dev/ports.ts';
import { postgresAnswers, postgresProcess, prepareCluster } from '../../dev/postgres.ts';
import { type RunningProcess, startProcess, waitUntilReady } from '../../dev/processes.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';

let primary: TestDatabase;
let standby: RunningProcess;
let standbyPort: number;
let name: Server;
/** Where the name leads to. */
let leadsTo: number;
const folder = mkdtempSync(path.join(os.tmpdir(), 'durable-billing-standby-'));

beforeAll(async () => {
  primary = await createTestDatabase();
  const { password, pathname } = new URL(primary.url);
  const dataDir = path.join(folder, 'postgres');
  await prepareCluster({ dataDir, password });
  standbyPort = await freePort();
  const start = async () => {
    standby = await startProcess(await postgresProcess(dataDir, standbyPort, ['fsync=off']));
    await waitUntilReady(standby, () => postgresAnswers(urlAt(standbyPort, '/postgres')), 30_000);
  };
  await start();
  const admin = openDatabase({ url: urlAt(standbyPort, '/postgres'), poolSize: 1 });
  await sql`create database ${sql.id(pathname.slice(1))}`.execute(admin);
  await admin.destroy();
  const db = openDatabase({ url: urlAt(standbyPort, pathname), poolSize: 1 });
  await migrateToLatest(db);
  await db.destroy();
  await standby.stop();
  writeFileSync(path.join(dataDir, 'standby.signal'), '');
  await start();
  name = createServer((client) => {
    const server = connect(leadsTo, '127.0.0.1');
    for (const [one, other] of [
      [client, server],
      [server, client],
    ] as const) {
      one
        .on('error', () => undefined)
        .on('close', () => other.destroy())
        .pipe(other);
    }
  });
  await new Promise<void>((resolve) => name.listen(0, '127.0.0.1', resolve));
}, 90_000);
afterAll(async () => {
  name.close();
  await standby.stop();
  rmSync(folder, { recursive: true, force: true });
  await primary.drop();
});

function urlAt(port: number, pathname: string): string {
  const url = new URL(primary.url);
  url.port = String(port);
  url.pathname = pathname;
  return url.href;
}

const port = () => Number(new URL(primary.url).port);

const WRITES: [string, (db: Kysely<Database>) => Promise<unknown>][] = [
  ['a statement', (db) => moveCursor(db, 'any', new Date(), 0)],
  ['a transaction', (db) => db.transaction().execute((trx) => moveCursor(trx, 'any', new Date(), 0))],
  // The table is unlogged, and a standby has no copy of it.
  ['turns at Stripe', (db) => reserveTurns(db, 'stripe', 1, 20)],
  ['readiness', askToWrite],
];

describe.each([true, false])('connections to a standby (prepared statements: %s)', (preparedStatements) => {
  it.each(WRITES)('fail %s once, and the next one goes where the name leads to', async (_what, write) => {
    leadsTo = standbyPort;
    const { port: at } = name.address() as AddressInfo;
    const url = urlAt(at, new URL(primary.url).pathname);
    const db = openDatabase({ url, poolSize: 1, preparedStatements });
    try {
      expect((await sql`select ${1}::int as one`.execute(db)).rows).toEqual([{ one: 1 }]);
      leadsTo = port();
      const failure = await write(db).catch((error: unknown) => error);
      expect(String(failure)).toContain('read-only transaction');
      expect(isDatabaseUnavailable(failure)).toBe(true);
      await write(db);
    } finally {
      await db.destroy();
    }
  });
});
