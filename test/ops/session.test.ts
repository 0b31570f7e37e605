/** Who sees the operators' page: nobody without a key, and no key more than it may. */
import { describe, expect, it } from '@jest/globals';
import { revokeApiKey } from '../../db/api-keys.ts';
import { api, FORM, key, look, signedIn, textOf } from './operators-page.ts';

describe('who sees /ops', () => {
  it.each(['', '/charges?of=collected&currency=jpy', '/webhooks'])(
    'nobody without a session: /ops%s',
    async (path) => {
      const reply = await api.app.inject({ url: `/ops${path}` });
      expect([reply.statusCode, reply.headers.location]).toEqual([303, '/ops/sign-in']);
      expect(reply.body).toBe('');
    },
  );

  it('a key that may read, by a cookie that no script and no other path gets', async () => {
    const reply = await api.app.inject({
      method: 'POST',
      url: '/ops/sign-in',
      headers: FORM,
      payload: `key=${key.key}`,
    });
    expect([reply.statusCode, reply.headers.location]).toEqual([303, '/ops']);
    const cookie = String(reply.headers['set-cookie']);
    for (const part of ['HttpOnly', 'SameSite=Lax', 'Path=/ops', 'Max-Age=28800']) {
      expect(cookie).toContain(part);
    }
    expect(cookie).not.toContain(key.key);
  });

  it('not a key that is unknown or may not read, not another site, not a forged session', async () => {
    const webhooksOnly = await api.keyWith(['webhooks']);
    expect(await signedIn(api, `dbk_${'0'.repeat(48)}`)).toBeNull();
    expect(await signedIn(api, webhooksOnly.key)).toBeNull();
    const foreign = await api.app.inject({
      method: 'POST',
      url: '/ops/sign-in',
      headers: { ...FORM, 'sec-fetch-site': 'cross-site' },
      payload: `key=${key.key}`,
    });
    expect([foreign.statusCode, foreign.headers['set-cookie']]).toEqual([401, undefined]);
    for (const origin of ['https://evil.example', 'null']) {
      const old = await api.app.inject({
        method: 'POST',
        url: '/ops/sign-in',
        headers: { ...FORM, origin },
        remoteAddress: '192.0.2.78',
        payload: `key=${key.key}`,
      });
      expect([old.statusCode, old.headers['set-cookie']]).toEqual([401, undefined]);
    }
    const forged = await api.app.inject({
      url: '/ops',
      headers: { cookie: 'ops_session=eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJrZXlfMSJ9.xxxx' },
    });
    expect(forged.statusCode).toBe(303);
  });

  it('nobody who tries one key after the other', async () => {
    const statuses: number[] = [];
    for (let tries = 0; tries < 22; tries += 1) {
      const { statusCode } = await api.app.inject({
        method: 'POST',
        url: '/ops/sign-in',
        headers: FORM,
        payload: `key=dbk_${'0'.repeat(48)}`,
        remoteAddress: '192.0.2.77',
      });
      statuses.push(statusCode);
    }
    expect(statuses).toEqual([...Array.from({ length: 20 }, () => 401), 429, 429]);
  });

  it('not a customer by the token of their link', async () => {
    const token = (await api.links.create(`enr_${'1'.padStart(26, '0')}`, new Date().toISOString()))
      .split('/')
      .at(-1);
    const reply = await api.app.inject({ url: '/ops', headers: { cookie: `ops_session=${token}` } });
    expect(reply.statusCode).toBe(303);
  });

  it.each([
    ['too long', `key=${'x'.repeat(4_000)}`, FORM, 413, 'too long to be an API key'],
    ['no form', '{"key":"dbk_1"}', { 'content-type': 'application/json-seq' }, 415, 'takes a form'],
  ])('whoever sends what is %s is told what was expected', async (_, payload, headers, status, words) => {
    const reply = await api.app.inject({ method: 'POST', url: '/ops/sign-in', payload, headers });
    expect(reply.statusCode).toBe(status);
    expect(reply.body).toContain(words);
  });

  it('no longer a key that was revoked meanwhile', async () => {
    const soon = await api.keyWith(['read']);
    const cookie = (await signedIn(api, soon.key)) ?? '';
    expect((await api.app.inject({ url: '/ops', headers: { cookie } })).statusCode).toBe(200);
    await revokeApiKey(api.db, soon.id);
    expect((await api.app.inject({ url: '/ops', headers: { cookie } })).statusCode).toBe(303);
  });

  it('and the webhooks that wait only a key that may look at webhooks; others are told so', async () => {
    const reply = await look(api, '/webhooks');
    expect(reply.statusCode).toBe(403);
    expect(textOf(reply.body)).toContain('needs an API key with the scope webhooks');
    expect(reply.body).not.toContain('evt_');
    const both = await api.keyWith(['read', 'webhooks']);
    const list = await look(api, '/webhooks', both.key);
    expect([list.statusCode, textOf(list.body)]).toEqual([200, expect.stringContaining('evt_secretive')]);
  });

  it('reads no secret and no address in the errors of webhooks', async () => {
    const both = await api.keyWith(['read', 'webhooks']);
    const { body } = await look(api, '/webhooks', both.key);
    expect(textOf(body)).toMatch(/evt_secretive .+ refused \S*\/c\/\[redacted\]\S* for \[e-mail\]/);
    expect(body).not.toMatch(/hanako|eyJ/);
  });

  it('allows nothing to run, nothing from elsewhere, and no frame', async () => {
    const reply = await look(api, '');
    const policy = String(reply.headers['content-security-policy']);
    expect(policy).toContain("default-src 'none'");
    expect(policy).not.toMatch(/unsafe|script-src/);
    expect(reply.headers['cache-control']).toBe('no-store');
    expect(reply.body).not.toMatch(/<script|\sstyle=|\son\w+=/);
  });
});
