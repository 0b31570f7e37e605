// `npm run conformance`: Stripe's own description and the contract cases, against the stand-in, or against the real
// test mode when STRIPE_SECRET_KEY is an sk_test_ key. Options: --write-extract, --only <text>, --requests <address>.

import { spawnSync } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { gzipSync } from 'node:zlib';
import { Command } from 'commander';
import { ROUTES } from '../stripe-stand-in/resources/index.ts';
import { CONTRACTS } from './cases/index.ts';
import { DIFFERENCES } from './differences.ts';
import { extractDescription } from './extract.ts';
import { checkLoggedRequests } from './logged-requests.ts';
import { type Description, EXTRACT_FILE, readExtract, readWholeDescription } from './openapi.ts';
import { runCase } from './run-case.ts';
import { createValidator } from './validator.ts';

const options = new Command('npm run conformance --')
  .description(
    "Compares the Stripe stand-in with Stripe's own description and documentation; with STRIPE_SECRET_KEY=sk_test_… the real test mode.",
  )
  .option('--only <text>', 'only the cases whose name contains the text', '')
  .option('--requests <address>', 'also validates the requests in the log of a running stand-in')
  .option('--write-extract', 'writes stripe-openapi.extract.json.gz anew, and ends', false)
  .showHelpAfterError('(--help shows how it is used)')
  .parse()
  .opts<{ only: string; requests?: string; writeExtract: boolean }>();

async function describe(): Promise<Description> {
  try {
    const whole = await readWholeDescription();
    console.log(`Description: Stripe's OpenAPI ${whole.info.version}, from the Go module stripe-mock`);
    return whole;
  } catch (error) {
    const why = error instanceof Error ? error.message.split('\n')[0] : String(error);
    console.log(`Description: the committed extract, because the Go module could not be read (${why})`);
    return readExtract();
  }
}

/** The routes of the stand-in, as the description spells their paths. */
function usedPaths(description: Description): Map<string, string[]> {
  const used = new Map<string, string[]>();
  for (const route of ROUTES) {
    for (const path of Object.keys(description.paths)) {
      const segments = path.split('/').slice(1);
      const fits =
        segments.length === route.segments.length &&
        segments.every((segment, i) =>
          segment.startsWith('{') ? route.segments[i]?.startsWith(':') : segment === route.segments[i],
        );
      if (fits) used.set(path, [...(used.get(path) ?? []), route.method.toLowerCase()]);
    }
  }
  return used;
}

const realKey = process.env.STRIPE_SECRET_KEY ?? '';
if (realKey.startsWith('sk_live_') || realKey.startsWith('rk_live_')) {
  console.error('STRIPE_SECRET_KEY is a live key: conformance makes charges and is for test mode only.');
  process.exit(1);
}
const real = realKey.startsWith('sk_test_') ? realKey : null;

if (options.writeExtract) {
  const whole = await readWholeDescription();
  const extract = extractDescription(whole, usedPaths(whole));
  await writeFile(EXTRACT_FILE, gzipSync(JSON.stringify(extract), { level: 9 }));
  console.log(
    `Wrote ${Object.keys(extract.components.schemas).length} schemas and ${Object.keys(extract.paths).length} paths.`,
  );
  process.exit(0);
}

const validator = createValidator(await describe());
console.log('Known differences of the version that is spoken (2026-10-28.endive):');
for (const { where, member, schema, why } of DIFFERENCES)
  console.log(`  ${schema === null ? '-' : '+'} ${where} ${member}: ${why}`);
console.log(
  real === null
    ? 'Against: the stand-in, a fresh one for each case'
    : 'Against: the real Stripe, in test mode',
);

let passed = 0;
let failed = 0;
let skipped = 0;
if (options.requests !== undefined) {
  const checked = await checkLoggedRequests(options.requests, validator);
  for (const problem of checked.problems) console.log(`FAILED  ${problem}`);
  console.log(`Requests in the log of ${options.requests}: ${checked.count}`);
  passed += checked.count - checked.problems.length;
  failed += checked.problems.length;
}
if (real === null && options.only === '') {
  // The product's requests need a Temporal server and a database, which its tests know how to start.
  const file = 'test/stripe-stand-in/product-requests.test.ts';
  const jest = ['--experimental-vm-modules', '--no-warnings', 'node_modules/jest/bin/jest.js', file];
  const { status, stderr } = spawnSync(process.execPath, jest, { encoding: 'utf8' });
  console.log(
    `${status === 0 ? 'passed ' : 'FAILED '} The product's own requests, over whole lives of enrollments (${file})`,
  );
  if (status === 0) passed += 1;
  else {
    failed += 1;
    console.log(stderr);
  }
}
for (const contract of CONTRACTS) {
  if (!contract.name.includes(options.only)) continue;
  const result = await runCase(contract, validator, real);
  if (result.kind === 'passed') passed += 1;
  else if (result.kind === 'skipped') {
    skipped += 1;
    console.log(`skipped ${contract.name}: ${result.reason}`);
  } else {
    failed += 1;
    console.log(`FAILED  ${contract.name}`);
    for (const reason of result.reasons)
      console.log(`        ${reason.split('\n').slice(0, 6).join('\n        ')}`);
  }
}
if (skipped > 0) console.log(`${skipped} skipped`);
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);
