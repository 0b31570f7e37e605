/**
 * Looks at the page of a scene as people do: on a desktop and on a phone, in light and in dark, and with axe. Called by
 * the browser tests, for some of the combinations, and by their rehearsal, for all.
 */
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
export type Device = keyof typeof VIEWPORTS;
export interface Look {
  device: Device;
  colorScheme: 'light' | 'dark';
}
export const LOOKS: readonly Look[] = [
  { device: 'desktop', colorScheme: 'light' },
  { device: 'phone', colorScheme: 'dark' },
  { device: 'phone', colorScheme: 'light' },
  { device: 'desktop', colorScheme: 'dark' },
];

export interface Inspected {
  db: Kysely<Database>;
  pages: PagesApp;
  origin: string;
  page: Page;
}

/**
 * The page is sound HTML in that language, obeys axe in the given looks, and fits a phone and a desktop.
 * @param looks in which axe goes over it
 */
export async function inspectScene(
  { db, pages, origin, page }: Inspected,
  scene: SceneName,
  locale: Locale,
  looks: readonly Look[],
): Promise<void> {
  const { enrollmentId, path, preview = {} } = await SCENES[scene](db, locale);
  pages.billing.preview = preview;
  const sent = await pages.get(enrollmentId, path);
  expect(htmlFaults(sent.body)).toEqual([]);

  await page.goto(`${origin}${await pages.pathOf(enrollmentId)}${path}`);
  expect(await page.evaluate('document.documentElement.lang')).toBe(locale);
  for (const device of Object.keys(VIEWPORTS) as Device[]) {
    await page.setViewportSize(VIEWPORTS[device]);
    for (const colorScheme of ['light', 'dark'] as const) {
      const isInspected = looks.some((look) => look.device === device && look.colorScheme === colorScheme);
      if (isInspected || PICTURES) {
        await page.emulateMedia({ colorScheme });
        await drawn(page, `${scene}-${locale}-${device}-${colorScheme}`);
      }
      if (isInspected) {
        await obeysAxe(page);
      }
    }
    // No rule of a colour scheme sets a size: one measure is enough for both.
    const wider = 'document.documentElement.scrollWidth - document.documentElement.clientWidth';
    expect(await page.evaluate(wider)).toBe(0);
  }
}

async function obeysAxe(page: Page): Promise<void> {
  const { violations, passes } = await axe(page)
    .options({ rules: { 'target-size': { enabled: true } } })
    .analyze();
  expect(passes).not.toEqual([]);
  expect(violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).join(' ')}`)).toEqual([]);
}

async function drawn(page: Page, name: string): Promise<void> {
  if (PICTURES) {
    mkdirSync(PICTURES, { recursive: true });
    await page.screenshot({ path: join(PICTURES, `${name}.png`), fullPage: true });
  }
}
