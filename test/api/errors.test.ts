import { connect } from 'node:net';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import fastify, { type FastifyInstance } from 'fastify';
import { BillingUnavailable } from '../../api/billing-client.ts';
import { installErrorHandler } from '../../api/error-handler.ts';
import { refuseUnderPressure } from '../../api/limits.ts';
import { startApi, type TestApi } from './test-api.ts';

const ENROLL = { terms: { currency: 'jpy', schedule: { type: 'on_demand' } } };

describe('errors', () => {
  let api: TestApi;
  beforeAll(async () => {
    api = await startApi();
  });
  afterAll(() => api.close());

  const send = (body: string, headers: Record<string, string> = {}) =>
    api.request('POST', '/v1/enrollments', {
      idempotencyKey: 'k',
      body,
      headers: { 'content-type': 'application/json', ...headers },
    });

  it.each([
    ['half an object', '{"terms":{'],
    ['no JSON', 'terms=1'],
    ['nothing', ''],
    ['a prototype', '{"__proto__":{"admin":true}}'],
    ['a constructor', '{"constructor":{"prototype":{"admin":true}}}'],
  ])('answers 400 to a body that is %s', async (_what, body) => {
    const reply = await send(body);
    expect(reply.status).toBe(400);
    expect(reply.body.error.code).toBe('malformed_request');
  });

  it.each(['{"__proto__":{"admin":true}}', '{"terms":{"constructor":{"prototype":{}}}}'])(
    'says what it refuses in %s',
    async (body) => {
      const reply = await send(body);
      expect([reply.status, reply.body.error.message]).toEqual([400, expect.stringContaining("'__proto__'")]);
    },
  );

  it.each([79, 6_000, 30_000])(
    'answers 400 to a value that is nested %i times, and shows its beginning',
    async (levels) => {
      const { status, body } = await send(`{"customer":${'['.repeat(levels)}${']'.repeat(levels)}}`);
      expect([status, body.error.code]).toEqual([400, 'invalid_request']);
      const shown = `${'['.repeat(levels)}${']'.repeat(levels)}`.slice(0, 80);
      expect(body.error.issues).toContainEqual({
        param: 'customer',
        message: `customer: expected object, got '${shown}…'`,
      });
    },
  );

  it('answers 400 to a text in another encoding, and keeps nothing of it mangled', async () => {
    const { status, body } = await api.request('POST', '/v1/enrollments', {
      idempotencyKey: 'k',
      body: Buffer.from(JSON.stringify({ ...ENROLL, description: 'café' }), 'latin1'),
      headers: { 'content-type': 'application/json' },
    });
    expect([status, body.error]).toEqual([
      400,
      { code: 'malformed_request', message: 'the body has bytes that are no UTF-8', param: 'body' },
    ]);
  });

  it.each([
    [{ 'content-type': 'application/json; charset=Shift_JIS' }, "got charset 'Shift_JIS'"],
    [{ 'content-encoding': 'gzip' }, "got Content-Encoding 'gzip'"],
    [{ 'content-type': 'text/plain' }, 'application/json'],
  ])('answers 415 to a body with %j, and says what it takes', async (headers, said) => {
    const { status, body } = await send(JSON.stringify(ENROLL), headers);
    expect([status, body.error.code]).toEqual([415, 'unsupported_media_type']);
    expect(body.error.message).toContain(said);
  });

  it.each(['utf-8', 'UTF-8', '"utf-8"', 'utf8'])('takes JSON that says charset=%s', async (charset) => {
    const headers = { 'content-type': `application/json; charset=${charset}` };
    expect(await send('\ufeff{}', headers)).toMatchObject({
      status: 400,
      body: { error: { code: 'invalid_request', param: 'terms' } },
    });
  });

  it.each(['/c/%zzsecret', '/c/%C0%AEsecret', '/v1/enrollments/%zzsecret', '/docs/static/%secret'])(
    'answers 400 to %s without repeating it',
    async (url) => {
      const reply = await api.app.inject({ url });
      expect([reply.statusCode, reply.json().error.code]).toEqual([400, 'malformed_request']);
      expect(reply.body).not.toContain('secret');
    },
  );

  it.each([
    [{ range: 'bytes=99999999-' }, 416, 'range_not_satisfiable'],
    [{ 'if-match': '"another"' }, 412, 'precondition_failed'],
  ])('names what a file cannot be sent for, with %j', async (headers, status, code) => {
    const reply = await api.app.inject({ url: '/docs/static/index.css', headers });
    expect([reply.statusCode, reply.json().error.code]).toEqual([status, code]);
  });

  it('answers 414 to an id as long as a request, without repeating it', async () => {
    const reply = await api.request('GET', `/v1/enrollments/${'x'.repeat(2_000)}`);
    expect([reply.status, reply.body.error.code]).toEqual([414, 'address_too_long']);
    expect(reply.text).not.toContain('xxxx');
    const page = await api.app.inject({ url: `/c/${'t'.repeat(2_000)}/account` });
    expect(page.statusCode).toBe(414);
    expect(page.body).not.toContain('tttt');
  });

  it.each(['null', '5', '"text"', '[]'])('answers 400 to %s for an object', async (body) => {
    const reply = await send(body);
    expect([reply.status, reply.body.error.code]).toEqual([400, 'invalid_request']);
  });

  it('answers 400 to JSON that is a thousand levels deep', async () => {
    const reply = await send(`{"metadata":${'['.repeat(1_000)}${']'.repeat(1_000)}}`);
    expect(reply.status).toBe(400);
  });

  it('answers 413 to a body over 64 KiB, and says so before reading it', async () => {
    const reply = await send(JSON.stringify({ ...ENROLL, description: 'x'.repeat(70_000) }));
    expect([reply.status, reply.body.error.code]).toEqual([413, 'payload_too_large']);
  });

  it('takes the largest request that its own limits allow', async () => {
    const metadata = Object.fromEntries(
      Array.from({ length: 20 }, (_, index) => [`${'k'.repeat(38)}${index + 10}`, '語'.repeat(500)]),
    );
    const text = '語'.repeat(200);
    const amounts = Array(120).fill(9_999_999_999);
    const schedule = { type: 'installments', amounts_minor: amounts, interval: { unit: 'month' } };
    const reply = await api.request('POST', '/v1/enrollments', {
      idempotencyKey: 'large',
      body: {
        customer: { reference: text, name: text, email: `${'e'.repeat(60)}@example.com` },
        terms: { currency: 'jpy', schedule },
        description: '語'.repeat(500),
        return_url: `https://shop.example.com/${'r'.repeat(2_000)}`,
        metadata,
      },
    });
    expect(reply.status).toBe(201);
  });

  it.each(['text/plain', 'application/xml', 'multipart/form-data; boundary=x'])(
    'answers 415 to %s',
    async (type) => {
      const reply = await send('{}', { 'content-type': type });
      expect([reply.status, reply.body.error.code]).toEqual([415, 'unsupported_media_type']);
    },
  );

  it.each([
    ['GET', '/nothing', 404, 'not_found'],
    ['GET', '/v1/nothing', 404, 'not_found'],
    ['GET', '/%', 400, 'malformed_request'],
    ['DELETE', '/v1/enrollments', 405, 'method_not_allowed'],
    ['PUT', `/v1/enrollments/enr_${'0'.repeat(26)}`, 405, 'method_not_allowed'],
    ['GET', '/webhooks/stripe', 405, 'method_not_allowed'],
    ['POST', '/healthz', 405, 'method_not_allowed'],
    ['QUERY', '/v1/enrollments', 405, 'method_not_allowed'],
  ] as const)('answers %s %s with %i', async (method, url, status, code) => {
    const reply = await api.app.inject({ method: method as 'GET', url });
    expect([reply.statusCode, reply.json().error.code]).toEqual([status, code]);
    expect(reply.headers['x-content-type-options']).toBe('nosniff');
    if (status === 405) {
      expect(reply.headers.allow).toMatch(/GET|POST/);
    }
  });

  it('sends no-store and its own request id, or the caller’s', async () => {
    const own = await api.request('GET', '/v1/enrollments');
    expect(own.headers['cache-control']).toBe('no-store');
    expect(own.headers['x-request-id']).toMatch(/^[0-9a-f-]{36}$/);
    const theirs = await api.request('GET', '/v1/enrollments', { headers: { 'x-request-id': 'order-17.2' } });
    expect(theirs.headers['x-request-id']).toBe('order-17.2');
    const hostile = await api.request('GET', '/v1/enrollments', {
      headers: { 'x-request-id': 'a b<script>' },
    });
    expect(hostile.headers['x-request-id']).toMatch(/^[0-9a-f-]{36}$/);
  });

  it('logs one line for each request, with the enrollment, and no address', async () => {
    const { body } = await api.request('POST', '/v1/enrollments', { idempotencyKey: 'logged', body: ENROLL });
    api.logged.length = 0;
    await api.request('GET', `/v1/enrollments/${body.id}`, { headers: { 'x-request-id': 'find-me' } });
    await api.app.inject({ method: 'GET', url: `/c/${'t'.repeat(100)}/account?secret=1` });
    const lines = api.logged.map((line) => JSON.parse(line)).filter((line) => line.msg === 'request');
    expect(lines[0]).toMatchObject({
      request_id: 'find-me',
      method: 'GET',
      route: '/v1/enrollments/:id',
      status: 200,
      enrollment_id: body.id,
      api_key_id: api.apiKeyId,
    });
    expect(lines).toHaveLength(2);
    expect(api.logged.join('')).not.toContain('tttttttt');
    expect(api.logged.join('')).not.toContain('secret=1');
  });

  it('answers bytes that are no HTTP in the same shape', async () => {
    await api.app.listen({ host: '127.0.0.1', port: 0 });
    const { port } = new URL(api.app.listeningOrigin);
    const say = (bytes: string) =>
      new Promise<string>((resolve, reject) => {
        const socket = connect(Number(port), '127.0.0.1', () => socket.end(bytes));
        let text = '';
        socket.on('data', (chunk) => {
          text += chunk;
        });
        socket.on('end', () => resolve(text));
        socket.on('error', reject);
      });
    const [head, body] = (await say('NONSENSE\r\n\r\n')).split('\r\n\r\n');
    expect(head).toContain('HTTP/1.1 400 Bad Request');
    expect(JSON.parse(body ?? '')).toEqual({
      error: { code: 'malformed_request', message: 'the request is not HTTP/1.1' },
    });
    const overflow = await say(`GET / HTTP/1.1\r\nHost: a\r\nX: ${'x'.repeat(40_000)}\r\n\r\n`);
    expect(overflow).toContain('431 Request Header Fields Too Large');
    expect(overflow).toContain('"code":"headers_too_large"');
  });
});

