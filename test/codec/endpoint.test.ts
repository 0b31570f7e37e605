/** The codec endpoint over HTTP: who may use it, from where, and what it answers to payloads that it cannot open. */
import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { defaultPayloadConverter } from '@temporalio/common';
import type { FastifyInstance, InjectOptions } from 'fastify';
import { createApiKey } from '../../api/api-keys.ts';
import { SCOPES } from '../../api/scopes.ts';
import { buildCodec, type CodecDeps } from '../../codec/app.ts';
import { createLogger } from '../../config/logger.ts';
import { createPayloadCodec } from '../../config/payload-codec.ts';
import { revokeApiKey } from '../../db/api-keys.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';

const UI = 'https://temporal.example.com';
const OLD = { id: '2025', key: randomBytes(32) };
const NEW = { id: '2026', key: randomBytes(32) };
const LOST = { id: '2019', key: randomBytes(32) };
const SECRET_VALUE = { description: 'Tasting box for one person' };

let database: TestDatabase;
let app: FastifyInstance;
let apiKey: { id: string; key: string };
const logged: string[] = [];

const build = (settings: Partial<CodecDeps['settings']> = {}) =>
  buildCodec({
    settings: {
      API_TRUSTED_PROXIES: [],
      CODEC_ALLOWED_ORIGINS: [UI],
      CODEC_ALLOW_ENCODE: false,
      TEMPORAL_NAMESPACE: 'billing',
      ...settings,
    },
    db: database.db,
    codec: createPayloadCodec([NEW, OLD]),
    log: createLogger({ LOG_LEVEL: 'error' }, { write: (line) => void logged.push(line) }),
  });

beforeAll(async () => {
  database = await createTestDatabase();
  app = await build();
  apiKey = await createApiKey(database.db, { name: 'operator', scopes: ['payloads'] });
});
afterAll(async () => {
  await app.close();
  await database.drop();
});

async function sealed(key: typeof OLD) {
  const [payload] = await createPayloadCodec([key]).encode([defaultPayloadConverter.toPayload(SECRET_VALUE)]);
  return {
    metadata: Object.fromEntries(
      Object.entries(payload?.metadata ?? {}).map(([name, value]) => [name, base64(value)]),
    ),
    data: base64(payload?.data ?? new Uint8Array()),
  };
}
const base64 = (bytes: Uint8Array | string) => Buffer.from(bytes).toString('base64');
const plain = (value: unknown) => ({
  metadata: { encoding: base64('json/plain') },
  data: base64(JSON.stringify(value)),
});
const contentOf = (payload: { data: string }) => JSON.parse(Buffer.from(payload.data, 'base64').toString());

function decode(payloads: unknown, headers: Record<string, string> = {}, on = app) {
  const authorization = `Bearer ${apiKey.key}`;
  const options: InjectOptions = {
    method: 'POST',
    url: '/codec/decode',
    headers: { authorization, ...headers },
  };
  return on.inject({ ...options, payload: { payloads } });
}

