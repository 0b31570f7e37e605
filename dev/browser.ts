/**
 * A real headless Chromium, without a system package: used by `npm run demo` and by the tests.
 * `CHROMIUM_PATH` names another one; away from Linux on x64 an installed Chrome is used.
 */
import { type Browser, chromium } from 'playwright-core';

/**
 * Where the browser's program is; the npm package unpacks it into the temporary folder the first time, which
 * two processes must not do at once. Null when the system's own Chrome is to be used.
 */
export async function findChromium(): Promise<string | null> {
  if (process.env.CHROMIUM_PATH) {
    return process.env.CHROMIUM_PATH;
  }
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    return null;
  }
  const { default: bundled } = await import('@sparticuz/chromium');
  return bundled.executablePath();
}

/** Starts a browser; whoever starts it closes it. @throws Error saying what is missing. */
export async function launchBrowser(executablePath: string | null): Promise<Browser> {
  if (executablePath === null) {
    return chromium.launch({ channel: 'chrome' });
  }
  const { default: bundled } = await import('@sparticuz/chromium');
  // The package's flags are what lets it run as root and without a graphics driver.
  return chromium.launch({
    executablePath,
    args: process.env.CHROMIUM_PATH
      ? ['--no-sandbox']
      : bundled.args.filter((flag) => !LEFT_OUT.includes(flag)),
  });
}

/** In one process, the browser ends with its first closed context; the others lift rules that pages must obey. */
const LEFT_OUT = [
  '--single-process',
  '--disable-web-security',
  '--allow-running-insecure-content',
  '--disable-site-isolation-trials',
];
