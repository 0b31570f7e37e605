import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';
import { expect, it } from '@jest/globals';

it('leaves nothing of a request that only a look at the whole heap would free', async () => {
  const script = path.join(import.meta.dirname, 'what-requests-leave.ts');
  const { stdout } = await promisify(execFile)(process.execPath, [
    '--disable-warning=ExperimentalWarning',
    script,
  ]);
  expect(stdout).toMatch(/^-?\d+\n$/);
  // All requests together are 3 MB.
  expect(Number(stdout)).toBeLessThan(1_500_000);
});
