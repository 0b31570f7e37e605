/**
 * The Workflow code of this tree, bundled once for all tests: webpack needs seconds of a core, and twenty test files
 * want the same bytes. `test-servers.ts` makes it in a process of its own when the first test asks.
 */
import { readFile } from 'node:fs/promises';
import type { WorkflowBundleWithSourceMap } from '@temporalio/worker';
import { askForServer } from './ask-servers.ts';

export interface WorkflowCode {
  /** For a Worker process: `WORKFLOW_BUNDLE_PATH`. */
  path: string;
  /** For a Worker in the test's own process, and for replays. */
  bundle: WorkflowBundleWithSourceMap;
}

/** @throws Error with webpack's words when the code cannot be bundled. */
export async function workflowCode(): Promise<WorkflowCode> {
  const { path } = await askForServer<{ path: string }>('workflow-code');
  return { path, bundle: { code: await readFile(path, 'utf8'), sourceMap: 'it is in the code' } };
}
