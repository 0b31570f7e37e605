/**
 * `npm run simulate -- dunning` compares dunning policies, `npm run simulate -- herd` spreads of due instants.
 * Nothing is sent anywhere: bank, customers and clock are made up, the rules are the service's own.
 */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Command, InvalidArgumentError } from 'commander';
import { DEFAULT_DUNNING } from '../../domain/terms.ts';
import { checkDunningPolicy, LONGEST_SPREAD_MINUTES } from '../../domain/terms-check.ts';
import { compare } from './compare.ts';
import { stampede } from './herd.ts';
import { ASSUMPTIONS, type Assumptions, population } from './population.ts';
import { dunningChart, dunningTable } from './show-dunning.ts';
import { herdChart, herdTable } from './show-herd.ts';

const POLICIES: ReadonlyMap<string, readonly number[]> = new Map([
  ['never', []],
  ['default', DEFAULT_DUNNING.retryAfterDays],
  ['daily', [1, 1, 1, 1]],
  ['weekly', [7, 7, 7]],
  ['patient', [2, 5, 7, 14]],
  ['most', [1, 2, 2, 3, 4, 5, 7, 7]],
]);

/** Of a herd; each is a few numbers in memory. */
const MOST_ENROLLMENTS = 10_000_000;

const program = new Command('simulate').description(
  'Replays made-up populations under the rules of the service.',
);

program
  .command('dunning')
  .description('what different retry delays recover from the same declined charges')
  .option('-n, --charges <number>', 'declined charges', wholeNumber, 2000)
  .option('-s, --seed <number>', 'the same seed, the same population', wholeNumber, 1)
  .option('-p, --policy <name=days>', 'a policy to compare, e.g. weekly=7,7,7; repeatable', policy, new Map())
  .option('-a, --assumptions <file>', 'JSON that replaces parts of the assumptions')
  .option('-o, --svg <file>', 'where the chart goes', '.durable-billing/simulations/dunning.svg')
  .option('--json', 'print JSON instead of a table')
  .action(
    async (given: {
      charges: number;
      seed: number;
      policy: Map<string, readonly number[]>;
      assumptions?: string;
      svg: string;
      json?: true;
    }) => {
      const assumptions = await assumptionsFrom(given.assumptions);
      const members = population(given.charges, given.seed, assumptions);
      const policies = given.policy.size > 0 ? given.policy : POLICIES;
      const summaries = compare(members, policies, given.seed, assumptions);
      const caption = `${given.charges} declined charges, seed ${given.seed}`;
      console.log(
        given.json
          ? JSON.stringify(summaries, null, 2)
          : `${caption}; what banks and customers do is assumed\n\n${dunningTable(summaries)}`,
      );
      await save(given, await dunningChart(summaries, caption));
    },
  );

program
  .command('herd')
  .description('the backlog when many enrollments fall due at one instant')
  .option('-n, --enrollments <number>', 'enrollments due at that instant', enrollments, 1_000_000)
  .option('-r, --rate <number>', 'charges a second that Stripe may be asked for', positive, 80)
  .option('--spread <hours>', 'hours to spread over, comma-separated', spreads, [0, 1, 3, 6, 12])
  .option('-o, --svg <file>', 'where the chart goes', '.durable-billing/simulations/herd.svg')
  .option('--json', 'print JSON instead of a table')
  .action(
    async (given: { enrollments: number; rate: number; spread: number[]; svg: string; json?: true }) => {
      const summaries = given.spread.map((spreadHours) =>
        stampede({ enrollments: given.enrollments, perSecond: given.rate, spreadHours }, 24),
      );
      const caption = `${given.enrollments} enrollments, ${given.rate} charges a second`;
      console.log(given.json ? JSON.stringify(summaries, null, 2) : `${caption}\n\n${herdTable(summaries)}`);
      await save(given, await herdChart(summaries, caption));
    },
  );

try {
  await program.parseAsync();
} catch (error) {
  program.error(`error: ${error instanceof Error ? error.message : error}`);
}

async function assumptionsFrom(path: string | undefined): Promise<Assumptions> {
  if (path === undefined) {
    return ASSUMPTIONS;
  }
  const replaced = assumptionsIn(path, await readFile(path, 'utf8'));
  const unknown = Object.keys(replaced).filter((name) => !(name in ASSUMPTIONS));
  if (unknown.length > 0) {
    const expected = Object.keys(ASSUMPTIONS).join(', ');
    program.error(`${path}: unknown ${unknown.join(', ')}; expected some of ${expected}`);
  }
  return { ...ASSUMPTIONS, ...replaced };
}

function assumptionsIn(path: string, text: string): Partial<Assumptions> {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new Error(`${path} is no JSON: ${error instanceof Error ? error.message : error}`);
  }
}

/** Last: what was found is told by then, wherever the chart cannot be. */
async function save({ svg, json }: { svg: string; json?: true }, chart: string): Promise<void> {
  await mkdir(dirname(svg), { recursive: true });
  await writeFile(svg, chart);
  if (!json) {
    console.log(`\nchart: ${svg}`);
  }
}

function policy(text: string, earlier: Map<string, readonly number[]>): Map<string, readonly number[]> {
  const [name = '', days = ''] = text.split('=', 2);
  const retryAfterDays = days === '' ? [] : numbers(days);
  const problems = checkDunningPolicy({ retryAfterDays, afterLastTry: 'cancel' });
  if (name === '' || !text.includes('=') || problems.length > 0) {
    const why = problems.map(({ field, message }) => `${field}: ${message}`).join('; ');
    throw new InvalidArgumentError(why || 'expected name=days, e.g. weekly=7,7,7');
  }
  return new Map([...earlier, [name, retryAfterDays]]);
}

function numbers(text: string): number[] {
  return text.split(',').map((item) => {
    const value = Number(item);
    if (item.trim() === '' || !Number.isFinite(value) || value < 0) {
      throw new InvalidArgumentError(`'${item}' is no number, 0 or more`);
    }
    return value;
  });
}

/** As the terms allow them. */
function spreads(text: string): number[] {
  const longest = LONGEST_SPREAD_MINUTES / 60;
  return numbers(text).map((hours) => {
    if (hours > longest) {
      throw new InvalidArgumentError(
        `'${hours}' is longer than the terms allow; expected ${longest} hours at most`,
      );
    }
    return hours;
  });
}

function enrollments(text: string): number {
  const count = wholeNumber(text);
  if (count > MOST_ENROLLMENTS) {
    throw new InvalidArgumentError(`expected ${MOST_ENROLLMENTS.toLocaleString('en')} at most`);
  }
  return count;
}

function positive(text: string): number {
  const value = Number(text);
  if (!(value > 0 && Number.isFinite(value))) {
    throw new InvalidArgumentError('expected a number above 0');
  }
  return value;
}

function wholeNumber(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 1) {
    throw new InvalidArgumentError('expected a whole number, 1 or more');
  }
  return value;
}
