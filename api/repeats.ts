/**
 * What may be sent again by somebody who has no answer. Each route under /v1 that changes something names it in its
 * `config`; one that does not does not start.
 */
import type { FastifyInstance, FastifyRequest } from 'fastify';

/**
 * `by_nature`: a second time changes nothing more. `under_key`: it is made once under an Idempotency-Key; why some
 * require one is in docs/decisions/0022-a-key-where-a-repeat-is-another.md.
 */
export type Repeat = 'by_nature' | 'under_key';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Why the request may be sent again; every route under /v1 that changes something names it. */
    repeat?: Repeat;
  }
}

const READS: readonly string[] = ['GET', 'HEAD', 'OPTIONS'];

export function requireRepeat(app: FastifyInstance): void {
  app.addHook('onRoute', ({ method, url, config }) => {
    if (![method].flat().every((one) => READS.includes(one)) && config?.repeat === undefined) {
      throw new Error(`${method} ${url} does not say what a repeat does: add config: { repeat } to it`);
    }
  });
}

/** Whether the same request may be sent again although nobody knows what came of it. */
export function mayBeRepeated({ method, headers, routeOptions }: FastifyRequest): boolean {
  const { repeat } = routeOptions.config;
  const isKeyed = repeat === 'under_key' && headers['idempotency-key'] !== undefined;
  return READS.includes(method) || repeat === 'by_nature' || isKeyed;
}
