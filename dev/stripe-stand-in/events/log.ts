// The events of one mode: written in the turn that caused them, kept for 30 days, listed by the API, and queued for
// every webhook endpoint that listens. The body of an event is fixed when it happens; later changes do not reach it.

import type { Clock } from '../clock.ts';
import { randomChars } from '../ids.ts';
import type { Collection } from '../store/collection.ts';
import type { Database } from '../store/database.ts';
import type { ReceivedEndpoint } from '../store/records.ts';
import type { EventType } from './types.ts';

/** The request that caused an event, or null when Stripe itself did. */
export interface Cause {
  id: string;
  idempotencyKey: string | null;
}

export interface StoredEvent {
  id: string;
  type: string;
  created: number;
  /** JSON of data.object and of data.previous_attributes. */
  object: string;
  previous: string | null;
  requestId: string | null;
  idempotencyKey: string | null;
  pending: number;
}

export interface EventLog {
  add(type: EventType, object: { id: string }, cause: Cause | null, previous?: object): void;
  get(id: string): StoredEvent | undefined;
  /** Newest first, those of the last 30 days. */
  list(filter: EventFilter): IterableIterator<StoredEvent>;
  /** A queue row for one event and endpoint, at once. Used for new events and for resending. */
  queue(eventId: string, endpointId: string): void;
  /** Called after each event that at least one endpoint listens to. */
  onQueued(listener: () => void): void;
  prune(): void;
}

export interface EventFilter {
  types?: readonly string[];
  gt?: number | undefined;
  gte?: number | undefined;
  lt?: number | undefined;
  lte?: number | undefined;
  undelivered?: boolean | undefined;
}

export const EVENT_DAYS = 30;

/** An event's id ends in its row number, in base 36. */
const SEQ_DIGITS = 8;

export function eventSeq(id: string): number {
  const seq = Number.parseInt(id.slice(-SEQ_DIGITS), 36);
  return Number.isSafeInteger(seq) ? seq : 0;
}

export function openEventLog(
  db: Database,
  mode: string,
  clock: Clock,
  endpoints: Collection<ReceivedEndpoint>,
): EventLog {
  let queued = () => {};
  const oldest = () => clock.now() - EVENT_DAYS * 86_400;

  const log: EventLog = {
    add(type, object, cause, previous) {
      const listening: string[] = [];
      for (const endpoint of endpoints.newestFirst())
        if (listens(endpoint, type)) listening.push(endpoint.id);
      const seq = Number(db.sql('SELECT COALESCE(MAX(seq), 0) + 1 AS seq FROM events').get()?.seq);
      const id = `evt_${randomChars(16)}${seq.toString(36).padStart(SEQ_DIGITS, '0')}`;
      db.sql('INSERT INTO events VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)').run(
        seq,
        mode,
        id,
        type,
        clock.now(),
        JSON.stringify(object),
        previous === undefined ? null : JSON.stringify(previous),
        cause?.id ?? null,
        cause?.idempotencyKey ?? null,
        listening.length,
      );
      for (const endpoint of listening) log.queue(id, endpoint);
    },
    get(id) {
      const row = db
        .sql('SELECT * FROM events WHERE seq = ? AND id = ? AND mode = ? AND created >= ?')
        .get(eventSeq(id), id, mode, oldest());
      return row === undefined ? undefined : readEvent(row);
    },
    *list(filter) {
      const since = Math.max(oldest(), filter.gte ?? 0, filter.gt === undefined ? 0 : filter.gt + 1);
      const until = Math.min(
        filter.lte ?? Number.MAX_SAFE_INTEGER,
        filter.lt === undefined ? Number.MAX_SAFE_INTEGER : filter.lt - 1,
      );
      const query = 'SELECT * FROM events WHERE mode = ? AND created BETWEEN ? AND ? ORDER BY seq DESC';
      for (const row of db.sql(query).iterate(mode, since, until)) {
        const event = readEvent(row);
        if (filter.types !== undefined && !filter.types.some((type) => matches(type, event.type))) continue;
        if (filter.undelivered !== undefined && event.pending > 0 !== filter.undelivered) continue;
        yield event;
      }
    },
    queue(eventId, endpointId) {
      db.sql("INSERT INTO deliveries VALUES (NULL, ?, ?, ?, 'pending', 0, ?, NULL, NULL)").run(
        mode,
        eventId,
        endpointId,
        clock.nowMs(),
      );
      queued();
    },
    onQueued(listener) {
      queued = listener;
    },
    prune() {
      db.sql('DELETE FROM events WHERE mode = ? AND created < ?').run(mode, oldest());
      db.sql('DELETE FROM deliveries WHERE mode = ? AND event_id NOT IN (SELECT id FROM events)').run(mode);
    },
  };
  return log;
}

function listens(endpoint: ReceivedEndpoint, type: string): boolean {
  return (
    endpoint.status === 'enabled' &&
    endpoint.enabled_events.some((wanted) => wanted === '*' || wanted === type)
  );
}

/** `charge.*` means every type that begins with `charge.`. */
function matches(pattern: string, type: string): boolean {
  return pattern === type || (pattern.endsWith('*') && type.startsWith(pattern.slice(0, -1)));
}

function readEvent(row: Record<string, unknown>): StoredEvent {
  const nullable = (value: unknown) => (value === null ? null : String(value));
  return {
    id: String(row.id),
    type: String(row.type),
    created: Number(row.created),
    object: String(row.object),
    previous: nullable(row.previous),
    requestId: nullable(row.request_id),
    idempotencyKey: nullable(row.idempotency_key),
    pending: Number(row.pending),
  };
}
