import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { revokeApiKey } from '../../db/api-keys.ts';
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

  it('refuses every route under /v1 without a key', async () => {
    const id = `enr_${'0'.repeat(26)}`;
    const routes: ['GET' | 'POST', string][] = [
      ['POST', '/v1/enrollments'],
      ['GET', '/v1/enrollments'],
      ['GET', `/v1/enrollments/${id}`],
      ['POST', `/v1/enrollments/${id}/cancel`],
      ['POST', `/v1/enrollments/${id}/resume`],
      ['POST', `/v1/enrollments/${id}/checkout-sessions`],
      ['GET', `/v1/enrollments/${id}/charges`],
      ['POST', `/v1/enrollments/${id}/charges`],
      ['POST', `/v1/enrollments/${id}/charges/chg_x/resume`],
      ...[
        'retry',
        'stop-dunning',
        'cancel',
        'forgive',
        'capture',
        'extend-dunning',
        'authenticate',
        'refunds',
      ].map((command): ['POST', string] => ['POST', `/v1/enrollments/${id}/charges/chg_x/${command}`]),
      ['GET', `/v1/enrollments/${id}/charges/chg_x/refunds`],
      ...[
        'pause',
        'cancel-at-period-end',
        'undo-cancel',
        'skip-next',
        'charge-now',
        'move-next',
        'amount',
      ].map((command): ['POST', string] => ['POST', `/v1/enrollments/${id}/${command}`]),
      ['GET', `/v1/enrollments/${id}/cancel-preview`],
      ['GET', `/v1/enrollments/${id}/timeline`],
      ['GET', `/v1/enrollments/${id}/notifications`],
      ['POST', `/v1/enrollments/${id}/notifications/ntf_x/read`],
    ];
    const documented = Object.entries(api.app.swagger().paths ?? {}).flatMap(([path, operations]) =>
      path.startsWith('/v1/') ? Object.keys(operations ?? {}) : [],
    );
    expect(documented).toHaveLength(routes.length);
    for (const [method, url] of routes) {
      const reply = await api.app.inject({ method, url });
      expect([url, reply.statusCode]).toEqual([url, 401]);
    }
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
      message: "the API key lacks the scope 'write'",
    });
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
    expect((await withKey(`Bearer ${key}`)).statusCode).toBe(401);
    const { revoked_at: first } = await row(id);
    expect(await revokeApiKey(api.db, id)).toBe(true);
    expect((await row(id)).revoked_at).toEqual(first);
    expect(await revokeApiKey(api.db, 'key_unknown')).toBe(false);
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
