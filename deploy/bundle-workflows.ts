/** Bundles the Workflow code into a file, when the image is built: `node deploy/bundle-workflows.ts FILE`. */
import { writeFileSync } from 'node:fs';
import { bundleWorkflows } from '../worker/bundle.ts';

const [, , target] = process.argv;
if (!target) {
  throw new Error('expected the file to write: node deploy/bundle-workflows.ts FILE');
}
const { code } = await bundleWorkflows();
writeFileSync(target, code);
console.log(`${target}: ${(code.length / 1024).toFixed(0)} kB`);
