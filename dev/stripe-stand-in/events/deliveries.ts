// Sends queued events to webhook endpoints: signed anew for each attempt, tried again on Stripe's schedule (scaled).
// Rows live in the `deliveries` table, so a restart goes on where it stopped. An event may come twice, as Stripe's may.

import { Agent as HttpAgent, request as httpRequest } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import type { Clock } from '../clock.ts';
import { API_VERSION } from '../http/version.ts';
import type { Settings } from '../settings.ts';
import type { Database } from '../store/database.ts';
import type { Mode, World } from '../store/world.ts';
import { eventSeq } from './log.ts';
import { eventBody } from './render.ts';
import { signatureHeader } from './sign.ts';
import { inVersion } from './versions.ts';

/** Hours from one attempt to the next: three retries in test mode, three days of them in live mode. */
const RETRY_HOURS: Record<Mode, readonly number[]> = {
  test: [0.1, 1, 3],
  live: [0.1, 0.5, 2, 5, 10, 10, 12, 12, 20],
};
const CONCURRENCY = 24;
const TIMEOUT_MS = 20_000;

export type DeliveryMode = 'deliver' | 'hold' | 'drop';

export interface DeliveryOptions {
  mode: DeliveryMode;
  /** Send everything twice. */
  duplicate: boolean;
  /** Send what waits in random order. */
  shuffle: boolean;
}

export interface Deliveries {
  options(): DeliveryOptions;
  setOptions(options: DeliveryOptions): void;
  /** Something may be due: looks soon, after the current turn. */
  wake(): void;
  /** Sends what was held. Returns how many. */
  release(): number;
  /** Resolves when nothing is due and nothing is being sent. Retries that are due later do not count. */
  settled(): Promise<void>;
  close(): Promise<void>;
}

interface Row {
  seq: number;
  mode: Mode;
  eventId: string;
  endpointId: string;
  attempts: number;
}

export function createDeliveries(
  db: Database,
  clock: Clock,
  settings: Settings,
  worlds: () => Record<Mode, World>,
  report: (error: unknown) => void,
): Deliveries {
  const agents = { http: new HttpAgent({ keepAlive: true }), https: new HttpsAgent({ keepAlive: true }) };
  const busy = new Set<number>();
  const waiters: (() => void)[] = [];
  let options: DeliveryOptions = { mode: 'deliver', duplicate: false, shuffle: false };
  let planned = false;
  let closed = false;
  let retryTimer: NodeJS.Timeout | undefined;

  const wake = () => {
    if (planned || closed) return;
    planned = true;
    setImmediate(() => {
      planned = false;
      pump();
    });
  };

  const pump = () => {
    if (closed || busy.size >= CONCURRENCY) return;
    // Read once: a retry that came due between two readings would be neither sent nor planned.
    const nowMs = clock.nowMs();
    const rows = options.mode === 'hold' ? [] : due(nowMs);
    for (const row of rows.slice(0, CONCURRENCY - busy.size)) {
      busy.add(row.seq);
      attempt(row)
        .catch(report)
        .finally(() => {
          busy.delete(row.seq);
          wake();
        });
    }
    if (rows.length > 0) return;
    planRetry(nowMs);
    if (busy.size === 0) for (const done of waiters.splice(0)) done();
  };

  const attempt = async (row: Row): Promise<void> => {
    const world = worlds()[row.mode];
    if (options.mode === 'drop') {
      record(world, row, { status: null, error: 'dropped by the control plane' }, true);
      return;
    }
    const copies = options.duplicate ? 2 : 1;
    const [first] = await Promise.all(Array.from({ length: copies }, () => send(world, row)));
    if (!closed && first !== undefined) record(worlds()[row.mode], row, first, false);
  };

  const due = (nowMs: number): Row[] => {
    const rows = db
      .sql("SELECT * FROM deliveries WHERE state = 'pending' AND due_ms <= ? ORDER BY seq LIMIT ?")
      .all(nowMs, CONCURRENCY * 2)
      .map(readRow)
      .filter((row) => !busy.has(row.seq));
    return options.shuffle ? shuffled(rows) : rows;
  };

  const send = async (world: World, row: Row): Promise<Sent> => {
    const endpoint = world.endpoints.get(row.endpointId);
    const event = world.events.get(row.eventId);
    if (endpoint === undefined || event === undefined)
      return { status: null, error: 'endpoint or event is gone' };
    const version = endpoint.api_version ?? API_VERSION;
    const body = eventBody(world.livemode, event, version, inVersion(event.object, version));
    const now = clock.now();
    const { oldSecret } = endpoint;
    const secrets = [endpoint.signingSecret];
    if (oldSecret !== null && oldSecret.until > now) secrets.push(oldSecret.secret);
    return post(agents, endpoint.url, body, signatureHeader(secrets, body, now));
  };

  const record = (world: World, row: Row, sent: Sent, dropped: boolean) => {
    const ok = sent.status !== null && sent.status >= 200 && sent.status < 300;
    const attempts = row.attempts + 1;
    const hours = RETRY_HOURS[row.mode][row.attempts];
    const again = !ok && !dropped && hours !== undefined && world.endpoints.get(row.endpointId) !== undefined;
    const state = ok ? 'delivered' : again ? 'pending' : 'failed';
    const dueMs = again ? clock.nowMs() + hours * 3_600_000 * settings.webhookRetryScale : clock.nowMs();
    db.turn(() => {
      db.sql(
        'UPDATE deliveries SET state = ?, attempts = ?, due_ms = ?, last_status = ?, last_error = ? WHERE seq = ?',
      ).run(state, attempts, dueMs, sent.status, sent.error, row.seq);
      if (ok)
        db.sql('UPDATE events SET pending = MAX(0, pending - 1) WHERE seq = ?').run(eventSeq(row.eventId));
    });
  };

  const planRetry = (nowMs: number) => {
    clearTimeout(retryTimer);
    const next = db.sql("SELECT MIN(due_ms) AS due FROM deliveries WHERE state = 'pending'").get();
    const at = next?.due;
    if (typeof at !== 'number') return;
    const wait = at - nowMs;
    if (wait > 0) retryTimer = setTimeout(wake, Math.min(wait, 2 ** 31 - 1)).unref();
  };

  return {
    options: () => options,
    setOptions(next) {
      options = next;
      wake();
    },
    wake,
    release() {
      const waiting = db.sql("SELECT COUNT(*) AS n FROM deliveries WHERE state = 'pending'").get();
      options = { ...options, mode: 'deliver' };
      wake();
      return Number(waiting?.n ?? 0);
    },
    settled() {
      return new Promise((resolve) => {
        waiters.push(resolve);
        wake();
      });
    },
    async close() {
      closed = true;
      clearTimeout(retryTimer);
      agents.http.destroy();
      agents.https.destroy();
      for (const done of waiters.splice(0)) done();
    },
  };
}

