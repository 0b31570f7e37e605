/**
 * Workflow code as a coming version may have it: a copy of this tree's sources with some lines changed, bundled as the
 * image's build bundles it. For rehearsals of deploys, and of bugs that come with one.
 */
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { WorkflowBundleWithSourceMap } from '@temporalio/worker';
import { run } from '../../dev/processes.ts';

const PROJECT = path.resolve(import.meta.dirname, '../..');
/** What the bundler reads, and the types that it may come across. */
const SOURCES = ['workflows', 'domain', 'config', 'activities', 'deploy', 'worker', 'package.json'];

export interface Change {
  /** Below the project's root, e.g. `workflows/billing.ts`. */
  file: string;
  /** Must be there exactly once. */
  from: string;
  to: string;
}

/** @throws Error when a change does not fit this tree any more, or the variant cannot be bundled */
export async function workflowVariant(changes: readonly Change[]): Promise<WorkflowBundleWithSourceMap> {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'durable-billing-variant-'));
  try {
    for (const name of SOURCES) {
      cpSync(path.join(PROJECT, name), path.join(folder, name), { recursive: true });
    }
    symlinkSync(path.join(PROJECT, 'node_modules'), path.join(folder, 'node_modules'));
    for (const change of changes) {
      apply(folder, change);
    }
    const target = path.join(folder, 'bundle.js');
    const args = ['--disable-warning=ExperimentalWarning', 'deploy/bundle-workflows.ts', target];
    const { ok, output } = await run(
      { name: 'bundle', command: process.execPath, args, cwd: folder },
      120_000,
    );
    if (!ok) {
      throw new Error(`the variant could not be bundled:\n${output}`);
    }
    return { code: readFileSync(target, 'utf8'), sourceMap: 'it is in the code' };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function apply(folder: string, { file, from, to }: Change): void {
  const target = path.join(folder, file);
  const parts = readFileSync(target, 'utf8').split(from);
  if (parts.length !== 2) {
    throw new Error(`${file} has '${from}' ${parts.length - 1} times; expected it once`);
  }
  writeFileSync(target, parts.join(to));
}
