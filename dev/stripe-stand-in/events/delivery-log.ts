// The attempts to deliver events, for the dashboard and the control plane.

import type { Database } from '../store/database.ts';
import { eventSeq } from './log.ts';

export interface LoggedDelivery {
  event: string;
  type: string;
  endpoint: string;
  mode: string;
  state: string;
  attempts: number;
  /** Epoch milliseconds on the stand-in's clock: of the next attempt while pending, of the last one otherwise. */
  at: number;
  last_status: number | null;
  last_error: string | null;
}

function eventType(db: Database, id: string): string {
  return String(db.sql('SELECT type FROM events WHERE seq = ?').get(eventSeq(id))?.type ?? 'gone');
}

/** Newest first. */
export function loggedDeliveries(db: Database, limit: number): LoggedDelivery[] {
  return db
    .sql('SELECT * FROM deliveries ORDER BY seq DESC LIMIT ?')
    .all(limit)
    .map((row) => ({
      event: String(row.event_id),
      type: eventType(db, String(row.event_id)),
      endpoint: String(row.endpoint_id),
      mode: String(row.mode),
      state: String(row.state),
      attempts: Number(row.attempts),
      at: Number(row.due_ms),
      last_status: row.last_status === null ? null : Number(row.last_status),
      last_error: row.last_error === null ? null : String(row.last_error),
    }));
}
