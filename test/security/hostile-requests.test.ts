/**
 * Hostile requests to what the OpenAPI document does not list: customers' and operators' pages, the webhook, files, probes.
 * Nobody without a credential may cause a 5xx, a header or a line in the log of errors. The document's routes are in
 * hostile-input.test.ts.
 */
import { once } from 'node:events';
import { connect } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { startApi, type TestApi } from '../api/test-api.ts';
import { newCustomer } from './customers.ts';

const FORM = { 'content-type': 'application/x-www-form-urlencoded', 'sec-fetch-site': 'same-origin' };

let api: TestApi;
let port: number;
let home: string;
let operator: string;

beforeAll(async () => {
  api = await startApi();
  ({ home } = await newCustomer(api, 'target'));
  await api.app.listen({ host: '127.0.0.1', port: 0 });
  port = Number(new URL(api.app.listeningOrigin).port);
  const key = await api.keyWith(['read']);
  const reply = await api.app.inject({
    method: 'POST',
    url: '/ops/sign-in',
    headers: FORM,
    payload: `key=${key.key}`,
  });
  operator = String(reply.headers['set-cookie']).split(';')[0] ?? '';
  expect(operator).toMatch(/^ops_session=./);
});
afterAll(() => api.close());
beforeEach(() => {
  api.logged.length = 0;
});

const errorsLogged = () => api.logged.filter((line) => JSON.parse(line).level === 'error');

/** Bytes as they are; `inject` would tidy an address. @returns the answer, or what came of it until the server hung up */
function say(bytes: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(bytes, 'latin1'));
    let text = '';
    socket.on('data', (chunk) => {
      text += chunk;
    });
    socket.on('close', () => resolve(text));
    socket.on('error', reject);
  });
}

const ask = (method: string, url: string, headers: Record<string, string> = {}, body = '') =>
  say(
    [
      `${method} ${url} HTTP/1.1`,
      'Host: billing.example.com',
      'Connection: close',
      ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
      ...(body === '' ? [] : [`Content-Length: ${Buffer.byteLength(body)}`]),
      '',
      body,
    ].join('\r\n'),
  );

const statusOf = (answer: string) => Number(/^HTTP\/1\.1 (\d{3})/.exec(answer)?.[1]);

describe('an address', () => {
  it.each([
    ['/c/%00', 404],
    ['/c/%0d%0aX-Injected:1', 404],
    ['/c//account', 404],
    ['HOME%00/account', 404],
    ['HOME/../../etc/passwd', 404],
    ['HOME/account?lang=%00&__proto__=x&lang=ja', 200],
    ['HOME/account?said=%0d%0aX-Injected:1', 200],
    ['HOME/return?session_id=%00', 400],
    ['HOME/return?session_id[]=1', 400],
    ['HOME/return?session_id=a&session_id=b', 400],
    ['HOME/return?charge_id=__proto__&payment_intent=%ff', 400],
    ['HOME/charges/..%2f..%2f/receipt', 404],
    ['/ops?window=%00&window=b', 200],
    ['/ops?__proto__[a]=1&window=constructor', 200],
    ['/ops/charges?of=toString&code=%00&currency=%ff', 200],
    ['/ops/charges?of=declined&code=%27;--', 200],
    ['/ops/..%2f', 404],
    ['/docs/static/../../package.json', 403],
    ['/docs/static/..%5c..%5cpackage.json', 403],
    ['/docs/static/%2e%2e/%2e%2e/package.json', 403],
    ['/docs/static//etc/passwd', 403],
    ['/docs/static/%00', 403],
    ['//evil.example/ops', 404],
    ['/healthz/..;/metrics', 404],
    ['*', 404],
  ])('%s is answered with %i', async (address, status) => {
    const answer = await ask('GET', address.replace('HOME', home), { cookie: operator });
    expect(statusOf(answer)).toBe(status);
    expect(answer).not.toMatch(/^x-injected/im);
    expect(answer).not.toContain('"private": true');
    expect(errorsLogged()).toEqual([]);
  });
});

