/**
 * `npm run docs:pictures -- --state <folder>`: a picture of the Temporal UI for every saved query, into
 * docs/images. The stack of `npm run dev -- --state <folder>` must run, on the stand-in; customers are added to it, so
 * it should be one that nobody else uses.
 */
import path from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { Command } from 'commander';
import type { Browser } from 'playwright-core';
import { savedQueries, uiAddress } from '../../../cli/queries.ts';
import { findChromium, launchBrowser } from '../../browser.ts';
import { stillRuns } from '../../leftovers.ts';
import { loadSecrets, openStateFolder, readRunningStack } from '../../state.ts';
import { withBrokenWorkflow } from './broken.ts';
import { enrollCast } from './cast.ts';

const IMAGES = path.resolve(import.meta.dirname, '../../../docs/images');
/** What the list shows instead of run ids and types, which say nothing here. */
const COLUMNS = ['Status', 'Workflow ID', 'EnrollmentStatus', 'WaitsFor', 'PastDueSince', 'Start'];
const NINE_DAYS_MS = 9 * 86_400_000;
const WIDTH = 1_460;
/** Of the navigation on the left and the bar on top, which are left out. */
const LEFT = 272;
const TOP = 64;

/** The picture of each question of `durable-billing queries`. */
const PICTURES: Readonly<Record<string, string>> = {
  'Who is past due?': 'ui-past-due.png',
  'Who has been past due for over a week?': 'ui-past-due-week.png',
  'What needs attention?': 'ui-needs-attention.png',
  'What waits to be captured?': 'ui-capture.png',
  'Who has to confirm a payment, or save another method?': 'ui-customer.png',
  'Which declined charges are tried again by themselves?': 'ui-retry.png',
  'Where is a dispute open?': 'ui-dispute.png',
  'Who has not saved a payment method yet?': 'ui-payment-method.png',
  'Which enrollments are paused?': 'ui-paused.png',
  'Which have ended without having been collected?': 'ui-ended.png',
  'Which Workflow cannot go on?': 'ui-cannot-go-on.png',
};

if (import.meta.main) {
  const options = new Command('npm run docs:pictures --')
    .description('Takes a picture of the Temporal UI for every saved query, into docs/images.')
    .requiredOption('--state <folder>', 'of a stack that runs on the stand-in and that nobody else uses')
    .showHelpAfterError('(--help shows how it is used)')
    .parse()
    .opts<{ state: string }>();
  const folder = openStateFolder(path.resolve(options.state));
  const stack = readRunningStack(folder);
  if (!stack?.ready || !stillRuns(stack.supervisor) || stack.urls.temporalUi === null) {
    throw new Error(`no stack with a Temporal UI runs: npm run dev -- --state ${options.state}`);
  }
  const { temporal, temporalNamespace: namespace, temporalUi } = stack.urls;
  await enrollCast(stack, loadSecrets(folder).stripeSecretKey);
  const browser = await launchBrowser(await findChromium());
  const connection = await Connection.connect({ address: temporal });
  const client = new Client({ connection, namespace });
  try {
    const now = new Date();
    const queries = savedQueries(now);
    await withBrokenWorkflow(client, temporal, async () => {
      for (const [index, { question, query: today }] of queries.entries()) {
        // Nobody here has been past due for a week: that question is asked as it will be asked in nine days.
        const isDated = today.includes('PastDueSince');
        const at = isDated ? new Date(now.getTime() + NINE_DAYS_MS) : now;
        const query = savedQueries(at)[index]?.query ?? today;
        const { count } = await client.workflow.count(query);
        const picture = { url: uiAddress(temporalUi, namespace, query), namespace, at };
        const file = PICTURES[question];
        if (count === 0 || file === undefined) {
          throw new Error(`'${question}': ${count} Workflows, picture ${file}; expected some, and a name`);
        }
        await photograph(browser, { ...picture, file: path.join(IMAGES, file) });
        console.log(`${file}: ${count} Workflows`);
      }
    });
  } finally {
    await browser.close();
    await connection.close();
  }
}

/** The list alone, from its title down to its last row. */
async function photograph(
  browser: Browser,
  list: { url: string; namespace: string; at: Date; file: string },
): Promise<void> {
  const context = await browser.newContext({ viewport: { width: WIDTH, height: 800 }, locale: 'en-US' });
  // Where the UI keeps the columns that a person has chosen.
  const chosen = { [list.namespace]: COLUMNS.map((label, index) => ({ label, pinned: index < 2 })) };
  await context.addInitScript(
    (columns) => localStorage.setItem('namespace-workflow-table-columns', columns),
    JSON.stringify(chosen),
  );
  const page = await context.newPage();
  await page.clock.setFixedTime(list.at);
  await page.goto(list.url);
  const rows = page.locator('tbody tr a[href*="enrollment"]');
  await rows.first().waitFor();
  // The count of the title is asked for by itself.
  await page.waitForLoadState('networkidle');
  await page.mouse.move(WIDTH / 2, 10);
  const last = await rows.last().boundingBox();
  const height = (last?.y ?? 0) + (last?.height ?? 0) + 24 - TOP;
  await page.screenshot({ path: list.file, clip: { x: LEFT, y: TOP, width: WIDTH - LEFT, height } });
  await context.close();
}
