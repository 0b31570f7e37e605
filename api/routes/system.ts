/** For those who run the service: is it alive, can it work, what does it count. */
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { sql } from 'kysely';
import { z } from 'zod';
import type { ApiDeps } from '../deps.ts';
import { within } from '../within.ts';

const check = z.enum(['ok', 'unreachable']);
const readiness = z.object({
  status: z.enum(['ready', 'not_ready']),
  checks: z.object({ database: check, temporal: check }),
});

/** Longest wait for one part. */
const CHECK_TIMEOUT_MS = 3_000;

export function systemRoutes(deps: ApiDeps): FastifyPluginAsyncZod {
  const { db, pingTemporal, metrics } = deps;

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
          response: { 200: readiness, 503: readiness.describe('At least one is unreachable') },
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
        const ready = database === 'ok' && temporal === 'ok';
        return reply
          .code(ready ? 200 : 503)
          .send({ status: ready ? 'ready' : 'not_ready', checks: { database, temporal } });
      },
    );

    app.get('/metrics', { schema: { hide: true } }, async (_request, reply) =>
      reply.type(metrics.registry.contentType).send(await metrics.registry.metrics()),
    );
  };
}
