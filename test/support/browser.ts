/** One headless Chromium for a test file: launch in `beforeAll`, `close()` in `afterAll`. */
import type { Browser } from 'playwright-core';
import { launchBrowser } from '../../dev/browser.ts';
import { askForServer } from './ask-servers.ts';

export async function launchTestBrowser(): Promise<Browser> {
  // Asked of Jest's own process, which unpacks the browser once for all workers.
  const { executablePath } = await askForServer<{ executablePath: string | null }>('chromium');
  return launchBrowser(executablePath);
}
