import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
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
