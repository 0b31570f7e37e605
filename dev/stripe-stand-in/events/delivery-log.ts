// The attempts to deliver events, for the dashboard and the control plane.

import type { Database } from '../store/database.ts';

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

/** Newest first. */
export function loggedDeliveries(db: Database, limit: number): LoggedDelivery[] {
  return db
    .sql(
      'SELECT d.*, e.type AS type FROM deliveries d LEFT JOIN events e ON e.id = d.event_id ORDER BY d.seq DESC LIMIT ?',
    )
    .all(limit)
    .map((row) => ({
      event: String(row.event_id),
      type: String(row.type),
      endpoint: String(row.endpoint_id),
      mode: String(row.mode),
      state: String(row.state),
      attempts: Number(row.attempts),
      at: Number(row.due_ms),
      last_status: row.last_status === null ? null : Number(row.last_status),
      last_error: row.last_error === null ? null : String(row.last_error),
    }));
}
