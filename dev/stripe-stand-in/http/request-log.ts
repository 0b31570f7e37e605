// The requests that came in, for the dashboard and for tests that count calls. Keys and card numbers are not kept.

import type { Clock } from '../clock.ts';
import type { Database } from '../store/database.ts';
import type { ApiRequest } from './api.ts';

const KEPT = 20_000;
let sincePrune = 0;

export interface Outcome {
  id: string;
  /** null when the connection was cut before an answer. */
  status: number | null;
  fault?: string | null;
  replayed?: boolean;
  errorCode?: string | null;
  mode?: string;
}

export function logRequest(db: Database, clock: Clock, request: ApiRequest, outcome: Outcome): void {
  const params = request.method === 'GET' ? request.query : request.body;
  db.sql('INSERT INTO requests VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)').run(
    outcome.mode ?? 'test',
    outcome.id,
    clock.nowMs(),
    request.method,
    request.path,
    withoutCardData(params),
    request.idempotencyKey ?? null,
    outcome.status,
    outcome.replayed ? 1 : 0,
    outcome.fault ?? null,
    outcome.errorCode ?? null,
  );
  if (++sincePrune >= 1000) {
    sincePrune = 0;
    db.sql('DELETE FROM requests WHERE seq <= (SELECT MAX(seq) FROM requests) - ?').run(KEPT);
  }
}

function withoutCardData(params: string): string {
  if (!params.includes('number') && !params.includes('cvc') && !params.includes('iban')) return params;
  return params.replaceAll(/((?:number|cvc|iban)(?:\]|%5D)*=)[^&]*/g, '$1***');
}

export interface LoggedRequest {
  id: string;
  /** Epoch milliseconds on the stand-in's clock. */
  at: number;
  mode: string;
  method: string;
  path: string;
  params: string;
  idempotency_key: string | null;
  status: number | null;
  replayed: boolean;
  fault: string | null;
  error_code: string | null;
}

/** Newest first. */
export function loggedRequests(db: Database, limit: number, pathPrefix = ''): LoggedRequest[] {
  const text = (value: unknown) => (value === null ? null : String(value));
  return db
    .sql('SELECT * FROM requests WHERE substr(path, 1, ?) = ? ORDER BY seq DESC LIMIT ?')
    .all(pathPrefix.length, pathPrefix, limit)
    .map((row) => ({
      id: String(row.id),
      at: Number(row.created),
      mode: String(row.mode),
      method: String(row.method),
      path: String(row.path),
      params: String(row.params),
      idempotency_key: text(row.idempotency_key),
      status: row.status === null ? null : Number(row.status),
      replayed: row.replayed === 1,
      fault: text(row.fault),
      error_code: text(row.error_code),
    }));
}
