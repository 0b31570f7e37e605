import { Agent, createServer, type RequestListener, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import { fireEvenly, send } from '../../bench/measure/load.ts';

let server: Server;
afterEach(() => {
  server.closeAllConnections();
  server.close();
});

async function serve(listener: RequestListener): Promise<string> {
  server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const next = () => ({ method: 'POST' as const, path: '/webhook', body: '{}' });

describe('fireEvenly', () => {
  it('sends no request before it is due, so never a burst', async () => {
    const cameMs: number[] = [];
    const url = await serve((_request, response) => {
      cameMs.push(performance.now());
      response.end();
    });
    const startedMs = performance.now();
    const result = await fireEvenly({ url, next, connections: 4, amount: 20 }, 200);
    expect(cameMs).toHaveLength(20);
    cameMs.forEach((at, index) => {
      expect(at - startedMs).toBeGreaterThanOrEqual(index * 5);
    });
    expect(result.failed).toBe(0);
    expect(result.perSecond).toBeLessThanOrEqual(20 / (19 * 0.005));
  });

  it('counts from the instant at which a request was due, also while it waited for a connection', async () => {
    const url = await serve((_request, response) => void setTimeout(() => response.end(), 50));
    const { latenciesMs } = await fireEvenly({ url, next, connections: 1, amount: 4 }, 1_000);
    latenciesMs.forEach((latencyMs, index) => {
      // Each waits for those before it, and was due a millisecond after the last one. Timers may be a little early.
      expect(latencyMs).toBeGreaterThanOrEqual((index + 1) * 48 - index);
    });
  });

  it('tells answers other than 2xx, and connections that broke, as failed', async () => {
    let requests = 0;
    const url = await serve((request, response) => {
      requests += 1;
      if (requests === 1) {
        response.writeHead(503).end();
      } else if (requests === 2) {
        request.destroy();
      } else {
        response.end();
      }
    });
    expect((await fireEvenly({ url, next, connections: 1, amount: 4 }, 1_000)).failed).toBe(2);
  });
});

describe('send', () => {
  it.each([
    ['breaks within its answer', (response: ServerResponse) => response.socket?.destroy()],
    ['never answers to its end', () => undefined],
  ])('tells a connection that %s as broken, and waits no longer', async (_, then) => {
    const url = await serve((_request, response) => {
      response.writeHead(200, { 'content-length': '5' });
      response.write('a', () => then(response));
    });
    expect(await send(new Agent(), url, next(), 200)).toBe(0);
  });
});
