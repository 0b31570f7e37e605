/**
 * Which version of the code a Worker is, in Temporal's Worker Deployments, and which changes of Workflow code it makes use
 * of yet. Called by `worker/main.ts`; `docs/operations.md`, "Deploys", has the commands that go with it.
 */
import { createHash } from 'node:crypto';
import type { WorkerOptions } from '@temporalio/worker';

export interface VersionSettings {
  WORKER_DEPLOYMENT_NAME: string;
  WORKER_BUILD_ID?: string | undefined;
  WORKFLOW_PATCHES_OFF: readonly string[];
}

/**
 * Without a build id Workers are unversioned: every one takes every task, which is right for a single Worker. Histories
 * then name the Workflow code by its hash, in three events of every task: the SDK's own name for it is 90 characters long.
 *
 * Workflows move to the Current Version with their next task (`AUTO_UPGRADE`): they sleep for months, and a version that
 * is pinned would have to be kept running for as long. That they can move is what `test/replay` holds every change to.
 * @param code the bundle of Workflow code
 */
export function versioningOptions(settings: VersionSettings, code: string | Buffer): Partial<WorkerOptions> {
  const { WORKER_DEPLOYMENT_NAME: deploymentName, WORKER_BUILD_ID: buildId } = settings;
  const off = new Set(settings.WORKFLOW_PATCHES_OFF);
  return {
    ...(buildId === undefined
      ? // Deprecated for versioning. A version of a deployment would do as well, but the Temporal UI would link to a deployment
        // that there is not.
        { buildId: hashOf(code) }
      : {
          workerDeploymentOptions: {
            version: { deploymentName, buildId },
            useWorkerVersioning: true,
            defaultVersioningBehavior: 'AUTO_UPGRADE',
          },
        }),
    // A run that has taken a patch once can never go back to code without it: see docs/decisions/0013.
    ...(off.size === 0 ? {} : { patchActivationCallback: ({ patchId }) => !off.has(patchId) }),
  };
}

/** Enough to tell one build from another. */
function hashOf(code: string | Buffer): string {
  return createHash('sha256').update(code).digest('hex').slice(0, 12);
}
