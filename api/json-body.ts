/**
 * Bodies of requests: JSON in UTF-8, as it was sent. Fastify alone would put � in the place of bytes that are no UTF-8,
 * and a name in another encoding would be kept, shown and mailed like that. Called by `api/server.ts`.
 */
import type { FastifyInstance } from 'fastify';
import { HttpProblem, shown } from './problems.ts';

const UTF_8 = new TextDecoder('utf-8', { fatal: true });

/**
 * Takes the place of Fastify's own parsers.
 * @throws HttpProblem in requests: 415 for another encoding or a compressed body, 400 for bytes that are no UTF-8
 */
export function parseJsonBodies(app: FastifyInstance): void {
  const parse = app.getDefaultJsonParser('error', 'error');
  app.removeContentTypeParser(['application/json', 'text/plain']);
  app.addContentTypeParser<Buffer>('application/json', { parseAs: 'buffer' }, (request, body, done) => {
    const { 'content-encoding': coding = 'identity', 'content-type': type = '' } = request.headers;
    const charset = /;\s*charset="?([^\s;"]+)/i.exec(type)?.[1] ?? 'utf-8';
    if (coding.toLowerCase() !== 'identity') {
      done(unsupported(`expected a body that is not compressed, got Content-Encoding '${shown(coding)}'`));
    } else if (!/^(utf-?8|us-ascii)$/i.test(charset)) {
      done(unsupported(`expected a body in UTF-8, got charset '${shown(charset)}'`));
    } else {
      const text = decoded(body);
      if (text instanceof HttpProblem) {
        done(text);
      } else {
        void parse(request, text, done);
      }
    }
  });
}

function decoded(body: Buffer): string | HttpProblem {
  try {
    return UTF_8.decode(body);
  } catch {
    return new HttpProblem(400, 'malformed_request', 'the body has bytes that are no UTF-8', {
      param: 'body',
    });
  }
}

function unsupported(message: string): HttpProblem {
  return new HttpProblem(415, 'unsupported_media_type', message, {
    headers: { 'accept-encoding': 'identity' },
  });
}
