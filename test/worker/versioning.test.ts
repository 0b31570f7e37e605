import { describe, expect, it } from '@jest/globals';
import { versioningOptions } from '../../worker/versioning.ts';

const SETTINGS = { WORKER_DEPLOYMENT_NAME: 'durable-billing', WORKFLOW_PATCHES_OFF: [] };
const buildIdOf = (code: string | Buffer) => versioningOptions(SETTINGS, code).buildId ?? '';

describe('a Worker without a build id', () => {
  it('takes every task, and is named by its Workflow code in few letters', () => {
    // And is in no Worker Deployment, which the Temporal UI would link to.
    expect(versioningOptions(SETTINGS, 'code')).toEqual({ buildId: '5694d08a2e53' });
  });

  it('has another name with other code, and the same one from a file as from memory', () => {
    expect(buildIdOf('code')).not.toBe(buildIdOf('other code'));
    expect(buildIdOf(Buffer.from('code'))).toBe(buildIdOf('code'));
  });
});

it('is versioned by the build id that is set', () => {
  expect(versioningOptions({ ...SETTINGS, WORKER_BUILD_ID: 'abc' }, 'code')).toEqual({
    workerDeploymentOptions: {
      version: { deploymentName: 'durable-billing', buildId: 'abc' },
      useWorkerVersioning: true,
      defaultVersioningBehavior: 'AUTO_UPGRADE',
    },
  });
});