interface Sent {
  /** null when no answer came. */
  status: number | null;
  error: string | null;
}

/** Follows no redirect: anything but 2xx is a failed attempt. */
function post(
  agents: { http: HttpAgent; https: HttpsAgent },
  url: string,
  body: string,
  signature: string,
): Promise<Sent> {
  const secure = url.startsWith('https:');
  const send = secure ? httpsRequest : httpRequest;
  return new Promise((resolve) => {
    const outgoing = send(
      url,
      {
        method: 'POST',
        agent: secure ? agents.https : agents.http,
        timeout: TIMEOUT_MS,
        headers: {
          'Content-Type': 'application/json; charset=utf-8',
          'Content-Length': Buffer.byteLength(body),
          'Stripe-Signature': signature,
          'User-Agent': 'Stripe/1.0 (+https://stripe.com/docs/webhooks)',
          Accept: '*/*; q=0.5, application/json',
        },
      },
      (incoming) => {
        incoming.resume();
        incoming.on('end', () => resolve({ status: incoming.statusCode ?? null, error: null }));
        incoming.on('error', (error) => resolve({ status: null, error: error.message }));
      },
    );
    outgoing.on('timeout', () => outgoing.destroy(new Error(`no answer within ${TIMEOUT_MS} ms`)));
    outgoing.on('error', (error) => resolve({ status: null, error: error.message }));
    outgoing.end(body);
  });
}

function readRow(row: Record<string, unknown>): Row {
  return {
    seq: Number(row.seq),
    mode: row.mode === 'live' ? 'live' : 'test',
    eventId: String(row.event_id),
    endpointId: String(row.endpoint_id),
    attempts: Number(row.attempts),
  };
}

function shuffled<T>(items: T[]): T[] {
  return items
    .map((item) => ({ item, at: Math.random() }))
    .sort((a, b) => a.at - b.at)
    .map(({ item }) => item);
}
