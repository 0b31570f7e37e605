/**
 * Builds the code that Workflows run in. Called by the Worker at its start and by the image's build; tests build it once
 * for all.
 */
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import {
  bundleWorkflowCode,
  type WorkflowBundlePath,
  type WorkflowBundleWithSourceMap,
} from '@temporalio/worker';

const WORKFLOWS = fileURLToPath(new URL('../workflows/index.ts', import.meta.url));
const STACK_TRACES = fileURLToPath(new URL('../workflows/stack-traces.ts', import.meta.url));
const TRACE_HEADERS = fileURLToPath(new URL('../workflows/trace-headers.ts', import.meta.url));

/**
 * Bundles `workflows/` from its sources; takes a second or two.
 * @param failureConverterPath encrypts the failures that Workflow code makes; absent: they are written as they are
 */
export function bundleWorkflows(failureConverterPath?: string): Promise<WorkflowBundleWithSourceMap> {
  const quiet = { trace() {}, debug() {}, info() {}, log() {}, warn: console.warn, error: console.error };
  return bundleWorkflowCode({
    workflowsPath: WORKFLOWS,
    workflowInterceptorModules: [TRACE_HEADERS],
    // Evaluated once for all Workflows, not once for each: what they export is frozen, so they must keep no state.
    preloadModules: [STACK_TRACES, WORKFLOWS],
    logger: quiet,
    ...(failureConverterPath === undefined ? {} : { failureConverterPath }),
  });
}

/** Beside a bundle that was built before: the same code, built to encrypt the failures that it makes. */
export function encryptingBundle(path: string): string {
  return `${path.replace(/\.js$/, '')}.encrypting.js`;
}

/**
 * The bundle that was built before, at `path`; built now when none is named.
 * @param failureConverterPath as for {@link bundleWorkflows}; with it the bundle is read from beside `path`
 * @returns as the Worker takes it, and the code itself
 * @throws when the file cannot be read
 */
export async function workflowBundle(
  path: string | undefined,
  failureConverterPath?: string,
): Promise<{ bundle: WorkflowBundleWithSourceMap | WorkflowBundlePath; code: string | Buffer }> {
  if (path === undefined) {
    const bundle = await bundleWorkflows(failureConverterPath);
    return { bundle, code: bundle.code };
  }
  // The SDK takes the converter for what Activities throw only: that of Workflow code has to be in its bundle.
  const codePath = failureConverterPath === undefined ? path : encryptingBundle(path);
  return { bundle: { codePath }, code: await readFile(codePath) };
}
