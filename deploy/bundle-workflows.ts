/**
 * Bundles the Workflow code, when the image is built: `node deploy/bundle-workflows.ts FILE`. Beside FILE it writes the
 * bundle for `PAYLOAD_ENCRYPTION_KEYS`, since whether there are any is known only when a Worker starts.
 */
import { writeFileSync } from 'node:fs';
import { Command } from 'commander';
import { FAILURE_CONVERTER } from '../config/temporal.ts';
import { bundleWorkflows, encryptingBundle } from '../worker/bundle.ts';

const [target = ''] = new Command('node deploy/bundle-workflows.ts')
  .description('Bundles the Workflow code into a file, and beside it the one for encrypted histories.')
  .argument('<file>', 'what it writes')
  .showHelpAfterError('(--help shows how it is used)')
  .parse().processedArgs as [string];
const files = [
  { file: target, built: bundleWorkflows() },
  { file: encryptingBundle(target), built: bundleWorkflows(FAILURE_CONVERTER) },
];
for (const { file, built } of files) {
  const { code } = await built;
  writeFileSync(file, code);
  console.log(`${file}: ${(code.length / 1024).toFixed(0)} kB`);
}
