/**
 * Server-sent events of one enrollment: a line whenever something changed, so that an open page can ask for itself
 * again. It carries a stamp and nothing else.
 */
import { PassThrough } from 'node:stream';
import type { FastifyInstance } from 'fastify';
import type { Site } from './site.ts';
import { visitorOf } from './visitor.ts';

/** After that long the browser connects anew, and its link is checked again. */
const LIFETIME_MS = 10 * 60_000;
/** Proxies close connections that are silent for a minute or so. */
const HEARTBEAT_MS = 20_000;
/** A reader that takes nothing must not make us keep more than this. */
const MOST_UNREAD_BYTES = 16_384;

export function eventRoutes(app: FastifyInstance, site: Site): void {
  const route = { handlerTimeout: LIFETIME_MS + 60_000 };
  app.get('/:token/events', route, async (request, reply) => {
    const { enrollment } = await visitorOf(site, request);
    const stream = new PassThrough();
    const stop = site.feed.watch(enrollment.id, {
      onStamp: (stamp) => void write(stream, `data: ${stamp}\n\n`),
      onClose: () => void stream.end(),
    });
    if (stop === null) {
      return reply.code(503).header('retry-after', '30').type('text/plain').send('too many open pages');
    }
    const heartbeat = setInterval(() => write(stream, ':\n\n'), HEARTBEAT_MS);
    const lifetime = setTimeout(() => stream.end(), LIFETIME_MS);
    const release = () => {
      stop();
      clearInterval(heartbeat);
      clearTimeout(lifetime);
      stream.destroy();
    };
    stream.once('close', release);
    reply.raw.once('close', release);
    write(stream, 'retry: 3000\n\n');
    return reply
      .headers({
        'content-type': 'text/event-stream; charset=utf-8',
        'x-accel-buffering': 'no',
        // A server that closes waits for connections; this one ends with its stream.
        connection: 'close',
      })
      .send(stream);
  });
}

function write(stream: PassThrough, text: string): void {
  if (stream.writableLength + stream.readableLength > MOST_UNREAD_BYTES) {
    stream.destroy();
  } else if (!stream.writableEnded) {
    stream.write(text);
  }
}
