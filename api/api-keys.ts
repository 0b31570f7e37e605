/** Makes API keys and finds whose one is. The key itself is shown once and never stored. */
import { createHash, randomBytes } from 'node:crypto';
import type { Kysely } from 'kysely';
import { findApiKey, insertApiKey, touchApiKey } from '../db/api-keys.ts';
import type { ApiKey, Database } from '../db/schema.ts';

/** `read` answers GET; `write` everything that changes something. */
export const SCOPES = ['read', 'write'] as const;
export type Scope = (typeof SCOPES)[number];

const TOUCH_AFTER_MS = 60_000;

/** Makes a key of 192 random bits and stores its hash. @returns the key, which cannot be had again, and its id */
export async function createApiKey(
  db: Kysely<Database>,
  options: { name: string; scopes: readonly Scope[] },
): Promise<{ id: string; key: string }> {
  const key = `dbk_${randomBytes(24).toString('hex')}`;
  const id = `key_${randomBytes(8).toString('hex')}`;
  await insertApiKey(db, { id, name: options.name, hash: hashOf(key), scopes: [...options.scopes] });
  return { id, key };
}

/**
 * The key that a request came with, or null for one that is unknown or revoked. It is found by its hash, so how long
 * that takes tells nothing of how much of a guess was right.
 */
export async function authenticate(db: Kysely<Database>, key: string): Promise<ApiKey | null> {
  const found = await findApiKey(db, hashOf(key));
  if (found === undefined || found.revoked_at !== null) {
    return null;
  }
  if (found.last_used_at === null || Date.now() - found.last_used_at.getTime() > TOUCH_AFTER_MS) {
    await touchApiKey(db, found.id);
  }
  return found;
}

function hashOf(key: string): string {
  return createHash('sha256').update(key).digest('hex');
}
