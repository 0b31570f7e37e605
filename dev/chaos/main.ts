/**
 * `npm run chaos -- --seed N --customers 40 --periods 6`: customers enroll, pay and cancel on the whole service while its
 * parts are killed, Stripe fails and webhooks are lost; then quiet, then every invariant. Exits with 1 when one is broken,
 * with 2 when it could not be run. The same seed gives the same plan.
 */

import { DefaultLogger, Runtime } from '@temporalio/worker';
import { Command, InvalidArgumentError } from 'commander';
import { readWhole } from '../../cli/words.ts';
import { describeFailure } from '../processes.ts';
import { type Enrolled, live } from './customers.ts';
import { planChaos, TARGETS } from './plan.ts';
import { untilAllClosed } from './time.ts';
import { makeTrouble } from './trouble.ts';
import { judge, type Verdict } from './verdict.ts';
import { openWorld, type World } from './world.ts';

const options = new Command('chaos')
  .description('kills and fails everything while customers are billed, then checks the books')
  .option('--seed <number>', 'which plan', readSeed, Math.floor(Math.random() * 1_000_000))
  .option('--customers <number>', 'how many enroll', readWhole, 40)
  .option('--periods <number>', 'months each of them agrees to', readWhole, 6)
  .option('--plan', 'print the plan and end', false)
  .option('--keep', 'keep the folder with logs and databases', false)
  .showHelpAfterError('(--help shows how it is used)')
  .exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? 0 : 2))
  .parse()
  .opts<{ seed: number; customers: number; periods: number; plan: boolean; keep: boolean }>();

const { seed, customers, periods } = options;
const plan = planChaos(seed, customers, periods);
if (options.plan) {
  console.log(JSON.stringify(plan, null, 2));
  process.exit(0);
}
const beganAtMs = Date.now();
const report = (line: string) =>
  console.log(`${((Date.now() - beganAtMs) / 1000).toFixed(1).padStart(6)} s  ${line}`);

/** Between lines that say how far it has come. */
const PROGRESS_MS = 10_000;
for (const [signal, code] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
  ['SIGHUP', 129],
] as const) {
  // What runs and where it was kept goes with this process.
  process.once(signal, () => {
    console.log(`Ended by ${signal}, without a verdict.`);
    process.exit(code);
  });
}
Runtime.install({ logger: new DefaultLogger('WARN') });
console.log(
  `Chaos, seed ${seed}: ${customers} customers, ${periods} periods, ${plan.troubles.length} troubles in ${plan.durationMs / 1000} s.`,
);
let world: World | null = null;
try {
  world = await openWorld(report);
  console.log(said(await run(world)));
} catch (error) {
  console.error(describeFailure(error));
  process.exitCode = 2;
} finally {
  if (world !== null && (process.exitCode !== 0 || options.keep)) {
    console.log(`Logs: ${world.logs}`);
  }
  await world?.close(process.exitCode !== 0 || options.keep);
}
// The Temporal SDK's native part may hold a handle.
process.exit();

interface Outcome {
  verdict: Verdict;
  /** What happened, and how often. */
  counted: Map<string, number>;
  /** Faults of Stripe that were ordered and met no request. */
  unmet: Map<string, number>;
}

async function run(opened: World): Promise<Outcome> {
  const startedAtMs = Date.now();
  const enrolled: Enrolled[] = [];
  report('customers enroll, and the troubles begin');
  const trouble = makeTrouble(opened, plan, startedAtMs, report);
  const progress = setInterval(() => {
    const troubles = `${trouble.over()} of ${plan.troubles.length} troubles are over`;
    report(`${enrolled.length} of ${customers} customers are enrolled, ${troubles}`);
  }, PROGRESS_MS);
  const lives = await Promise.allSettled(
    plan.customers.map((customer) =>
      live(opened, customer, { seed, periods, startedAtMs, durationMs: plan.durationMs, enrolled }),
    ),
  );
  await trouble.done.finally(() => clearInterval(progress));

  report('quiet: everything is up, and nothing fails any more');
  const unmet = await trouble.countStripeFaults();
  await opened.control('POST', 'faults/clear');
  await opened.control('POST', 'webhooks', { mode: 'deliver' });
  for (const target of TARGETS) {
    await opened.ensureUp(target);
  }
  const ids = enrolled.map(({ id }) => id);
  const stuck = await untilAllClosed(opened, ids, 60_000 + customers * periods * 500, report);
  await opened.control('POST', 'webhooks/settled');
  await opened.inboxIsEmpty(20_000);
  const verdict = await judge(opened, enrolled, { customers, periods, stuck }, report);
  for (const life of lives) {
    if (life.status === 'rejected') {
      verdict.findings.push({ invariant: 'I3', found: String(life.reason) });
    }
  }
  process.exitCode = verdict.findings.length === 0 ? 0 : 1;
  return { verdict, counted: trouble.counted, unmet };
}

function said({ verdict, counted, unmet }: Outcome): string {
  const { findings, checked, histories, chargesPaid } = verdict;
  const table = (title: string, rows: Map<string, number>) =>
    rows.size === 0
      ? []
      : [
          '',
          title,
          ...[...rows]
            .sort(([a], [b]) => a.localeCompare(b))
            .map(([what, times]) => `  ${String(times).padStart(5)}  ${what}`),
        ];
  const lines = [
    ...table('What happened:', counted),
    ...table('Ordered, and met nobody:', unmet),
    '',
    `${checked.counted.enrollments} enrollments, ${chargesPaid} charges paid at Stripe, ${histories} histories replayed.`,
  ];
  if (findings.length === 0) {
    lines.push(
      `Verdict: all invariants hold. Seed ${seed}, ${Math.round((Date.now() - beganAtMs) / 1000)} s.`,
    );
    return lines.join('\n');
  }
  for (const { invariant, found } of findings) {
    lines.push(`  ${invariant}  ${found}`);
  }
  lines.push(
    `Verdict: ${findings.length} findings. Again with: npm run chaos -- --seed ${seed} --customers ${customers} --periods ${periods}`,
  );
  return lines.join('\n');
}

/** 0 is a seed too. */
function readSeed(text: string): number {
  const seed = Number(text);
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(seed)) {
    throw new InvalidArgumentError('expected a whole number from 0.');
  }
  return seed;
}
