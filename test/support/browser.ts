/** One headless Chromium for a test file: launch in `beforeAll`, `close()` in `afterAll`; and axe on its pages. */
import { AxeBuilder } from '@axe-core/playwright';
import pRetry from 'p-retry';
import type { Browser, Page } from 'playwright-core';
import { launchBrowser } from '../../dev/browser.ts';
import { askForServer } from './ask-servers.ts';

export async function launchTestBrowser(): Promise<Browser> {
  // Asked of Jest's own process, which unpacks the browser once for all workers.
  const { executablePath } = await askForServer<{ executablePath: string | null }>('chromium');
  // The packaged Chromium has been seen to end with SIGSEGV at its start, before there was a page.
  return pRetry(() => launchBrowser(executablePath), { retries: 2, minTimeout: 200 });
}

/** Axe on a page without frames: "legacy" spares a second page for each answer, which takes as long as the rules. */
export function axe(page: Page): AxeBuilder {
  return new AxeBuilder({ page }).setLegacyMode(true);
}
