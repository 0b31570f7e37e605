/** Looks at the page of a scene as people do: on a desktop and on a phone, in light and in dark, and with axe. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from '@jest/globals';
import type { Kysely } from 'kysely';
import type { Page } from 'playwright-core';
import type { Database } from '../../db/schema.ts';
import { axe } from '../support/browser.ts';
import { htmlFaults } from '../support/html.ts';
import type { PagesApp } from './pages-app.ts';
import { SCENES, type SceneName } from './scenes.ts';

/** A folder for pictures of every scene; nothing is drawn when it is not set. */
const PICTURES = process.env.PICTURES_DIR;

export const SCENE_NAMES = Object.keys(SCENES) as SceneName[];
export const LOCALES = ['en', 'ja'] as const;
export type Locale = (typeof LOCALES)[number];

const VIEWPORTS = { desktop: { width: 1280, height: 900 }, phone: { width: 390, height: 844 } };
/** In which of the four looks axe goes over a page, and with which rules: all, or what colours and widths decide. */
const AXE = {
  en: { look: 'desktop-light', rules: null },
  ja: {
    look: 'phone-dark',
    rules: ['color-contrast', 'target-size', 'link-in-text-block', 'scrollable-region-focusable'],
  },
} as const;

export interface Inspected {
  db: Kysely<Database>;
  pages: PagesApp;
  origin: string;
  page: Page;
}

/** The page is sound HTML in that language, fits a phone and a desktop in light and in dark, and obeys axe. */
export async function inspectScene(
  { db, pages, origin, page }: Inspected,
  scene: SceneName,
  locale: Locale,
): Promise<void> {
  const { enrollmentId, path, preview = {} } = await SCENES[scene](db, locale);
  pages.billing.preview = preview;
  const sent = await pages.get(enrollmentId, path);
  expect(htmlFaults(sent.body)).toEqual([]);

  await page.goto(`${origin}${await pages.pathOf(enrollmentId)}${path}`);
  expect(await page.evaluate('document.documentElement.lang')).toBe(locale);
  for (const [device, viewport] of Object.entries(VIEWPORTS)) {
    await page.setViewportSize(viewport);
    for (const colorScheme of ['light', 'dark'] as const) {
      const look = `${device}-${colorScheme}`;
      await page.emulateMedia({ colorScheme });
      const wider = 'document.documentElement.scrollWidth - document.documentElement.clientWidth';
      expect(await page.evaluate(wider)).toBe(0);
      await drawn(page, `${scene}-${locale}-${look}`);
      if (look === AXE[locale].look) {
        await obeysAxe(page, AXE[locale].rules);
      }
    }
  }
}

async function obeysAxe(page: Page, rules: readonly string[] | null): Promise<void> {
  const builder = axe(page);
  const { violations, passes } = await (rules === null
    ? builder.options({ rules: { 'target-size': { enabled: true } } })
    : builder.withRules([...rules])
  ).analyze();
  expect(passes).not.toEqual([]);
  expect(violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).join(' ')}`)).toEqual([]);
}

async function drawn(page: Page, name: string): Promise<void> {
  if (PICTURES) {
    mkdirSync(PICTURES, { recursive: true });
    await page.screenshot({ path: join(PICTURES, `${name}.png`), fullPage: true });
  }
}