describe('a database that is away', () => {
  it('is 503 with Retry-After and without a word of the inside', async () => {
    const api = await startApi({ databaseUrl: 'postgres://nobody:hunter2@127.0.0.1:9/none' });
    try {
      const reply = await api.request('GET', '/v1/enrollments');
      expect([reply.status, reply.headers['retry-after']]).toEqual([503, '5']);
      expect(reply.text).toBe(
        '{"error":{"code":"database_unavailable","message":"the database is not available at this moment; the same request may be repeated"}}',
      );
      expect(api.logged.join('')).not.toContain('hunter2');
      // Nobody had asked yet who sends it: nothing can have been done.
      const url = `/v1/enrollments/enr_${'0'.repeat(26)}/pause`;
      const command = await api.request('POST', url, { body: {} });
      expect([command.status, command.headers['retry-after']]).toEqual([503, '5']);
    } finally {
      await api.close();
    }
  });
});

describe('billing that does not answer in time', () => {
  let api: TestApi;
  let id: string;
  beforeAll(async () => {
    api = await startApi();
    id = (await api.request('POST', '/v1/enrollments', { idempotencyKey: 'away', body: ENROLL })).body.id;
    await api.db
      .insertInto('charges')
      .values({ ...CHARGE, id: `chg_${id.slice(4)}_1`, enrollment_id: id })
      .execute();
    const away = async () => {
      throw new BillingUnavailable('no Worker', new Error('grpc'));
    };
    const names = ['cancelEnrollment', 'extendDunning', 'moveNext', 'openCheckoutSession', 'pauseEnrollment'];
    Object.assign(
      api.answers,
      Object.fromEntries([...names, 'previewCancel', 'retryCharge'].map((name) => [name, away])),
    );
  });
  afterAll(() => api.close());

  const AGAIN = 'billing is not available at this moment; the same request may be repeated';
  const LOOK =
    /; what was asked for may have been done, or be done yet: look before you ask again\. .*Idempotency-Key/;
  const ask = (method: 'GET' | 'POST', path: string, body: object | undefined, idempotencyKey?: string) =>
    api.request(method, `/v1/enrollments/${id}/${path.replace('CHARGE', `charges/chg_${id.slice(4)}_1`)}`, {
      ...(body === undefined ? {} : { body }),
      ...(idempotencyKey === undefined ? {} : { idempotencyKey }),
    });
  const MOVED = { due_at: '2099-01-31T00:00:00Z' };

  it.each<['GET' | 'POST', string, object | undefined, string | undefined]>([
    ['GET', 'cancel-preview', undefined, undefined],
    ['POST', 'cancel', {}, undefined],
    ['POST', 'checkout-sessions', {}, undefined],
    ['POST', 'pause', {}, 'k'],
    ['POST', 'move-next', MOVED, 'k'],
    ['POST', 'CHARGE/extend-dunning', { days: 3 }, 'k'],
  ])('%s %s may be repeated: it reads, is the same twice, or has a key', async (method, path, body, key) => {
    const reply = await ask(method, path, body, key);
    expect([reply.status, reply.body.error.message, reply.headers['retry-after']]).toEqual([503, AGAIN, '5']);
  });

  it.each([
    ['pause', {}],
    ['move-next', MOVED],
    ['CHARGE/extend-dunning', { days: 3 }],
    ['CHARGE/retry', {}],
  ])('POST %s without a key is to be looked after before it is sent again', async (path, body) => {
    const reply = await ask('POST', path, body);
    expect([reply.status, reply.headers['retry-after']]).toEqual([503, undefined]);
    expect(reply.body.error).toEqual({ code: 'billing_unavailable', message: expect.stringMatching(LOOK) });
  });
});

const CHARGE = {
  number: 1,
  origin: 'api' as const,
  amount_minor: 500,
  currency: 'jpy',
  due_at: new Date(),
  status: 'requires_payment_method' as const,
  payment_intent_id: 'pi_1',
  attempts: 1,
  captured_minor: 0,
  refunded_minor: 0,
  created_at: new Date(),
  updated_at: new Date(),
};

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
