/**
 * `npm run chaos -- --seed N --customers 40 --periods 6`: customers enroll, pay and cancel on the whole service while its
 * parts are killed, Stripe fails and webhooks are lost; then quiet, then every invariant. Exits with 1 when one is broken.
 * The same seed gives the same plan.
 */

import { DefaultLogger, Runtime } from '@temporalio/worker';
import { Command } from 'commander';
import { describeFailure } from '../processes.ts';
import { type Enrolled, live } from './customers.ts';
import { planChaos, TARGETS } from './plan.ts';
import { untilAllClosed } from './time.ts';
import { makeTrouble } from './trouble.ts';
import { judge, type Verdict } from './verdict.ts';
import { openWorld, type World } from './world.ts';

const options = new Command('chaos')
  .description('kills and fails everything while customers are billed, then checks the books')
  .option('--seed <number>', 'which plan', Number, Math.floor(Math.random() * 1_000_000))
  .option('--customers <number>', 'how many enroll', Number, 40)
  .option('--periods <number>', 'months each of them agrees to', Number, 6)
  .option('--plan', 'print the plan and end', false)
  .option('--keep', 'keep the folder with logs and databases', false)
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

Runtime.install({ logger: new DefaultLogger('WARN') });
console.log(
  `Chaos, seed ${seed}: ${customers} customers, ${periods} periods, ${plan.troubles.length} troubles in ${plan.durationMs / 1000} s.`,
);
let world: World | null = null;
try {
  world = await openWorld(report);
  const { verdict, counted } = await run(world);
  console.log(said(verdict, counted));
  process.exitCode = verdict.findings.length === 0 ? 0 : 1;
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

async function run(opened: World): Promise<{ verdict: Verdict; counted: Map<string, number> }> {
  const startedAtMs = Date.now();
  const enrolled: Enrolled[] = [];
  report('customers enroll, and the troubles begin');
  const trouble = makeTrouble(opened, plan, startedAtMs, report);
  const lives = await Promise.allSettled(
    plan.customers.map((customer) =>
      live(opened, customer, { seed, periods, startedAtMs, durationMs: plan.durationMs, enrolled }),
    ),
  );
  await trouble.done;

  report('quiet: everything is up, and nothing fails any more');
  await opened.control('POST', 'faults/clear');
  await opened.control('POST', 'webhooks', { mode: 'deliver' });
  for (const target of TARGETS) {
    await opened.ensureUp(target);
  }
  const ids = enrolled.map(({ id }) => id);
  const stuck = await untilAllClosed(opened, ids, 60_000 + customers * periods * 500);
  await opened.control('POST', 'webhooks/settled');
  await opened.inboxIsEmpty(20_000);
  const verdict = await judge(opened, enrolled, { customers, periods, stuck }, report);
  for (const life of lives) {
    if (life.status === 'rejected') {
      verdict.findings.push({ invariant: 'I3', found: String(life.reason) });
    }
  }
  await countStripeFaults(opened, trouble.counted);
  return { verdict, counted: trouble.counted };
}

/** Counted where they fired: a fault that was ordered may have met nobody. */
async function countStripeFaults(opened: World, counted: Map<string, number>): Promise<void> {
  const { data } = await opened.control<{ data: { fault: string | null; status: number | null }[] }>(
    'GET',
    'requests?limit=100000',
  );
  for (const { fault, status } of data) {
    if (fault !== null) {
      const what = `Stripe ${fault === 'status' ? status : fault}`;
      counted.set(what, (counted.get(what) ?? 0) + 1);
    }
  }
}

function said(verdict: Verdict, counted: Map<string, number>): string {
  const { findings, checked, histories, chargesPaid } = verdict;
  const fired = [...counted].sort(([a], [b]) => a.localeCompare(b));
  const lines = [
    '',
    'What happened:',
    ...fired.map(([what, times]) => `  ${String(times).padStart(5)}  ${what}`),
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
