import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createApiKey, type Scope } from '../../api/api-keys.ts';
import { revokeApiKey } from '../../db/api-keys.ts';
import { enroll, MONTHLY } from './enrolling.ts';
import { startApi, type TestApi } from './test-api.ts';

let api: TestApi;
beforeAll(async () => {
  api = await startApi();
});
afterAll(() => api.close());

const withKey = (authorization: string | undefined, method: 'GET' | 'POST' | 'HEAD' = 'GET') =>
  api.app.inject({
    method,
    url: '/v1/enrollments',
    headers: { 'idempotency-key': 'k', ...(authorization === undefined ? {} : { authorization }) },
    ...(method === 'POST'
      ? { payload: { terms: { currency: 'jpy', schedule: { type: 'on_demand' } } } }
      : {}),
  });

const row = (id: string) =>
  api.db.selectFrom('api_keys').selectAll().where('id', '=', id).executeTakeFirstOrThrow();

describe('API keys', () => {
  it('asks for a key where none is sent', async () => {
    const reply = await withKey(undefined);
    expect(reply.statusCode).toBe(401);
    expect(reply.headers['www-authenticate']).toBe('Bearer');
    expect(reply.json().error.code).toBe('unauthorized');
  });

  it.each([
    ['unknown', `Bearer dbk_${'0'.repeat(48)}`],
    ['of another form', 'Bearer sk_test_1'],
    ['sent as Basic', `Basic ${Buffer.from('dbk_x:').toString('base64')}`],
    ['empty', 'Bearer '],
    ['hostile', "Bearer dbk_' or 1=1 --"],
    ['endless', `Bearer dbk_${'a'.repeat(5_000)}`],
  ])('refuses a key that is %s', async (_what, authorization) => {
    const reply = await withKey(authorization);
    expect(reply.statusCode).toBe(401);
    expect(reply.headers['www-authenticate']).toBe('Bearer error="invalid_token"');
    expect(reply.body).not.toContain('dbk_0');
  });

  it('shows the addresses at which one acts as the customer to no key that only reads', async () => {
    const { body: made } = await enroll(api, MONTHLY);
    const shown = async (scopes: Scope[]) => {
      const { key } = await api.keyWith(scopes);
      const headers = { authorization: `Bearer ${key}` };
      const one = await api.app.inject({ url: `/v1/enrollments/${made.id}`, headers });
      const list = await api.app.inject({ url: '/v1/enrollments?limit=1', headers });
      return [one.json(), list.json().data[0]];
    };
    const addresses = { customer_link: made.customer_link, checkout_url: made.checkout_url };
    expect(addresses.checkout_url).toMatch(/^https:/);
    expect(await shown(['read', 'write'])).toMatchObject([addresses, addresses]);
    const none = { id: made.id, customer_link: null, checkout_url: null };
    expect(await shown(['read', 'operate', 'webhooks', 'payloads'])).toMatchObject([none, none]);
  });

  it('lets a read key read and a write key write, and neither more', async () => {
    const reader = await api.keyWith(['read']);
    const writer = await api.keyWith(['write']);
    expect((await withKey(`Bearer ${reader.key}`)).statusCode).toBe(200);
    expect((await withKey(`Bearer ${reader.key}`, 'HEAD')).statusCode).toBe(200);
    const refused = await withKey(`Bearer ${reader.key}`, 'POST');
    expect(refused.statusCode).toBe(403);
    expect(refused.json().error).toEqual({
      code: 'forbidden',
      message: expect.stringMatching(/^the API key lacks the scope 'write' \(enroll .*\); it has read$/),
    });
    expect(refused.headers['www-authenticate']).toBe('Bearer error="insufficient_scope", scope="write"');
    expect((await withKey(`Bearer ${writer.key}`, 'POST')).statusCode).toBe(201);
    expect((await withKey(`Bearer ${writer.key}`)).statusCode).toBe(403);
  });

  it('stores the hash alone', async () => {
    const { id, key } = await api.keyWith(['read']);
    expect(key).toMatch(/^dbk_[0-9a-f]{48}$/);
    const stored = await row(id);
    expect(stored.hash).toBe(createHash('sha256').update(key).digest('hex'));
    expect(JSON.stringify(stored)).not.toContain(key);
  });

  it('refuses a revoked key at once', async () => {
    const { id, key } = await api.keyWith(['read']);
    expect((await withKey(`Bearer ${key}`)).statusCode).toBe(200);
    expect(await revokeApiKey(api.db, id)).toBe(true);
    const refused = await withKey(`Bearer ${key}`);
    expect([refused.statusCode, refused.json().error.message]).toEqual([401, 'the API key was revoked']);
    const { revoked_at: first } = await row(id);
    expect(await revokeApiKey(api.db, id)).toBe(true);
    expect((await row(id)).revoked_at).toEqual(first);
    expect(await revokeApiKey(api.db, 'key_unknown')).toBe(false);
  });

  it('refuses a key from the instant on at which it expires', async () => {
    const in3Seconds = new Date(Date.now() + 3_000).toISOString();
    const { id, key } = await createApiKey(api.db, {
      name: 'short',
      scopes: ['read'],
      expiresAt: in3Seconds,
    });
    expect((await withKey(`Bearer ${key}`)).statusCode).toBe(200);
    await api.db.updateTable('api_keys').set({ expires_at: new Date() }).where('id', '=', id).execute();
    const refused = await withKey(`Bearer ${key}`);
    expect([refused.statusCode, refused.json().error.message]).toEqual([401, 'the API key has expired']);
  });

  it.each(['yesterday', '2020-01-01T00:00:00Z'])('makes no key that expires %s', async (expiresAt) => {
    await expect(createApiKey(api.db, { name: 'x', scopes: ['read'], expiresAt })).rejects.toThrow('ahead');
  });

  it('makes no key that may do nothing', async () => {
    await expect(createApiKey(api.db, { name: 'x', scopes: [] })).rejects.toThrow('needs a scope');
  });

  it('notes when a key was used, once a minute at most', async () => {
    const { id, key } = await api.keyWith(['read']);
    expect((await row(id)).last_used_at).toBeNull();
    await withKey(`Bearer ${key}`);
    const { last_used_at: first } = await row(id);
    expect(first).not.toBeNull();
    await withKey(`Bearer ${key}`);
    expect((await row(id)).last_used_at).toEqual(first);
    const before = new Date(Date.now() - 61_000);
    await api.db.updateTable('api_keys').set({ last_used_at: before }).where('id', '=', id).execute();
    await withKey(`Bearer ${key}`);
    expect((await row(id)).last_used_at?.getTime()).toBeGreaterThan(before.getTime());
  });

  it('writes the key into no log', async () => {
    const { key } = await api.keyWith(['read']);
    await withKey(`Bearer ${key}`);
    expect(api.logged.length).toBeGreaterThan(0);
    expect(api.logged.join('')).not.toContain(key);
  });
});
