/** How the pages reach a browser: headers, addresses, and what is left of them when something is broken. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import Fastify from 'fastify';
import { BillingUnavailable } from '../../api/billing-client.ts';
import { customerPages } from '../../web/customer-pages.ts';
import { createTestDatabase } from '../support/database.ts';
import { buildPagesApp, mentioned, PUBLIC_URL } from './pages-app.ts';
import { get, pages, test } from './pages-of-each-test.ts';
import { seedEnrollment } from './rows.ts';

describe('customerPages, as they are served', () => {
  describe('headers', () => {
    it.each(['/account', '/cancel', '/nothing', ''])(
      'keep the token and the page safe on %p',
      async (path) => {
        const { headers } = await get(await seedEnrollment(test.db), path);
        expect(headers['referrer-policy']).toBe('no-referrer');
        expect(headers['cache-control']).toBe('no-store');
        expect(headers['x-content-type-options']).toBe('nosniff');
        expect(headers['x-frame-options']).toBe('DENY');
        expect(headers['x-robots-tag']).toContain('noindex');
        expect(headers['set-cookie']).toBeUndefined();
        const csp = String(headers['content-security-policy']);
        expect(csp).toContain("default-src 'none'");
        expect(csp).toContain("form-action 'self' https://checkout.stripe.com");
        expect(csp).not.toMatch(/unsafe|\*/);
      },
    );

    it('let forms lead to the Checkout pages of a stand-in when there is one', async () => {
      const other = await buildPagesApp(test.db, { STRIPE_API_URL: 'http://127.0.0.1:12111' });
      const id = await seedEnrollment(test.db);
      const { headers } = await other.app.inject({ url: `${await other.pathOf(id)}/account` });
      expect(headers['content-security-policy']).toContain(
        "form-action 'self' https://checkout.stripe.com http://127.0.0.1:12111;",
      );
      await other.app.close();
    });

    it('let style and script be kept, under an address that changes with them', async () => {
      const { body } = await get(await seedEnrollment(test.db), '/account');
      const hrefs = [...body.matchAll(/(?:href|src)="(\/c\/assets\/[^"]+)"/g)].map((match) => match[1] ?? '');
      expect(hrefs).toHaveLength(2);
      for (const url of hrefs) {
        expect(url).toMatch(/\?v=[\w-]{12}$/);
        const { statusCode, headers } = await pages.app.inject({ url });
        expect(statusCode).toBe(200);
        expect(headers['cache-control']).toContain('immutable');
        expect(headers['content-type']).toMatch(/^text\/(css|javascript)/);
      }
    });

    it('never log a token', async () => {
      pages.billing.error = new BillingUnavailable('Temporal did not answer', new Error('deadline'));
      const id = await seedEnrollment(test.db, { status: 'awaiting_payment_method' });
      await get(id, '');
      const token = (await pages.pathOf(id)).slice(3);
      expect(pages.logged).not.toHaveLength(0);
      expect(pages.logged.join('')).not.toContain(token);
    });
  });

  it('works below a path of a proxy', async () => {
    const below = await buildPagesApp(test.db, { PUBLIC_URL: 'https://example.com/billing/' });
    const id = await seedEnrollment(test.db);
    const { body } = await below.app.inject({ url: `${await below.pathOf(id)}/account` });
    expect(body).toMatch(/action="\/billing\/c\/[^"]+\/checkout-sessions"/);
    expect(body).toContain('href="/billing/c/assets/customer.css?v=');
    await below.app.close();
  });

  it('refuses an app whose router cuts customer links off', async () => {
    const app = Fastify();
    const { billing } = pages;
    const settings = {
      MERCHANT_NAME: 'x',
      PUBLIC_URL,
      TEMPLATES_DIR: undefined,
      ALLOWED_RETURN_ORIGINS: [],
      STRIPE_API_URL: 'https://api.stripe.com',
    };
    const options = { db: test.db, billing, links: { read: async () => null }, settings, log: app.log };
    await expect(app.register(customerPages, options)).rejects.toThrow('maxParamLength is 100');
  });

  it('tells nothing of the inside when even the page for problems cannot be rendered', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'templates-'));
    mkdirSync(join(folder, 'pages'));
    writeFileSync(join(folder, 'pages/problem.liquid'), '{{ secret.path }}');
    const broken = await buildPagesApp(test.db, { TEMPLATES_DIR: folder });
    const answer = await broken.app.inject({ url: '/c/nonsense' });
    expect(answer.statusCode).toBe(404);
    expect(answer.body).toBe('Something went wrong. Please try again later.');
    expect(broken.logged.join('')).toContain('could not be rendered');
    await broken.app.close();
    rmSync(folder, { recursive: true });
  });

  it('shows a page when the database is away', async () => {
    const gone = await createTestDatabase();
    const away = await buildPagesApp(gone.db);
    const path = await away.pathOf(await seedEnrollment(gone.db));
    await gone.drop();
    const answer = await away.app.inject({ url: `${path}/account` });
    expect(answer.statusCode).toBeGreaterThanOrEqual(500);
    expect(answer.headers['content-type']).toContain('text/html');
    expect(mentioned(answer.body)).toContain('Your link stays good');
    await away.app.close();
  });
});
