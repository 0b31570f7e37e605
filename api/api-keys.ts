/** Makes API keys and finds whose one is. The key itself is shown once and never stored. */
import { createHash, randomBytes } from 'node:crypto';
import type { Kysely } from 'kysely';
import { findApiKey, insertApiKey, touchApiKey } from '../db/api-keys.ts';
import type { ApiKey, Database } from '../db/schema.ts';
import type { Scope } from './scopes.ts';

export { SCOPES, type Scope, USUAL_SCOPES } from './scopes.ts';

const TOUCH_AFTER_MS = 60_000;

/**
 * Makes a key of 192 random bits and stores its hash.
 * @param options.expiresAt ISO 8601; from then on the key is refused. Absent: good until it is revoked
 * @returns the key, which cannot be had again, and its id
 * @throws RangeError without a scope, and for an end that is no instant or has passed
 */
export async function createApiKey(
  db: Kysely<Database>,
  options: { name: string; scopes: readonly Scope[]; expiresAt?: string | undefined },
): Promise<{ id: string; key: string }> {
  const { name, scopes, expiresAt } = options;
  if (scopes.length === 0) {
    throw new RangeError('an API key needs a scope');
  }
  if (expiresAt !== undefined && !(Date.parse(expiresAt) > Date.now())) {
    throw new RangeError(`an API key expires at an instant ahead, ISO 8601; got '${expiresAt}'`);
  }
  const key = `dbk_${randomBytes(24).toString('hex')}`;
  const id = `key_${randomBytes(8).toString('hex')}`;
  const stored = { id, name, hash: hashOf(key), scopes: [...new Set(scopes)], expires_at: expiresAt ?? null };
  await insertApiKey(db, stored);
  return { id, key };
}

/** Why a key is refused; the caller of the API is told, for whoever has the key may know. */
export type Refusal = 'unknown' | 'revoked' | 'expired';

/**
 * The key that a request came with, or why it is refused. It is found by its hash, so how long that takes tells
 * nothing of how much of a guess was right.
 */
export async function checkApiKey(db: Kysely<Database>, key: string): Promise<ApiKey | { refused: Refusal }> {
  const found = await findApiKey(db, hashOf(key));
  if (found === undefined) {
    return { refused: 'unknown' };
  }
  if (found.revoked_at !== null) {
    return { refused: 'revoked' };
  }
  if (found.expires_at !== null && found.expires_at.getTime() <= Date.now()) {
    return { refused: 'expired' };
  }
  if (found.last_used_at === null || Date.now() - found.last_used_at.getTime() > TOUCH_AFTER_MS) {
    await touchApiKey(db, found.id);
  }
  return found;
}

/** {@link checkApiKey} for whoever does not ask why. */
export async function authenticate(db: Kysely<Database>, key: string): Promise<ApiKey | null> {
  const found = await checkApiKey(db, key);
  return 'refused' in found ? null : found;
}

function hashOf(key: string): string {
  return createHash('sha256').update(key).digest('hex');
}
