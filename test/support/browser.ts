/** One headless Chromium for a test file: launch in `beforeAll`, `close()` in `afterAll`; and axe on its pages. */
import { AxeBuilder } from '@axe-core/playwright';
import type { Browser, Page } from 'playwright-core';
import { launchBrowser } from '../../dev/browser.ts';
import { askForServer } from './ask-servers.ts';

export async function launchTestBrowser(): Promise<Browser> {
  // Asked of Jest's own process, which unpacks the browser once for all workers.
  const { executablePath } = await askForServer<{ executablePath: string | null }>('chromium');
  return launchBrowser(executablePath);
}

/** Axe on a page without frames: "legacy" spares a second page for each answer, which takes as long as the rules. */
export function axe(page: Page): AxeBuilder {
  return new AxeBuilder({ page }).setLegacyMode(true);
}
