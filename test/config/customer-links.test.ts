import { describe, expect, it } from '@jest/globals';
import { SignJWT } from 'jose';
import { createCustomerLinks } from '../../config/customer-links.ts';

const ENROLLMENT = 'enr_0123456789abcdefghijklmnop';
const OLD = 'the-secret-that-was-used-until-yesterday';
const NEW = 'the-secret-that-is-used-since-this-morning';

function linksOf(secrets: string[], ttlDays = 400) {
  return createCustomerLinks({ secrets, publicUrl: 'https://pay.example.com/billing/', ttlDays });
}

function tokenOf(link: string): string {
  return link.slice(link.lastIndexOf('/') + 1);
}

function signed(claims: { audience?: string; subject?: string; expires?: string }, secret = NEW) {
  return new SignJWT({})
    .setProtectedHeader({ alg: 'HS256' })
    .setSubject(claims.subject ?? ENROLLMENT)
    .setAudience(claims.audience ?? 'customer-link')
    .setExpirationTime(claims.expires ?? '1 day')
    .sign(new TextEncoder().encode(secret));
}

describe('createCustomerLinks', () => {
  it('makes an address below the public one whose token names the enrollment', async () => {
    const links = linksOf([NEW]);
    const link = await links.create(ENROLLMENT);
    expect(link).toMatch(/^https:\/\/pay\.example\.com\/billing\/c\/[\w.-]+$/);
    await expect(links.read(tokenOf(link))).resolves.toBe(ENROLLMENT);
  });

  it('makes the same address again for the same instant, and within one day without one', async () => {
    const links = linksOf([NEW]);
    const at = '2026-11-23T10:00:00.000Z';
    expect(await links.create(ENROLLMENT, at)).toBe(await links.create(ENROLLMENT, at));
    expect(await links.create(ENROLLMENT)).toBe(await links.create(ENROLLMENT));
  });

  it('goes on accepting links of a secret that moved to the second place', async () => {
    const token = tokenOf(await linksOf([OLD]).create(ENROLLMENT));
    await expect(linksOf([NEW, OLD]).read(token)).resolves.toBe(ENROLLMENT);
    await expect(linksOf([NEW]).read(token)).resolves.toBeNull();
  });

  it('signs with the first secret', async () => {
    const token = tokenOf(await linksOf([NEW, OLD]).create(ENROLLMENT));
    await expect(linksOf([NEW]).read(token)).resolves.toBe(ENROLLMENT);
  });

  it('refuses an expired link', async () => {
    const links = linksOf([NEW], 30);
    const daysAgo = (days: number) => new Date(Date.now() - days * 86_400_000).toISOString();
    await expect(links.read(tokenOf(await links.create(ENROLLMENT, daysAgo(31))))).resolves.toBeNull();
    await expect(links.read(tokenOf(await links.create(ENROLLMENT, daysAgo(29))))).resolves.toBe(ENROLLMENT);
  });

  it('refuses a token for another audience, of another form, unsigned, or of something else', async () => {
    const links = linksOf([NEW]);
    await expect(links.read(await signed({}))).resolves.toBe(ENROLLMENT);
    await expect(links.read(await signed({ audience: 'operator' }))).resolves.toBeNull();
    await expect(links.read(await signed({ subject: 'enr_short' }))).resolves.toBeNull();
    await expect(links.read('')).resolves.toBeNull();
    await expect(links.read('../../etc/passwd')).resolves.toBeNull();
    const encode = (part: object) => Buffer.from(JSON.stringify(part)).toString('base64url');
    const claims = { sub: ENROLLMENT, aud: 'customer-link', exp: 4_000_000_000 };
    await expect(links.read(`${encode({ alg: 'none' })}.${encode(claims)}.`)).resolves.toBeNull();
  });

  it('refuses a token whose last signature character was changed', async () => {
    const links = linksOf([NEW]);
    const token = tokenOf(await links.create(ENROLLMENT));
    const forged = token.slice(0, -2) + (token.at(-2) === 'A' ? 'B' : 'A') + token.at(-1);
    await expect(links.read(forged)).resolves.toBeNull();
  });

  it('is not built without a secret', () => {
    expect(() => linksOf([])).toThrow('at least one secret');
  });
});
