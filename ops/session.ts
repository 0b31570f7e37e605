/**
 * Who looks at the operators' page: whoever has an API key that may read. The key is given once, on a form; from then on a
 * signed cookie names it for some hours. The key is looked up at every request, so a revoked one ends its sessions.
 */
import { createHmac } from 'node:crypto';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { jwtVerify, SignJWT } from 'jose';
import type { Kysely } from 'kysely';
import { authenticate } from '../api/api-keys.ts';
import type { Settings } from '../config/env.ts';
import type { Database } from '../db/schema.ts';

const COOKIE = 'ops_session';
const LIFETIME_S = 8 * 3_600;
const SCOPE = 'read';

export interface Sessions {
  /** Checks the key and sets the cookie. @returns false for a key that is not good for it; nothing is set then */
  signIn(reply: FastifyReply, key: string): Promise<boolean>;
  signOut(reply: FastifyReply): void;
  /** What the key of the request's session allows now; null without a session, and when it may not read any more. */
  scopesOf(request: FastifyRequest): Promise<readonly string[] | null>;
}

export function createSessions(
  db: Kysely<Database>,
  settings: Pick<Settings, 'CUSTOMER_LINK_SECRETS' | 'PUBLIC_URL'>,
): Sessions {
  // Derived, so that neither kind of token is ever good for the other.
  const keys = settings.CUSTOMER_LINK_SECRETS.map((secret) =>
    createHmac('sha256', secret).update('durable-billing/ops-session').digest(),
  );
  const [signingKey] = keys;
  if (signingKey === undefined) {
    throw new Error('CUSTOMER_LINK_SECRETS has no secret');
  }
  const url = new URL(settings.PUBLIC_URL);
  const cookie = {
    path: `${url.pathname.replace(/\/+$/, '')}/ops`,
    httpOnly: true,
    // A link to the page from elsewhere opens it; nothing on it changes anything.
    sameSite: 'lax',
    secure: url.protocol === 'https:',
  } as const;

  return {
    async signIn(reply, key) {
      const found = /^dbk_\w{20,100}$/.test(key) ? await authenticate(db, key) : null;
      if (!found?.scopes.includes(SCOPE)) {
        return false;
      }
      const token = await new SignJWT({})
        .setProtectedHeader({ alg: 'HS256' })
        .setSubject(found.id)
        .setExpirationTime(`${LIFETIME_S}s`)
        .sign(signingKey);
      reply.setCookie(COOKIE, token, { ...cookie, maxAge: LIFETIME_S });
      return true;
    },
    signOut(reply) {
      reply.clearCookie(COOKIE, cookie);
    },
    async scopesOf(request) {
      const id = await keyIdOf(request.cookies[COOKIE] ?? '', keys);
      return id === null ? null : scopesOfKey(db, id);
    },
  };
}

/** The id of the API key, or null for a token that is forged or over. */
async function keyIdOf(token: string, keys: readonly Uint8Array[]): Promise<string | null> {
  for (const key of keys) {
    const read = await jwtVerify(token, key, { algorithms: ['HS256'] }).catch(() => null);
    if (read?.payload.sub !== undefined) {
      return read.payload.sub;
    }
  }
  return null;
}

async function scopesOfKey(db: Kysely<Database>, id: string): Promise<readonly string[] | null> {
  const key = await db
    .selectFrom('api_keys')
    .select(['scopes', 'revoked_at', 'expires_at'])
    .where('id', '=', id)
    .executeTakeFirst();
  const isGood =
    key !== undefined &&
    key.revoked_at === null &&
    (key.expires_at === null || key.expires_at.getTime() > Date.now()) &&
    key.scopes.includes(SCOPE);
  return isGood ? key.scopes : null;
}
