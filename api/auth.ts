/** API keys on the routes under /v1: who asks, and whether the key may do it. */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Kysely } from 'kysely';
import type { Database } from '../db/schema.ts';
import type { Requested } from '../workflows/messages.ts';
import { authenticate, type Scope } from './api-keys.ts';
import { HttpProblem } from './problems.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** Id of the API key, `key_…`; set on every route under /v1, null elsewhere. */
    apiKeyId: string | null;
  }
}

/** Adds the check to all routes of this scope: GET needs `read`, everything else `write`. */
export function requireApiKey(app: FastifyInstance, db: Kysely<Database>): void {
  app.decorateRequest('apiKeyId', null);
  app.addHook('onRequest', async (request) => {
    const key = await keyOf(request, db);
    const needed: Scope = request.method === 'GET' || request.method === 'HEAD' ? 'read' : 'write';
    if (!key.scopes.includes(needed)) {
      throw new HttpProblem(403, 'forbidden', `the API key lacks the scope '${needed}'`);
    }
    request.apiKeyId = key.id;
  });
}

/** Who asks and why, as the timeline keeps it. */
export function requestedIn(request: FastifyRequest, reason: string | null | undefined): Requested {
  return { by: `api:${request.apiKeyId ?? 'unknown'}`, reason: reason ?? null };
}

async function keyOf(request: FastifyRequest, db: Kysely<Database>) {
  const header = request.headers.authorization;
  if (header === undefined) {
    throw unauthorized('an API key is required: Authorization: Bearer dbk_…', 'Bearer');
  }
  const token = /^Bearer +(dbk_[0-9A-Za-z]{20,100})$/i.exec(header)?.[1];
  const key = token === undefined ? null : await authenticate(db, token);
  if (key === null) {
    throw unauthorized('the API key is unknown or was revoked', 'Bearer error="invalid_token"');
  }
  return key;
}

function unauthorized(message: string, challenge: string): HttpProblem {
  return new HttpProblem(401, 'unauthorized', message, { headers: { 'www-authenticate': challenge } });
}
