// The one SQLite file behind a stand-in, or an in-memory database when no file was named.
// Every request is one turn: its rows are on disk (in the write-ahead log) before the answer leaves, so a SIGKILL
// loses nothing that was answered.

import { DatabaseSync, type StatementSync } from 'node:sqlite';

const TABLES = `
CREATE TABLE IF NOT EXISTS objects (
  seq INTEGER PRIMARY KEY, kind TEXT NOT NULL, id TEXT NOT NULL, json TEXT NOT NULL, UNIQUE (kind, id));
CREATE TABLE IF NOT EXISTS events (
  seq INTEGER PRIMARY KEY, mode TEXT NOT NULL, id TEXT NOT NULL UNIQUE, type TEXT NOT NULL, created INTEGER NOT NULL,
  object_id TEXT NOT NULL, object TEXT NOT NULL, previous TEXT, request_id TEXT, idempotency_key TEXT,
  pending INTEGER NOT NULL);
CREATE INDEX IF NOT EXISTS events_by_object ON events (object_id);
CREATE TABLE IF NOT EXISTS deliveries (
  seq INTEGER PRIMARY KEY, mode TEXT NOT NULL, event_id TEXT NOT NULL, endpoint_id TEXT NOT NULL,
  state TEXT NOT NULL, attempts INTEGER NOT NULL, due_ms INTEGER NOT NULL, last_status INTEGER, last_error TEXT);
CREATE INDEX IF NOT EXISTS deliveries_by_event ON deliveries (event_id);
CREATE INDEX IF NOT EXISTS deliveries_due ON deliveries (due_ms) WHERE state = 'pending';
CREATE TABLE IF NOT EXISTS idempotency (
  mode TEXT NOT NULL, key TEXT NOT NULL, path TEXT NOT NULL, fingerprint TEXT NOT NULL, status INTEGER NOT NULL,
  body TEXT NOT NULL, request_id TEXT NOT NULL, created INTEGER NOT NULL, PRIMARY KEY (mode, key));
CREATE TABLE IF NOT EXISTS requests (
  seq INTEGER PRIMARY KEY, mode TEXT NOT NULL, id TEXT NOT NULL, created INTEGER NOT NULL, method TEXT NOT NULL,
  path TEXT NOT NULL, params TEXT NOT NULL, idempotency_key TEXT, status INTEGER, replayed INTEGER NOT NULL,
  fault TEXT, error_code TEXT);
CREATE TABLE IF NOT EXISTS settings (name TEXT PRIMARY KEY, value TEXT NOT NULL);
`;

/** What may wait for the end of a turn to be written. */
export interface DirtyRow {
  kind: string;
  id: string;
  /** null deletes the row. */
  json: () => string | null;
}

export interface Database {
  readonly durable: boolean;
  /** A prepared statement, kept for the next call with the same text. */
  sql(text: string): StatementSync;
  /** Runs `work` as one transaction and writes what it changed. What a thrown error leaves changed is written too. */
  turn<T>(work: () => T): T;
  /** Marks a row for the end of the turn. Without a data file there is nothing to write. */
  touch(row: DirtyRow): void;
  setting(name: string): string | null;
  setSetting(name: string, value: string): void;
  /** Empties every table. */
  clear(): void;
  close(): void;
}

export function openDatabase(file: string | undefined): Database {
  const db = new DatabaseSync(file ?? ':memory:');
  if (file !== undefined) db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;');
  db.exec(TABLES);
  const statements = new Map<string, StatementSync>();
  const dirty = new Map<string, DirtyRow>();
  let inTurn = false;

  const sql = (text: string) => {
    const known = statements.get(text);
    if (known !== undefined) return known;
    const made = db.prepare(text);
    statements.set(text, made);
    return made;
  };
  const flush = () => {
    for (const row of dirty.values()) {
      const json = row.json();
      if (json === null) sql('DELETE FROM objects WHERE kind = ? AND id = ?').run(row.kind, row.id);
      else {
        sql(
          'INSERT INTO objects (kind, id, json) VALUES (?, ?, ?) ON CONFLICT (kind, id) DO UPDATE SET json = excluded.json',
        ).run(row.kind, row.id, json);
      }
    }
    dirty.clear();
  };

  return {
    durable: file !== undefined,
    sql,
    turn(work) {
      if (inTurn) return work();
      inTurn = true;
      sql('BEGIN').run();
      try {
        return work();
      } finally {
        inTurn = false;
        flush();
        sql('COMMIT').run();
      }
    },
    touch(row) {
      if (file !== undefined) dirty.set(`${row.kind} ${row.id}`, row);
    },
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
      for (const table of ['objects', 'events', 'deliveries', 'idempotency', 'requests', 'settings']) {
        db.exec(`DELETE FROM ${table}`);
      }
    },
    close() {
      statements.clear();
      db.close();
    },
  };
}
