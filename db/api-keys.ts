/** API keys: only the sha256 of a key is stored. Written by the command line; read on every request to /v1. */
import { type Kysely, sql } from 'kysely';
import type { ApiKey, Database } from './schema.ts';
import { statement } from './statement.ts';

export async function insertApiKey(
  db: Kysely<Database>,
  key: { id: string; name: string; hash: string; scopes: string[]; expires_at: string | null },
): Promise<void> {
  await db.insertInto('api_keys').values(key).execute();
}

/** @returns undefined for an unknown hash; a revoked or expired key is returned as such */
export async function findApiKey(db: Kysely<Database>, hash: string): Promise<ApiKey | undefined> {
  const [found] = await byHash(db, { hash });
  return found;
}

const byHash = statement((db, { hash }: { hash: string }) =>
  db.selectFrom('api_keys').selectAll().where('hash', '=', hash).compile(),
);

/** The oldest first. */
export function listApiKeys(db: Kysely<Database>): Promise<ApiKey[]> {
  return db.selectFrom('api_keys').selectAll().orderBy('created_at').orderBy('id').execute();
}

/** Notes that a key was used; once a minute at most, so that a busy key costs next to nothing. */
export async function touchApiKey(db: Kysely<Database>, id: string): Promise<void> {
  await db
    .updateTable('api_keys')
    .set({ last_used_at: sql<Date>`now()` })
    .where('id', '=', id)
    .where(sql<boolean>`(last_used_at is null or last_used_at < now() - interval '1 minute')`)
    .execute();
}

/** Takes effect at the next request. Safe to call twice: the first instant stays. @returns false for an unknown id */
export async function revokeApiKey(db: Kysely<Database>, id: string): Promise<boolean> {
  const revoked = await db
    .updateTable('api_keys')
    .set({ revoked_at: sql<Date>`coalesce(revoked_at, now())` })
    .where('id', '=', id)
    .returning('id')
    .executeTakeFirst();
  return revoked !== undefined;
}
