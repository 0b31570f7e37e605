// Stripe's idempotency keys: the first answer is kept for 24 hours of the stand-in's clock and repeated.

import { createHash } from 'node:crypto';
import { StripeFailure } from '../errors.ts';
import type { Database } from '../store/database.ts';
import type { World } from '../store/world.ts';

export const KEY_HOURS = 24;
const MAX_KEY_LENGTH = 255;

export interface StoredAnswer {
  status: number;
  body: string;
  /** The request that was answered first. */
  requestId: string;
}

export interface KeyUse {
  key: string;
  path: string;
  fingerprint: string;
}

/** @param body the raw body: what is told apart is what was sent, byte for byte */
export function keyUse(key: string, path: string, body: string): KeyUse {
  if (key.length > MAX_KEY_LENGTH) {
    throw new StripeFailure(
      400,
      {
        type: 'idempotency_error',
        message: `Idempotency keys can be at most ${MAX_KEY_LENGTH} characters long; this one has ${key.length}.`,
      },
      false,
    );
  }
  return { key, path, fingerprint: createHash('sha1').update(body).digest('base64') };
}

/** Which row has the answer of a key, per mode. The bodies stay in the database. */
export interface KeyIndex {
  get(key: string): number | undefined;
  set(key: string, seq: number): void;
  delete(key: string): void;
}

export function openKeyIndex(db: Database, mode: string): KeyIndex {
  const rows = db.sql('SELECT key, seq FROM idempotency WHERE mode = ? ORDER BY seq').all(mode);
  return new Map(rows.map((row) => [String(row.key), Number(row.seq)]));
}

/** The answer kept for this key, if any. Throws when the key was used for something else. */
export function keptAnswer(world: World, use: KeyUse): StoredAnswer | null {
  const seq = world.keys.get(use.key);
  if (seq === undefined) return null;
  const row = world.db
    .sql('SELECT * FROM idempotency WHERE seq = ? AND created > ?')
    .get(seq, world.clock.now() - KEY_HOURS * 3600);
  if (row === undefined) return null;
  if (row.path !== use.path) {
    throw reused(
      `Keys for idempotent requests can only be used for the same endpoint they were first used for ` +
        `('${use.path}' vs '${row.path}').`,
      use.key,
    );
  }
  if (row.fingerprint !== use.fingerprint) {
    throw reused(
      'Keys for idempotent requests can only be used with the same parameters they were first used with.',
      use.key,
    );
  }
  return { status: Number(row.status), body: String(row.body), requestId: String(row.request_id) };
}

function reused(message: string, key: string): StripeFailure {
  return new StripeFailure(
    400,
    {
      type: 'idempotency_error',
      message: `${message} Try using a key other than '${key}' if you meant to execute a different request.`,
    },
    false,
  );
}

/** Keeps the answer; a key older than 24 hours is taken over by the new request. */
export function keepAnswer(world: World, use: KeyUse, answer: StoredAnswer): void {
  const { lastInsertRowid } = world.db
    .sql('INSERT INTO idempotency VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?)')
    .run(
      world.mode,
      use.key,
      use.path,
      use.fingerprint,
      answer.status,
      answer.body,
      answer.requestId,
      world.clock.now(),
    );
  world.keys.set(use.key, Number(lastInsertRowid));
}

export function pruneKeys(world: World): void {
  const { db, keys, mode } = world;
  const old = db
    .sql('SELECT seq, key FROM idempotency WHERE mode = ? AND created <= ?')
    .all(mode, world.clock.now() - KEY_HOURS * 3600);
  for (const row of old) {
    if (keys.get(String(row.key)) === row.seq) keys.delete(String(row.key));
    db.sql('DELETE FROM idempotency WHERE seq = ?').run(row.seq ?? null);
  }
}

export function keyInUse(key: string): StripeFailure {
  return new StripeFailure(
    409,
    {
      type: 'idempotency_error',
      code: 'idempotency_key_in_use',
      message:
        'There is currently another in-progress request using this Idempotency Key ' +
        `(that probably means you submitted twice, and the other request is still going through): ${key}. ` +
        'Try again later.',
    },
    false,
  );
}
