import { describe, expect, it } from '@jest/globals';
import { versioningOptions } from '../../worker/versioning.ts';

const SETTINGS = { WORKER_DEPLOYMENT_NAME: 'durable-billing', WORKFLOW_PATCHES_OFF: [] };
const buildIdOf = (code: string) =>
  versioningOptions(SETTINGS, code).workerDeploymentOptions?.version.buildId ?? '';

describe('a Worker without a build id', () => {
  it('takes every task, and is named by its Workflow code in few letters', () => {
    expect(versioningOptions(SETTINGS, 'code').workerDeploymentOptions).toEqual({
      version: { deploymentName: 'durable-billing', buildId: '5694d08a2e53' },
      useWorkerVersioning: false,
    });
  });

  it('has another name with other code, and the same one from a file as from memory', () => {
    expect(buildIdOf('code')).not.toBe(buildIdOf('other code'));
    const fromFile = versioningOptions(SETTINGS, Buffer.from('code'));
    expect(fromFile.workerDeploymentOptions?.version.buildId).toBe(buildIdOf('code'));
  });
});

it('is versioned by the build id that is set', () => {
  expect(versioningOptions({ ...SETTINGS, WORKER_BUILD_ID: 'abc' }, 'code').workerDeploymentOptions).toEqual({
    version: { deploymentName: 'durable-billing', buildId: 'abc' },
    useWorkerVersioning: true,
    defaultVersioningBehavior: 'AUTO_UPGRADE',
  });
});
