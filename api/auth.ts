/**
 * API keys on the routes under /v1: who asks, and whether the key may do it. Each route names the scope that it needs
 * in its `config`; one that names none does not start, so that a new route is never open by oversight.
 */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Kysely } from 'kysely';
import type { ApiKey, Database } from '../db/schema.ts';
import type { Requested } from '../workflows/messages.ts';
import { checkApiKey, type Refusal } from './api-keys.ts';
import { HttpProblem, invalidRequest } from './problems.ts';
import { SCOPE_MEANINGS, type Scope } from './scopes.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** Id of the API key, `key_…`; set on every route under /v1, null elsewhere. */
    apiKeyId: string | null;
    /** What that key allows; null where it is. */
    apiKeyScopes: readonly string[] | null;
  }
  interface FastifyContextConfig {
    /** What the API key must allow; every route under /v1 names it. */
    scope?: Scope;
  }
}

/** Adds the check to all routes of this scope, and names the API key's scope in their documentation. */
export function requireApiKey(app: FastifyInstance, db: Kysely<Database>): void {
  app.decorateRequest('apiKeyId', null);
  app.decorateRequest('apiKeyScopes', null);
  app.addHook('onRoute', (route) => {
    const scope = route.config?.scope;
    if (scope === undefined) {
      throw new Error(`${route.method} ${route.url} names no scope: add config: { scope } to it`);
    }
    const said = `Needs an API key with the scope \`${scope}\`.`;
    const description = [route.schema?.description, said].filter(Boolean).join('\n\n');
    route.schema = { ...route.schema, description, security: [{ apiKey: [scope] }] };
  });
  app.addHook('onRequest', async (request) => {
    const { scope } = request.routeOptions.config;
    // An address that nobody knows has none: it is answered with 404, to those who have a key.
    const key = await keyFor(db, request.headers.authorization, scope ?? null);
    request.apiKeyId = key.id;
    request.apiKeyScopes = key.scopes;
  });
}

/** Names the person behind a request; sent by the command line. */
export const OPERATOR_HEADER = 'billing-operator';

/**
 * Who asks and why, as the timeline keeps it: the key, and the person whom its holder names. Only the key is proven.
 * @throws HttpProblem 400 for a name that is none
 */
export function requestedIn(request: FastifyRequest, reason: string | null | undefined): Requested {
  const key = `api:${request.apiKeyId ?? 'unknown'}`;
  const operator = request.headers[OPERATOR_HEADER];
  if (operator === undefined) {
    return { by: key, reason: reason ?? null };
  }
  if (typeof operator !== 'string' || !/^[\w.@+-]{1,64}$/.test(operator)) {
    const message = 'Billing-Operator: expected 1 to 64 letters, digits, _ . @ + or -';
    throw invalidRequest([{ param: 'Billing-Operator', message }]);
  }
  return { by: `operator:${operator} (${key})`, reason: reason ?? null };
}

/**
 * The key of an `Authorization` header. Safe to call twice.
 * @param scope that it must have; null: any will do
 * @throws HttpProblem 401 without a good key, 403 naming the scope that is missing
 */
export async function keyFor(
  db: Kysely<Database>,
  authorization: string | undefined,
  scope: Scope | null,
): Promise<ApiKey> {
  if (authorization === undefined) {
    throw unauthorized('an API key is required: Authorization: Bearer dbk_…', 'Bearer');
  }
  const token = /^Bearer +(dbk_[0-9A-Za-z]{20,100})$/i.exec(authorization)?.[1];
  const key = token === undefined ? ({ refused: 'unknown' } as const) : await checkApiKey(db, token);
  if ('refused' in key) {
    throw unauthorized(`the API key ${WHY[key.refused]}`, 'Bearer error="invalid_token"');
  }
  if (scope !== null && !key.scopes.includes(scope)) {
    throw new HttpProblem(
      403,
      'forbidden',
      `the API key lacks the scope '${scope}' (${SCOPE_MEANINGS[scope]}); it has ${key.scopes.join(', ')}`,
      { headers: { 'www-authenticate': `Bearer error="insufficient_scope", scope="${scope}"` } },
    );
  }
  return key;
}

const WHY: Record<Refusal, string> = {
  unknown: 'is unknown',
  revoked: 'was revoked',
  expired: 'has expired',
};

function unauthorized(message: string, challenge: string): HttpProblem {
  return new HttpProblem(401, 'unauthorized', message, { headers: { 'www-authenticate': challenge } });
}
