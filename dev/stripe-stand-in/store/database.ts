// The one SQLite file behind a stand-in, or an in-memory database when no file was named.
// Requests that arrive together are written in one transaction, and each answer waits for it: a SIGKILL loses nothing
// that was answered. (The file is not synced to the disk's platter: losing power may cost the last moments.)

import { DatabaseSync, type StatementSync } from 'node:sqlite';

// No index on random ids: they would touch a page of their own for every row. What is looked up by id is in memory,
// or carries its row number in the id (events/log.ts).
const TABLES = `
CREATE TABLE IF NOT EXISTS objects (seq INTEGER PRIMARY KEY, kind TEXT NOT NULL, id TEXT NOT NULL, json TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS events (
  seq INTEGER PRIMARY KEY, mode TEXT NOT NULL, id TEXT NOT NULL, type TEXT NOT NULL, created INTEGER NOT NULL,
  object TEXT NOT NULL, previous TEXT, request_id TEXT, idempotency_key TEXT, pending INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS deliveries (
  seq INTEGER PRIMARY KEY, mode TEXT NOT NULL, event_id TEXT NOT NULL, endpoint_id TEXT NOT NULL,
  state TEXT NOT NULL, attempts INTEGER NOT NULL, due_ms INTEGER NOT NULL, last_status INTEGER, last_error TEXT);
CREATE INDEX IF NOT EXISTS deliveries_pending ON deliveries (seq) WHERE state = 'pending';
CREATE TABLE IF NOT EXISTS idempotency (
  seq INTEGER PRIMARY KEY, mode TEXT NOT NULL, key TEXT NOT NULL, path TEXT NOT NULL, fingerprint TEXT NOT NULL,
  status INTEGER NOT NULL, body TEXT NOT NULL, request_id TEXT NOT NULL, created INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS requests (
  seq INTEGER PRIMARY KEY, mode TEXT NOT NULL, id TEXT NOT NULL, created INTEGER NOT NULL, method TEXT NOT NULL,
  path TEXT NOT NULL, params TEXT NOT NULL, idempotency_key TEXT, status INTEGER, replayed INTEGER NOT NULL,
  fault TEXT, error_code TEXT);
CREATE TABLE IF NOT EXISTS settings (name TEXT PRIMARY KEY, value TEXT NOT NULL);
`;
const TABLE_NAMES = ['objects', 'events', 'deliveries', 'idempotency', 'requests', 'settings'];

/** An object that changed since the last commit. */
export interface DirtyRow {
  seq: number;
  kind: string;
  id: string;
  /** null deletes the row. */
  json: () => string | null;
}

export interface Database {
  /** A prepared statement, kept for the next call with the same text. */
  sql(text: string): StatementSync;
  /** Runs `work`; what it writes is committed together with everything else of this round of the event loop. */
  turn<T>(work: () => T): T;
  /** Resolves when everything written so far is in the file. Without a file there is nothing to wait for. */
  committed(): Promise<void>;
  /** Marks an object to be written with the next commit. */
  touch(row: DirtyRow): void;
  /** A number for a new object's row. */
  nextObjectSeq(): number;
  setting(name: string): string | null;
  setSetting(name: string, value: string): void;
  /** Empties every table. */
  clear(): void;
  close(): void;
}

export function openDatabase(file: string | undefined): Database {
  const durable = file !== undefined;
  const db = new DatabaseSync(file ?? ':memory:');
  if (durable) {
    db.exec('PRAGMA page_size = 8192; PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF');
    db.exec('PRAGMA wal_autocheckpoint = 4000');
  }
  db.exec(TABLES);
  const statements = new Map<string, StatementSync>();
  const dirty = new Map<number, DirtyRow>();
  let waiters: (() => void)[] = [];
  let open = false;

  const sql = (text: string) => {
    const known = statements.get(text);
    if (known !== undefined) return known;
    const made = db.prepare(text);
    statements.set(text, made);
    return made;
  };
  const last = sql('SELECT MAX(seq) AS seq FROM objects').get();
  let objectSeq = Number(last?.seq ?? 0);

  const flush = () => {
    for (const row of dirty.values()) {
      const json = row.json();
      if (json === null) sql('DELETE FROM objects WHERE seq = ?').run(row.seq);
      else sql('INSERT OR REPLACE INTO objects VALUES (?, ?, ?, ?)').run(row.seq, row.kind, row.id, json);
    }
    dirty.clear();
  };
  const commit = () => {
    if (!open) return;
    flush();
    sql('COMMIT').run();
    open = false;
    const done = waiters;
    waiters = [];
    for (const resolve of done) resolve();
  };

  return {
    sql,
    turn(work) {
      if (!open) {
        sql('BEGIN').run();
        open = true;
        setImmediate(commit);
      }
      return work();
    },
    committed: () => (durable && open ? new Promise((resolve) => waiters.push(resolve)) : Promise.resolve()),
    touch(row) {
      if (durable) dirty.set(row.seq, row);
    },
    nextObjectSeq: () => ++objectSeq,
    setting(name) {
      const row = sql('SELECT value FROM settings WHERE name = ?').get(name);
      return typeof row?.value === 'string' ? row.value : null;
    },
    setSetting(name, value) {
      sql('INSERT INTO settings VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value').run(
        name,
        value,
      );
    },
    clear() {
      dirty.clear();
      for (const table of TABLE_NAMES) sql(`DELETE FROM ${table}`).run();
    },
    close() {
      commit();
      statements.clear();
      db.close();
    },
  };
}