describe('POST /codec/decode', () => {
  it('F34: opens what any of the keys sealed, and leaves what was never sealed', async () => {
    const readable = plain({ amount: 5 });
    const reply = await decode([await sealed(NEW), await sealed(OLD), readable]);
    expect(reply.statusCode).toBe(200);
    const { payloads } = reply.json();
    expect(payloads.slice(0, 2).map(contentOf)).toEqual([SECRET_VALUE, SECRET_VALUE]);
    expect(payloads[0].metadata).toEqual({ encoding: base64('json/plain') });
    expect(payloads[2]).toEqual(readable);
  });

  it('says why a payload cannot be opened, and opens the others', async () => {
    const altered = await sealed(NEW);
    altered.data = base64(Buffer.from(altered.data, 'base64').reverse());
    const reply = await decode([await sealed(LOST), await sealed(NEW), altered]);
    const [lost, opened, broken] = reply.json().payloads.map(contentOf);
    expect(lost.not_decrypted).toContain("key '2019', which is not among the configured ones");
    expect(opened).toEqual(SECRET_VALUE);
    expect(broken.not_decrypted).toContain("key '2026' cannot be opened: it was altered");
  });

  it('leaves a line that names the key that looked, and nothing of what it saw', async () => {
    logged.length = 0;
    await decode([await sealed(NEW), await sealed(LOST)], { origin: UI, 'x-namespace': 'billing' });
    const [line] = logged.map((text) => JSON.parse(text)).filter(({ audit }) => audit);
    expect(line).toMatchObject({
      level: 'info',
      msg: 'payloads were opened',
      api_key_id: apiKey.id,
      remote_address: '127.0.0.1',
      origin: UI,
      payloads: 2,
      opened: 1,
      key_ids: ['2019', '2026'],
    });
    expect(logged.join('')).not.toContain('Tasting');
    expect(logged.join('')).not.toContain(base64('Tasting').slice(0, 8));
    expect(logged.join('')).not.toContain(apiKey.key);
  });

  it('asks for a key, for its scope, and for one that is still good', async () => {
    expect((await decode([], { authorization: '' })).statusCode).toBe(401);
    const others = await createApiKey(database.db, {
      name: 'everything else',
      scopes: SCOPES.filter((scope) => scope !== 'payloads'),
    });
    const refused = await decode([await sealed(NEW)], { authorization: `Bearer ${others.key}` });
    expect([refused.statusCode, refused.json().error.message]).toEqual([
      403,
      expect.stringContaining("lacks the scope 'payloads'"),
    ]);
    const revoked = await createApiKey(database.db, { name: 'revoked', scopes: ['payloads'] });
    await revokeApiKey(database.db, revoked.id);
    expect((await decode([], { authorization: `Bearer ${revoked.key}` })).statusCode).toBe(401);
  });

  it('is for its own Namespace', async () => {
    const reply = await decode([await sealed(NEW)], { 'x-namespace': 'another' });
    expect([reply.statusCode, reply.json().error.code]).toEqual([403, 'wrong_namespace']);
  });

  it.each([
    ['no list', { payloads: 5 }],
    ['no base64', { payloads: [{ data: '<script>' }] }],
    ['too many', { payloads: Array(2_001).fill({}) }],
  ])('answers 400 to %s', async (_what, payload) => {
    const headers = { authorization: `Bearer ${apiKey.key}` };
    const reply = await app.inject({ method: 'POST', url: '/codec/decode', headers, payload });
    expect([reply.statusCode, reply.json().error.code]).toEqual([400, 'invalid_request']);
  });

  it('answers nothing to nothing', async () => {
    expect((await decode([])).json()).toEqual({ payloads: [] });
    const headers = { authorization: `Bearer ${apiKey.key}` };
    const reply = await app.inject({ method: 'POST', url: '/codec/decode', headers, payload: {} });
    expect(reply.json()).toEqual({ payloads: [] });
  });
});

describe('POST /codec/encode', () => {
  const encode = (on: FastifyInstance) =>
    on.inject({
      method: 'POST',
      url: '/codec/encode',
      headers: { authorization: `Bearer ${apiKey.key}` },
      payload: { payloads: [plain(SECRET_VALUE)] },
    });

  it('is refused unless it was turned on, and then seals with the newest key', async () => {
    const refused = await encode(app);
    expect([refused.statusCode, refused.json().error.code]).toEqual([403, 'encode_refused']);
    const open = await build({ CODEC_ALLOW_ENCODE: true });
    try {
      const { payloads } = (await encode(open)).json();
      expect(payloads[0].metadata['encryption-key-id']).toBe(base64('2026'));
      expect((await decode(payloads)).json().payloads.map(contentOf)).toEqual([SECRET_VALUE]);
    } finally {
      await open.close();
    }
  });
});

