/** For those who run the service: is it alive, can it work, what does it count. */
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { askToWrite } from '../../db/unavailable.ts';
import type { ApiDeps } from '../deps.ts';
import { within } from '../within.ts';

const check = z.enum(['ok', 'unreachable']);
const readiness = z.object({
  status: z.enum(['ready', 'not_ready', 'stopping']),
  checks: z.object({ database: check, temporal: check }),
});

/** Longest wait for what decides. */
const CHECK_TIMEOUT_MS = 3_000;
/** …and for Temporal, which does not: within the second after which probes give up by default. */
const TEMPORAL_TIMEOUT_MS = 800;

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
          summary: 'Whether it can work',
          description:
            'While Temporal is unreachable it is ready all the same: webhooks are kept and pages show what the rows say, and requests that need a Workflow get 503 by themselves.',
          response: {
            200: readiness,
            503: readiness.describe(
              'The database is unreachable or does not write, or the process is stopping',
            ),
          },
        },
      },
      async (request, reply) => {
        const look = async (name: string, withinMs: number, ask: () => Promise<unknown>) => {
          try {
            await within(withinMs, ask());
            return 'ok' as const;
          } catch (error) {
            request.log.warn({ err: error, part: name }, 'a part is unreachable');
            return 'unreachable' as const;
          }
        };
        const [database, temporal] = await Promise.all([
          look('database', CHECK_TIMEOUT_MS, () => askToWrite(db)),
          look('temporal', TEMPORAL_TIMEOUT_MS, pingTemporal),
        ]);
        const status = isStopping() ? 'stopping' : database === 'ok' ? 'ready' : 'not_ready';
        return reply.code(status === 'ready' ? 200 : 503).send({ status, checks: { database, temporal } });
      },
    );

    app.get('/metrics', { schema: { hide: true, tags: ['system'] } }, async (_request, reply) =>
      reply.type(metrics.registry.contentType).send(await metrics.registry.metrics()),
    );
  };
}
