/** Requests are counted by address, and refused while the process is late. */
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import fastify, { type FastifyInstance } from 'fastify';
import { installErrorHandler } from '../../api/error-handler.ts';
import { refuseUnderPressure } from '../../api/limits.ts';
import { startApi } from './test-api.ts';

describe('limits', () => {
  it('answers 429 with Retry-After to one address that asks too often, before keys are looked at', async () => {
    const api = await startApi({ environment: { API_RATE_LIMIT_PER_MINUTE: '3' } });
    try {
      const statuses = [];
      for (let count = 0; count < 5; count += 1) {
        statuses.push((await api.app.inject({ url: '/v1/enrollments' })).statusCode);
      }
      expect(statuses).toEqual([401, 401, 401, 429, 429]);
      const refused = await api.request('GET', '/v1/enrollments');
      expect(refused.status).toBe(429);
      expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0);
      expect(refused.body.error.code).toBe('too_many_requests');
      const others = await api.app.inject({ url: '/v1/enrollments', remoteAddress: '192.0.2.7' });
      expect(others.statusCode).toBe(401);
      const webhooks = await Promise.all(Array.from({ length: 6 }, () => api.webhook({ id: 'x' })));
      expect(webhooks.map(({ status }) => status)).toEqual(Array(6).fill(400));
      expect((await api.app.inject({ url: '/healthz' })).statusCode).toBe(200);
    } finally {
      await api.close();
    }
  });

  it('believes X-Forwarded-For from a proxy that it was told of, and from nobody else', async () => {
    for (const [proxies, expected] of [
      ['', [401, 429]],
      ['127.0.0.1', [401, 401]],
    ] as const) {
      const api = await startApi({
        environment: { API_RATE_LIMIT_PER_MINUTE: '1', API_TRUSTED_PROXIES: proxies },
      });
      try {
        const statuses = [];
        for (const address of ['192.0.2.1', '192.0.2.2']) {
          const headers = { 'x-forwarded-for': address };
          statuses.push((await api.app.inject({ url: '/v1/enrollments', headers })).statusCode);
        }
        expect(statuses).toEqual(expected);
      } finally {
        await api.close();
      }
    }
  });

  describe('under pressure', () => {
    let app: FastifyInstance;
    beforeEach(() => {
      app = fastify();
      installErrorHandler(app);
      app.get('/', async () => 'fine');
    });
    afterEach(() => app.close());

    it('answers where a beginning that took long has left nothing to go by', async () => {
      await refuseUnderPressure(app, { mostDelayMs: 60_000, sampleMs: 100 });
      const until = Date.now() + 250;
      while (Date.now() < until) {
        // No turn of the event loop is over, as while modules are loaded.
      }
      await new Promise((resolve) => setTimeout(resolve, 0));
      expect((await app.inject('/')).statusCode).toBe(200);
    });

    it('answers 503 with Retry-After while the event loop is late, and recovers', async () => {
      await refuseUnderPressure(app, { mostDelayMs: 20, sampleMs: 100 });
      const blocked = Date.now() + 2_000;
      let refused = null;
      while (refused === null && Date.now() < blocked) {
        const until = Date.now() + 80;
        while (Date.now() < until) {
          // The loop is kept busy, as an expensive request would.
        }
        const reply = await app.inject('/');
        refused = reply.statusCode === 503 ? reply : null;
        await new Promise((resolve) => setImmediate(resolve));
      }
      expect(refused?.headers['retry-after']).toBe('1');
      expect(refused?.json().error.code).toBe('overloaded');
      let status = 503;
      for (let tries = 0; status === 503 && tries < 100; tries += 1) {
        await new Promise((resolve) => setTimeout(resolve, 50));
        status = (await app.inject('/')).statusCode;
      }
      expect(status).toBe(200);
    });
  });
});
