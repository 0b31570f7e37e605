/**
 * `npm run demo`: plays two journeys against the stack that `npm run dev` runs, in a real headless browser, and tells
 * what it sees. Exits with 1 when anything is not as described; then it leaves a picture of the page.
 *
 * --state DIR  the folder of the stack, when it is not .durable-billing
 */
import path from 'node:path';
import { Command } from 'commander';
import { findChromium, launchBrowser } from './browser.ts';
import { declineAndRecover, enrollAndPay } from './demo/journeys.ts';
import { createNarrator } from './demo/narrator.ts';
import { openWorld } from './demo/world.ts';
import { stillRuns } from './leftovers.ts';
import { loadSecrets, openStateFolder, readRunningStack } from './state.ts';

const options = new Command('npm run demo --')
  .description('Plays two journeys against the stack that npm run dev runs, in a real headless browser.')
  .option(
    '--state <folder>',
    'where that stack keeps everything',
    path.resolve(import.meta.dirname, '../.durable-billing'),
  )
  .addHelpText('after', '\nEnds with 1 when anything is not as described.')
  .showHelpAfterError('(--help shows how it is used)')
  .parse()
  .opts<{ state: string }>();
const folder = openStateFolder(path.resolve(options.state));
const stack = readRunningStack(folder);
if (!stack?.ready || !stillRuns(stack.supervisor)) {
  console.error(
    'The stack does not run. Start it in another terminal with npm run dev, then run this again.',
  );
  process.exit(1);
}

const stripeKey = process.env.STRIPE_SECRET_KEY || loadSecrets(folder).stripeSecretKey;
const world = await openWorld(stack, stripeKey, await launchBrowser(await findChromium()));
const narrator = createNarrator();
/** New for each run, so that the mails of this run can be told from those of others. */
const stamp = Date.now().toString(36);
const startedAtMs = Date.now();
try {
  await enrollAndPay(world, narrator, `hanako.${stamp}@example.com`);
  await declineAndRecover(world, narrator, `taro.${stamp}@example.com`);
  console.log(`\nBoth journeys went as described, in ${((Date.now() - startedAtMs) / 1000).toFixed(1)} s.`);
} catch (error) {
  process.exitCode = 1;
  console.error(`\nNot as described. ${error instanceof Error ? error.message : String(error)}`);
  const page = world.browser
    .contexts()
    .flatMap((context) => context.pages())
    .at(-1);
  if (page) {
    const picture = path.join(folder.logs, 'demo.png');
    await page.screenshot({ path: picture, fullPage: true }).catch(() => undefined);
    console.error(`The browser was at ${page.url()}; picture: ${picture}. Logs: ${folder.logs}`);
  }
} finally {
  await world.close();
}
