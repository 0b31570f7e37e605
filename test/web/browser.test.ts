import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { Browser, BrowserContext, BrowserContextOptions, Page } from 'playwright-core';
import { launchTestBrowser } from '../support/browser.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { buildPagesApp, type PagesApp } from './pages-app.ts';
import { daysAhead, seedCharge, seedEnrollment, seedNotification, seedPaymentMethod } from './rows.ts';
import { inspectScene, LOCALES, SCENE_NAMES } from './scene-inspection.ts';
import { SCENES } from './scenes.ts';

interface Site {
  pages: PagesApp;
  origin: string;
  /** What the browser has complained of on its pages. */
  complaints: string[];
}

describe('the pages in a browser', () => {
  let test: TestDatabase;
  let browser: Browser;
  let pages: PagesApp;
  let origin: string;
  let checkout: Server;
  let standIn: string;
  const complaints: string[] = [];

  beforeAll(async () => {
    [test, browser] = await Promise.all([createTestDatabase(), launchTestBrowser()]);
    checkout = createServer((_request, response) => {
      response.setHeader('content-type', 'text/html').end('<h1>Checkout of a stand-in</h1>');
    });
    await new Promise<void>((resolve) => checkout.listen(0, '127.0.0.1', resolve));
    standIn = `http://127.0.0.1:${(checkout.address() as AddressInfo).port}`;
    ({ pages, origin } = await startSite());
  }, 60_000);
  afterEach(() => {
    expect(complaints.splice(0)).toEqual([]);
  });
  afterAll(async () => {
    await browser.close();
    await pages.app.close();
    checkout.close();
    await test.drop();
  });

  async function startSite(): Promise<Site> {
    const pages = await buildPagesApp(test.db, { STRIPE_API_URL: standIn });
    pages.billing.session = { ...pages.billing.session, url: `${standIn}/c/pay/cs_test_new` };
    return { pages, origin: await pages.app.listen({ host: '127.0.0.1', port: 0 }), complaints: [] };
  }

  /** A page of a context of its own; what the browser complains of (policy, script errors) fails the test. */
  async function open(
    enrollmentId: string,
    path: string,
    options: BrowserContextOptions = {},
    site: Site = { pages, origin, complaints },
  ): Promise<Page> {
    const page = await watched(await browser.newContext(options), site.complaints);
    await page.goto(`${site.origin}${await site.pages.pathOf(enrollmentId)}${path}`);
    return page;
  }

  async function watched(context: BrowserContext, heard = complaints): Promise<Page> {
    const page = await context.newPage();
    page.on('console', (message) => {
      if (message.type() === 'error') heard.push(message.text());
    });
    page.on('pageerror', (error) => heard.push(error.message));
    return page;
  }

  describe('as they look', () => {
    let page: Page;
    beforeAll(async () => {
      page = await watched(await browser.newContext());
    });
    afterAll(() => page.context().close());

    const cases = SCENE_NAMES.flatMap((scene) => LOCALES.map((locale) => ({ scene, locale })));
    it.each(cases)('are accessible and fit every screen: $scene in $locale', async ({ scene, locale }) => {
      await inspectScene({ db: test.db, pages, origin, page }, scene, locale);
      if (scene === 'unknown') {
        complaints.splice(0); // The browser itself notes a 404.
      }
    });
  });

  describe('as they work', () => {
    afterEach(() => Promise.all(browser.contexts().map((context) => context.close())));
    it('update by themselves and keep focus, open messages and place', async () => {
      const id = await seedEnrollment(test.db, {
        next_charge_at: daysAhead(-0.0001),
        next_charge_amount_minor: 1980,
      });
      await seedPaymentMethod(test.db, id);
      const message = await seedNotification(test.db, id, 'charge_succeeded');
      const page = await open(id, '/account');
      await page.locator('.badge', { hasText: 'Being made' }).waitFor();
      await page.locator(`#${message} summary`).click();
      await page.locator('#change-method').focus();
      await page.evaluate('window.isSamePage = true');

      await seedCharge(test.db, id);
      await test.db
        .updateTable('enrollments')
        .set({ next_charge_at: daysAhead(30) })
        .where('id', '=', id)
        .execute();
      await page.locator('.charges .badge', { hasText: 'Paid' }).waitFor({ timeout: 10_000 });
      expect(await page.evaluate('window.isSamePage')).toBe(true);
      expect(await page.evaluate('document.activeElement.id')).toBe('change-method');
      expect(await page.locator(`#${message}[open]`).count()).toBe(1);
      await page.locator('#live', { hasText: 'This page was updated.' }).waitFor({ state: 'attached' });
    });

    it('lead from the button to the Checkout page of a stand-in, under our policy', async () => {
      const page = await open(await seedEnrollment(test.db), '/account');
      await page.getByRole('button', { name: 'Use another payment method' }).click();
      await page.getByRole('heading', { name: 'Checkout of a stand-in' }).waitFor();
    });

    it('lead to a Checkout page on a domain that our policy does not know', async () => {
      const { session } = pages.billing;
      pages.billing.session = { ...session, url: session.url.replace('127.0.0.1', 'localhost') };
      try {
        const page = await open(await seedEnrollment(test.db), '/account');
        await page.getByRole('button', { name: 'Use another payment method' }).click();
        await page.getByRole('heading', { name: 'Checkout of a stand-in' }).waitFor();
      } finally {
        pages.billing.session = session;
      }
    });

    it('can be walked through with the keyboard', async () => {
      const { enrollmentId, path } = await SCENES.past_due(test.db, 'en');
      const page = await open(enrollmentId, path);
      const focused: string[] = [];
      for (let step = 0; step < 12; step++) {
        await page.keyboard.press('Tab');
        focused.push(String(await page.evaluate('document.activeElement.textContent.trim()')));
      }
      const order = [
        'Skip to the content',
        'English',
        '日本語',
        'Choose a payment method',
        'Use another payment method',
      ];
      expect(focused.slice(0, order.length)).toEqual(order);
      expect(focused).toContain('Cancel this agreement');
      const outline = await page.evaluate('getComputedStyle(document.activeElement).outlineStyle');
      expect(outline).toBe('solid');
    });

    it('switch language and keep it', async () => {
      const page = await open(await seedEnrollment(test.db), '/account');
      await page.getByRole('link', { name: '日本語' }).click();
      await page.getByRole('heading', { name: 'ご契約の内容' }).waitFor();
      await page.getByRole('link', { name: 'このご契約を解約する' }).click();
      await page.getByRole('heading', { name: '解約しますか' }).waitFor();
    });

    it('print a receipt without what is only for the screen', async () => {
      const id = await seedEnrollment(test.db);
      const chargeId = await seedCharge(test.db, id);
      const page = await open(id, `/charges/${chargeId}/receipt`);
      expect(await page.getByRole('button', { name: 'Print or save as PDF' }).isVisible()).toBe(true);
      await page.emulateMedia({ media: 'print' });
      expect(await page.getByRole('button').count()).toBe(0);
      expect(await page.getByText(chargeId).isVisible()).toBe(true);
    });

    it('let the server close while they are open', async () => {
      const other = await buildPagesApp(test.db);
      const address = await other.app.listen({ host: '127.0.0.1', port: 0 });
      const id = await seedEnrollment(test.db);
      const page = await (await browser.newContext()).newPage();
      const streamOf = page.waitForResponse((response) => response.url().includes('/events'));
      await page.goto(`${address}${await other.pathOf(id)}/account`);
      const stream = await streamOf;
      const started = Date.now();
      await other.app.close();
      expect(Date.now() - started).toBeLessThan(3_000);
      // Ended, not cut.
      expect(await stream.finished()).toBeNull();
    });
  });

  // Side by side, each on a site of its own.
  describe('as they wait', () => {
    const sites: Site[] = [];
    afterAll(async () => {
      await Promise.all(browser.contexts().map((context) => context.close()));
      await Promise.all(sites.map((site) => site.pages.app.close()));
    });

    async function ownSite(): Promise<Site> {
      const site = await startSite();
      sites.push(site);
      return site;
    }

    it.concurrent('update after the connection was lost', async () => {
      const site = await ownSite();
      const { enrollmentId, path } = await SCENES.saved(test.db, 'en');
      const page = await open(enrollmentId, path, {}, site);
      await page.getByText('is being made now').waitFor();
      site.pages.app.server.closeAllConnections();
      await test.db
        .updateTable('enrollments')
        .set({ next_charge_at: daysAhead(30) })
        .where('id', '=', enrollmentId)
        .execute();
      // Meanwhile the browser notes the lost connection.
      await page
        .getByText('Thank you. There is nothing more to do.', { exact: true })
        .waitFor({ timeout: 15_000 });
    });

    it.concurrent('do the whole job without script', async () => {
      const site = await ownSite();
      const noScript = { javaScriptEnabled: false };
      const saved = await SCENES.saved(test.db, 'en');
      const waiting = await open(saved.enrollmentId, saved.path, noScript, site);
      await waiting.getByText('Your payment of ¥1,980 is being made now.').waitFor();
      await seedCharge(test.db, saved.enrollmentId, {
        due_at: daysAhead(0.001),
        settled_at: daysAhead(0.001),
      });
      await test.db
        .updateTable('enrollments')
        .set({ next_charge_at: '2099-12-23T01:00:00.000Z' })
        .where('id', '=', saved.enrollmentId)
        .execute();
      await waiting.getByText('Your payment of ¥1,980 went through.').waitFor({ timeout: 15_000 });

      const id = await seedEnrollment(test.db);
      const page = await open(id, '/account', noScript, site);
      await page.getByRole('link', { name: 'Cancel this agreement' }).click();
      await page.getByRole('button', { name: 'Yes, cancel it' }).click();
      await page.waitForURL('**/account');
      expect(site.pages.billing.asked.at(-1)?.slice(0, 2)).toEqual(['cancelEnrollment', id]);
      expect(site.complaints).toEqual([]);
    });

    it.concurrent('come back by themselves when the service was away', async () => {
      const { BillingUnavailable } = await import('../../api/billing-client.ts');
      const site = await ownSite();
      site.pages.billing.error = new BillingUnavailable('away', null);
      const id = await seedEnrollment(test.db, { status: 'awaiting_payment_method' });
      const page = await open(id, '', {}, site);
      await page.getByText('We cannot do this right now').waitFor();
      site.pages.billing.error = null;
      // The browser itself has noted a 503.
      await page.getByRole('heading', { name: 'Checkout of a stand-in' }).waitFor({ timeout: 20_000 });
    });
  });
});
