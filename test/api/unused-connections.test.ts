/** A server that closes does not wait for connections on which nothing is asked, and does for what is. */

import { once } from 'node:events';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { FastifyInstance } from 'fastify';
import { pino } from 'pino';
import { createServer } from '../../api/server.ts';
import { closeUnusedConnections } from '../../api/unused-connections.ts';
import { waitFor } from '../support/wait.ts';

const REQUEST = 'GET /slow HTTP/1.1\r\nhost: localhost\r\n\r\n';

let app: FastifyInstance;
let answer: () => void;
let answered: Promise<void>;
let underWay: number;
const sockets: Socket[] = [];

beforeEach(async () => {
  app = createServer({ log: pino({ level: 'silent' }), bodyLimit: 1_024, trustedProxies: [] });
  answered = new Promise<void>((resolve) => {
    answer = resolve;
  });
  app.get('/', async () => ({ status: 'ok' }));
  underWay = 0;
  app.get('/slow', async () => {
    underWay += 1;
    await answered;
    return { status: 'ok' };
  });
});
afterEach(() => {
  for (const socket of sockets.splice(0)) {
    socket.destroy();
  }
});

/** @returns what it was sent, and whether it has ended */
async function connected() {
  const { port } = app.server.address() as AddressInfo;
  const socket = connect(port, '127.0.0.1');
  sockets.push(socket);
  const seen = { text: '', isClosed: false };
  socket.on('data', (chunk) => {
    seen.text += chunk.toString();
  });
  socket.on('error', () => {});
  socket.once('close', () => {
    seen.isClosed = true;
  });
  await new Promise((resolve) => socket.once('connect', resolve));
  return { socket, seen };
}

async function open(count: number): Promise<void> {
  await waitFor('the server to know of them', async () => {
    const open = await new Promise<number>((resolve) =>
      app.server.getConnections((_error, connections) => resolve(connections)),
    );
    return open === count;
  });
}

describe('a server that closes', () => {
  it('does not wait for who never asked, nor for who has been answered', async () => {
    await app.listen({ host: '127.0.0.1', port: 0 });
    await connected();
    const asked = await connected();
    asked.socket.write('GET / HTTP/1.1\r\nhost: localhost\r\n\r\n');
    await waitFor('the answer', () => asked.seen.text.includes('200 OK'));
    await open(2);
    await app.close();
  }, 10_000);

  it('waits for the answer to what was asked before, on a first and on a later request', async () => {
    await app.listen({ host: '127.0.0.1', port: 0 });
    const first = await connected();
    first.socket.write(REQUEST);
    const later = await connected();
    later.socket.write('GET / HTTP/1.1\r\nhost: localhost\r\n\r\n');
    await waitFor('the answer', () => later.seen.text.includes('200 OK'));
    later.socket.write(REQUEST);
    await waitFor('both to be asked for', () => underWay === 2);
    const closed = app.close();
    await sleep(600);
    expect([first.seen.isClosed, later.seen.isClosed]).toEqual([false, false]);
    answer();
    await closed;
    await waitFor('their end', () => first.seen.isClosed && later.seen.isClosed);
    expect(first.seen.text).toContain('200 OK');
    expect(later.seen.text.match(/200 OK/g)).toHaveLength(2);
  }, 10_000);

  it('gives a request of which a part has come its time, and no more', async () => {
    closeUnusedConnections(app, 700);
    await app.listen({ host: '127.0.0.1', port: 0 });
    const half = await connected();
    half.socket.write('GET / HTTP/1.1\r\nhost: ');
    await open(1);
    const closed = app.close();
    await sleep(500);
    expect(half.seen.isClosed).toBe(false);
    await closed;
    await waitFor('its end', () => half.seen.isClosed);
  }, 10_000);

  it.each(['a route that waits for it', 'an answer that does not'])(
    'gives a body of which a part has come its time, and no more: %s',
    async (what) => {
      closeUnusedConnections(app, 700);
      app.post('/', async () => ({ status: 'ok' }));
      await app.listen({ host: '127.0.0.1', port: 0 });
      const half = await connected();
      const path = what.startsWith('a route') ? '/' : '/unknown';
      const begun = once(app.server, 'request');
      half.socket.write(
        `POST ${path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: 9\r\n\r\n{`,
      );
      await begun;
      const closed = app.close();
      await sleep(500);
      expect(half.seen.isClosed).toBe(false);
      await closed;
      await waitFor('its end', () => half.seen.isClosed);
    },
    10_000,
  );

  it('waits for the answer to a request with a body, however long ago it arrived', async () => {
    closeUnusedConnections(app, 200);
    app.post('/slow', async () => {
      underWay += 1;
      await answered;
      return { status: 'ok' };
    });
    await app.listen({ host: '127.0.0.1', port: 0 });
    const slow = await connected();
    slow.socket.write(
      'POST /slow HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}',
    );
    await waitFor('it to be asked for', () => underWay === 1);
    const closed = app.close();
    await sleep(800);
    expect(slow.seen.isClosed).toBe(false);
    answer();
    await closed;
    await waitFor('its end', () => slow.seen.isClosed);
    expect(slow.seen.text).toContain('200 OK');
  }, 10_000);
});
