/** For those who run the service: is it alive, can it work, what does it count. */
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { sql } from 'kysely';
import { z } from 'zod';
import type { ApiDeps } from '../deps.ts';
import { within } from '../within.ts';

const check = z.enum(['ok', 'unreachable']);
const readiness = z.object({
  status: z.enum(['ready', 'not_ready', 'stopping']),
  checks: z.object({ database: check, temporal: check }),
});

/** Longest wait for one part. */
const CHECK_TIMEOUT_MS = 3_000;

export function systemRoutes(deps: ApiDeps): FastifyPluginAsyncZod {
  const { db, pingTemporal, metrics, isStopping = () => false } = deps;

  return async (app) => {
    app.get(
      '/healthz',
      {
        schema: {
          tags: ['system'],
          summary: 'Whether the process lives',
          response: { 200: z.object({ status: z.literal('ok') }) },
        },
      },
      async () => ({ status: 'ok' as const }),
    );

    app.get(
      '/readyz',
      {
        schema: {
          tags: ['system'],
          summary: 'Whether the parts that it needs can be reached',
          response: {
            200: readiness,
            503: readiness.describe('At least one is unreachable, or the process is stopping'),
          },
        },
      },
      async (request, reply) => {
        const look = async (name: string, ask: () => Promise<unknown>) => {
          try {
            await within(CHECK_TIMEOUT_MS, ask());
            return 'ok' as const;
          } catch (error) {
            request.log.warn({ err: error, part: name }, 'a part is unreachable');
            return 'unreachable' as const;
          }
        };
        const [database, temporal] = await Promise.all([
          look('database', () => sql`select 1`.execute(db)),
          look('temporal', pingTemporal),
        ]);
        const reachable = database === 'ok' && temporal === 'ok';
        const status = isStopping() ? 'stopping' : reachable ? 'ready' : 'not_ready';
        return reply.code(status === 'ready' ? 200 : 503).send({ status, checks: { database, temporal } });
      },
    );

    app.get('/metrics', { schema: { hide: true, tags: ['system'] } }, async (_request, reply) =>
      reply.type(metrics.registry.contentType).send(await metrics.registry.metrics()),
    );
  };
}
