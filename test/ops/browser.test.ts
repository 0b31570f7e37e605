/** The operators' page in a browser: anybody can use it. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { axe, launchTestBrowser } from '../support/browser.ts';
import { api, key } from './operators-page.ts';

/** A folder for pictures; nothing is drawn when it is not set. */
const PICTURES = process.env.PICTURES_DIR;

let browser: Browser;
let origin: string;
const complaints: string[] = [];

beforeAll(async () => {
  browser = await launchTestBrowser();
  origin = await api.app.listen({ host: '127.0.0.1', port: 0 });
}, 180_000);
afterEach(async () => {
  await Promise.all(browser.contexts().map((context) => context.close()));
  expect(complaints.splice(0)).toEqual([]);
});
afterAll(() => browser.close());

describe('/ops in a browser', () => {
  async function open(context: BrowserContext): Promise<Page> {
    const page = await context.newPage();
    page.on('console', (message) => {
      if (message.type() === 'error' && !message.text().includes('401')) complaints.push(message.text());
    });
    await page.goto(`${origin}/ops`);
    return page;
  }

  it('is signed into with the keyboard, after a wrong key too', async () => {
    const page = await open(await browser.newContext());
    await obeysAxe(page);
    await page.getByLabel('API key').fill('dbk_wrong');
    await page.keyboard.press('Enter');
    expect(await page.getByRole('alert').textContent()).toContain('not known');
    await page.getByLabel('API key').fill(key.key);
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Figures' }).waitFor();
    await page.getByRole('link', { name: '7 days' }).click();
    expect(await page.getByRole('link', { name: '7 days' }).getAttribute('aria-current')).toBe('page');
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.goto(`${origin}/ops`);
    expect(page.url()).toContain('/ops/sign-in');
  }, 180_000);

  it.each([
    ['desktop', { width: 1280, height: 900 }],
    ['phone', { width: 390, height: 844 }],
  ])(
    'fits a %s in light and dark, obeys axe, and has a table for each chart',
    async (device, viewport) => {
      const context = await browser.newContext({ viewport, reducedMotion: 'reduce' });
      const page = await open(context);
      await page.getByLabel('API key').fill(key.key);
      await page.keyboard.press('Enter');
      await page.getByRole('heading', { name: 'Figures' }).waitFor();
      for (const colorScheme of ['light', 'dark'] as const) {
        await page.emulateMedia({ colorScheme });
        await picture(page, `ops-${device}-${colorScheme}`);
        if ((device === 'desktop') === (colorScheme === 'light')) {
          await obeysAxe(page);
        }
      }
      const beyond = await page.evaluate<number>('document.documentElement.scrollWidth - window.innerWidth');
      expect(beyond).toBeLessThanOrEqual(0);
      for (const summary of await page.locator('summary').all()) {
        await summary.focus();
        await page.keyboard.press('Enter');
      }
      const charts = await page.locator('.drawing:visible svg').count();
      expect(charts).toBe(5);
      expect(await page.locator('details[open] table').count()).toBe(charts);
      await page.goto(`${origin}/ops/charges?of=collected&currency=jpy`);
      await obeysAxe(page);
      await picture(page, `ops-list-${device}`);
    },
    180_000,
  );

  async function obeysAxe(page: Page): Promise<void> {
    const { violations } = await axe(page).analyze();
    expect(violations.map(({ id, nodes }) => [id, nodes.map(({ html }) => html)])).toEqual([]);
  }

  async function picture(page: Page, name: string): Promise<void> {
    if (PICTURES) {
      await page.screenshot({ path: `${PICTURES}/${name}.png`, fullPage: true });
    }
  }
});