describe('headers', () => {
  it.each<[string, Record<string, string>, number]>([
    ['a cookie that is no session', { cookie: `ops_session=${'a.'.repeat(3_000)}` }, 303],
    ['cookies with prototypes and bad encoding', { cookie: '__proto__=1; ops_session=%zz' }, 303],
    ['languages without end', { 'accept-language': `ja;q=NaN,*;q=-1,${'x,'.repeat(3_000)}` }, 303],
    ['a proxy that nobody trusts', { 'x-forwarded-for': '<script>', 'x-forwarded-proto': 'x' }, 303],
    ['a trace that is none', { traceparent: 'zz', tracestate: 'x'.repeat(3_000) }, 303],
    ['too many', Object.fromEntries(Array.from({ length: 2_500 }, (_, n) => [`x-${n}`, 'y'])), 431],
  ])('%s', async (_what, headers, status) => {
    expect(statusOf(await ask('GET', '/ops', headers))).toBe(status);
    expect(errorsLogged()).toEqual([]);
  });

  it.each([
    [
      'two lengths',
      'POST /webhooks/stripe HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nContent-Length: 5\r\n\r\n',
    ],
    [
      'a length and chunks',
      'POST /webhooks/stripe HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    ],
    ['a length below nothing', 'POST /v1/enrollments HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n'],
    ['a folded line', 'GET /healthz HTTP/1.1\r\nHost: x\r\nX: a\r\n b\r\n\r\n'],
    ['NUL', 'GET /healthz HTTP/1.1\r\nHost: x\r\nX: a\u0000b\r\n\r\n'],
    ['bare line feeds', 'GET /healthz HTTP/1.1\nHost: x\n\n'],
    ['another protocol', '\u0016\u0003\u0001\u0000\u0005\u0001'],
  ])('%s are refused before anybody disagrees about them', async (_what, bytes) => {
    expect(statusOf(await say(bytes))).toBe(400);
    expect(errorsLogged()).toEqual([]);
  });
});

describe('methods', () => {
  it.each(['/healthz', '/metrics', '/webhooks/stripe'])('%s says which ones it takes', async (url) => {
    for (const method of ['PUT', 'DELETE', 'TRACE', 'OPTIONS']) {
      const answer = await ask(method, url);
      expect([method, statusOf(answer)]).toEqual([method, 405]);
      expect(answer).toMatch(/^allow: (GET, HEAD|POST)\r$/im);
    }
  });

  it.each(['/ops', '/openapi.json', 'HOME', '/c/assets/customer.css'])(
    '%s is for GET and HEAD',
    async (url) => {
      const address = url.replace('HOME', `${home}/account`);
      for (const method of ['PUT', 'DELETE', 'TRACE', 'OPTIONS', 'PATCH']) {
        expect([method, statusOf(await ask(method, address, { cookie: operator }))]).toEqual([method, 404]);
      }
      const head = await ask('HEAD', address, { cookie: operator });
      expect([statusOf(head), head.split('\r\n\r\n')[1]]).toEqual([200, '']);
    },
  );

  it('HEAD of a stream of events ends, and leaves no place taken', async () => {
    for (let count = 0; count < 12; count += 1) {
      expect(statusOf(await ask('HEAD', `${home}/events`))).toBe(200);
    }
  });
});

describe('bodies', () => {
  it('have the time that a whole request has, not more', () => {
    // Node takes the longer of the two for the body, whichever it is.
    const { headersTimeout, requestTimeout } = api.app.server;
    expect([headersTimeout, requestTimeout]).toEqual([15_000, 15_000]);
  });

  it.each([
    ['HOME/cancel', '__proto__=1&when=%00&x=%zz', 400],
    ['HOME/cancel', `when=${'x'.repeat(5_000)}`, 413],
    ['HOME/charges/%00/retry', 'a=b', 404],
    ['HOME/messages/__proto__/read', 'a=b', 303],
    ['/ops/sign-in', '__proto__=1&key=%00&x=%zz', 401],
    ['/ops/sign-in', 'key=a&key=b', 401],
    ['/ops/sign-in', `key=${'x'.repeat(5_000)}`, 413],
  ])('%s with %s', async (address, body, status) => {
    api.asked.length = 0;
    expect(statusOf(await ask('POST', address.replace('HOME', home), FORM, body))).toBe(status);
    // The page asks what a cancel would do, before it is asked for one.
    expect(api.asked.filter(({ name }) => name !== 'previewCancel')).toEqual([]);
    expect(errorsLogged()).toEqual([]);
  });

  it.each(['t=,v1=', 'v1', 't=1,v1', 't=1,v1=,v1=', `t=1,${'v1=aa,'.repeat(1_000)}`, 't=NaN,v1=é', ',,,=,'])(
    'a webhook signed with %s is refused, and is no fault of ours',
    async (signature) => {
      const headers = { 'stripe-signature': signature, 'content-type': 'application/json' };
      expect(statusOf(await ask('POST', '/webhooks/stripe', headers, '{}'))).toBe(400);
      expect(errorsLogged()).toEqual([]);
    },
  );

  it('whose sender hangs up are nobody’s error, and least of all the database’s', async () => {
    const accepted = once(api.app.server, 'connection');
    const socket = connect(port, '127.0.0.1');
    socket.write('POST /webhooks/stripe HTTP/1.1\r\nHost: x\r\nContent-Length: 900\r\n\r\n{"id":');
    const [theirs] = await accepted;
    const request = once(api.app.server, 'request');
    await request;
    const closed = once(theirs, 'close');
    socket.destroy();
    await closed;
    // What it leads to has happened when the next one is answered.
    expect(statusOf(await ask('GET', '/healthz'))).toBe(200);
    expect(errorsLogged()).toEqual([]);
  });
});
