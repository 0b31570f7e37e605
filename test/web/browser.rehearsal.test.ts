/** Every scene in both languages, each in all four looks; `browser.test.ts` has one look at each of them. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Browser } from 'playwright-core';
import { launchTestBrowser } from '../support/browser.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { buildPagesApp, type PagesApp } from './pages-app.ts';
import { type Inspected, inspectScene, LOCALES, LOOKS, SCENE_NAMES } from './scene-inspection.ts';

let test: TestDatabase;
let browser: Browser;
let pages: PagesApp;
let inspected: Inspected;
const complaints: string[] = [];

beforeAll(async () => {
  [test, browser] = await Promise.all([createTestDatabase(), launchTestBrowser()]);
  pages = await buildPagesApp(test.db);
  const origin = await pages.app.listen({ host: '127.0.0.1', port: 0 });
  const page = await browser.newPage();
  page.on('console', (message) => {
    if (message.type() === 'error') complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(error.message));
  inspected = { db: test.db, pages, origin, page };
}, 60_000);
afterAll(async () => {
  await browser.close();
  await pages.app.close();
  await test.drop();
});

describe('the pages in a browser', () => {
  it.each(SCENE_NAMES.flatMap((scene) => LOCALES.map((locale) => ({ scene, locale }))))(
    'are accessible in every look: $scene in $locale',
    async ({ scene, locale }) => {
      await inspectScene(inspected, scene, locale, LOOKS);
      const noted = complaints.splice(0);
      // The browser itself notes a 404.
      expect(scene === 'unknown' ? [] : noted).toEqual([]);
    },
    60_000,
  );
});
