/** Answers 405 and says what is allowed, where Fastify alone would say that the address is unknown. */
import type { FastifyInstance } from 'fastify';
import { HttpProblem } from './problems.ts';

/** Watches documented routes. @returns a function that adds the answers; call it when all routes are registered */
export function watchMethods(app: FastifyInstance): () => void {
  const known = new Map<string, Set<string>>();
  app.addHook('onRoute', ({ url, method, schema }) => {
    // Pages and the documentation answer in their own way.
    if (schema?.tags === undefined) {
      return;
    }
    const methods = known.get(url) ?? new Set();
    for (const one of [method].flat()) {
      methods.add(one);
    }
    known.set(url, methods);
  });

  return () => {
    for (const [url, methods] of [...known]) {
      const others = app.supportedMethods.filter((method) => !methods.has(method));
      const allow = [...methods].sort().join(', ');
      app.route({
        method: others,
        url,
        schema: { hide: true },
        // Before a body is looked for.
        onRequest: async (request) => {
          throw new HttpProblem(
            405,
            'method_not_allowed',
            `${request.method} is not allowed here; expected ${allow}`,
            {
              headers: { allow },
            },
          );
        },
        handler: async () => undefined,
      });
    }
  };
}
