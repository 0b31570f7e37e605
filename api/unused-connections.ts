/**
 * Lets a server close although somebody holds a connection open on which nothing is asked: a browser opens one ahead, a
 * load balancer or a port scan says nothing; or on which a request stays half sent. Called by `api/server.ts`.
 *
 * Node counts a connection that has never sent a request among those with one under way, so `closeIdleConnections` leaves
 * it; and it looks at no time-out any more once the server closes (`httpServerPreClose` in its `lib/_http_server.js`).
 */
import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { FastifyInstance } from 'fastify';

const LOOK_EVERY_MS = 200;

/**
 * While the app closes: connections whose last answer is sent end at once, and those that never sent a byte as soon as
 * two looks have found none; a request of which a part has come has its time, a body too. What is under way is left alone.
 * @param receiveTimeoutMs time in which a request must have arrived, from when the app closes
 */
export function closeUnusedConnections(app: FastifyInstance, receiveTimeoutMs: number): void {
  const unasked = new Set<Socket>();
  const silent = new WeakSet<Socket>();
  /** Requests whose body may still be on its way. */
  const arriving = new Set<IncomingMessage>();
  app.server.on('connection', (socket: Socket) => {
    unasked.add(socket);
    socket.once('close', () => unasked.delete(socket));
  });
  app.server.on('request', (request: IncomingMessage) => {
    const { socket, headers } = request;
    unasked.delete(socket);
    if ('content-length' in headers || 'transfer-encoding' in headers) {
      arriving.add(request);
      request.once('close', () => arriving.delete(request));
    }
  });

  let looking: NodeJS.Timeout | undefined;
  app.addHook('preClose', async () => {
    const patientUntil = Date.now() + receiveTimeoutMs;
    // Again and again: an answer that is sent while it closes leaves its connection open for another request.
    looking = setInterval(() => {
      app.server.closeIdleConnections();
      for (const socket of unasked) {
        // A process that is busy may not have read yet what has come: it has before the next look.
        const isSilent = socket.bytesRead === 0 && silent.has(socket);
        silent.add(socket);
        if (isSilent || Date.now() > patientUntil) {
          socket.destroy();
        }
      }
      for (const request of arriving) {
        if (!request.complete && Date.now() > patientUntil) {
          request.socket.destroy();
        }
      }
    }, LOOK_EVERY_MS);
  });
  app.addHook('onClose', async () => clearInterval(looking));
}
