/**
 * Request ids and one log line for each request. The line names the route and never the raw address, which may hold a
 * customer's token or a filter with personal data.
 */
import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { FastifyInstance, FastifyRequest } from 'fastify';

/** A caller's own `X-Request-Id` when it is harmless, else a new one. */
export function requestIdOf(request: Pick<IncomingMessage, 'headers'>): string {
  const given = request.headers['x-request-id'];
  return typeof given === 'string' && /^[\w.:-]{1,64}$/.test(given) ? given : randomUUID();
}

/** Every later line of this request has the fields too. */
export function nameInLog(request: FastifyRequest, fields: Record<string, string>): void {
  request.log = request.log.child(fields);
}

/** Names enrollment and charge on every line of a request, and sends its id back. */
export function installRequestLog(app: FastifyInstance): void {
  app.addHook('onRequest', async (request, reply) => {
    reply.header('x-request-id', request.id);
    const { id, chargeId } = (request.params ?? {}) as Record<string, unknown>;
    const named = {
      ...(typeof id === 'string' && id.startsWith('enr_') ? { enrollment_id: id.slice(0, 40) } : {}),
      ...(typeof chargeId === 'string' ? { charge_id: chargeId.slice(0, 60) } : {}),
    };
    if (Object.keys(named).length > 0) {
      nameInLog(request, named);
    }
  });
  app.addHook('onResponse', async (request, reply) => {
    const line = {
      method: request.method,
      route: request.routeOptions.url ?? 'unknown',
      status: reply.statusCode,
      duration_ms: Math.round(reply.elapsedTime),
      ...(request.apiKeyId ? { api_key_id: request.apiKeyId } : {}),
    };
    if (reply.statusCode >= 500) {
      request.log.warn(line, 'request');
    } else {
      request.log.info(line, 'request');
    }
  });
}