describe('browsers', () => {
  const preflight = (origin: string) =>
    app.inject({
      method: 'OPTIONS',
      url: '/codec/decode',
      headers: {
        origin,
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'content-type,x-namespace,authorization',
      },
    });
  const signIn = (key: string, headers: Record<string, string> = {}) =>
    app.inject({
      method: 'POST',
      url: '/codec/sign-in',
      headers: { host: 'codec.example.com', 'content-type': 'application/x-www-form-urlencoded', ...headers },
      payload: new URLSearchParams({ key }).toString(),
    });

  it('are let in from the Temporal UI, and from nowhere else', async () => {
    const allowed = await preflight(UI);
    expect(allowed.statusCode).toBe(204);
    expect(allowed.headers).toMatchObject({
      'access-control-allow-origin': UI,
      'access-control-allow-credentials': 'true',
      'access-control-allow-methods': 'POST',
      'access-control-allow-headers': 'authorization, content-type, x-namespace',
    });
    expect((await preflight('https://evil.example')).headers).not.toHaveProperty(
      'access-control-allow-origin',
    );
    const refused = await decode([await sealed(NEW)], { origin: 'https://evil.example' });
    expect([refused.statusCode, refused.json().error.code]).toEqual([403, 'foreign_origin']);
  });

  it('get a cookie for a key, which no script can read and no other site can send', async () => {
    const reply = await signIn(apiKey.key);
    expect(reply.statusCode).toBe(200);
    const cookie = String(reply.headers['set-cookie']);
    expect(cookie).toMatch(/; Max-Age=28800; Path=\/codec; HttpOnly; Secure; SameSite=Strict$/);
    const [sent = ''] = cookie.split(';', 1);
    const opened = await app.inject({
      method: 'POST',
      url: '/codec/decode',
      headers: { cookie: sent, origin: UI },
      payload: { payloads: [await sealed(NEW)] },
    });
    expect(opened.json().payloads.map(contentOf)).toEqual([SECRET_VALUE]);
    const noOrigin = await app.inject({
      method: 'POST',
      url: '/codec/decode',
      headers: { cookie: sent },
      payload: { payloads: [] },
    });
    expect(noOrigin.statusCode).toBe(401);
  });

  it('are told what is wrong with a key, and get no cookie for it', async () => {
    const reader = await createApiKey(database.db, { name: 'reader', scopes: ['read'] });
    for (const [key, status, words] of [
      ['nonsense', 401, 'no API key'],
      [reader.key, 403, 'lacks the scope'],
    ] as const) {
      const reply = await signIn(key);
      expect([reply.statusCode, reply.headers['set-cookie']]).toEqual([status, undefined]);
      expect(reply.body).toContain(words);
      expect(reply.body).not.toContain(key);
    }
  });

  it('are signed in and out by no other site', async () => {
    for (const headers of [
      { 'sec-fetch-site': 'cross-site' },
      { origin: 'https://evil.example' },
      // A page in a frame without an origin, and no address at all.
      { origin: 'null' },
      { origin: 'http://[' },
    ]) {
      const reply = await signIn(apiKey.key, headers);
      expect([reply.statusCode, reply.headers['set-cookie']]).toEqual([403, undefined]);
    }
    const out = await app.inject({
      method: 'POST',
      url: '/codec/sign-out',
      headers: { 'sec-fetch-site': 'same-origin' },
    });
    expect(String(out.headers['set-cookie'])).toMatch(/^billing_codec_key=; Max-Age=0/);
  });

  it.each(['/codec/sign-in', '/codec/sign-out'])(
    'send no more to %s than a key, in any form',
    async (url) => {
      const key = 'x'.repeat(2_000);
      const asForm = new URLSearchParams({ key }).toString();
      const forms = {
        'application/json': JSON.stringify({ key }),
        'application/x-www-form-urlencoded': asForm,
      };
      for (const [type, payload] of Object.entries(forms)) {
        const reply = await app.inject({ method: 'POST', url, headers: { 'content-type': type }, payload });
        expect([type, reply.statusCode]).toEqual([type, 413]);
      }
    },
  );

  it('run nothing and frame nothing', async () => {
    const { headers } = await app.inject({ url: '/codec/sign-in' });
    expect(headers['content-security-policy']).toMatch(
      /^default-src 'none';style-src 'sha256-[^']+';form-action 'self';base-uri 'none';frame-ancestors 'none'$/,
    );
    expect(headers['cache-control']).toBe('no-store');
  });
});
