import path from 'node:path';
import { expect, it } from '@jest/globals';
import { execa } from 'execa';

it('leaves nothing of a request that only a look at the whole heap would free', async () => {
  const script = path.join(import.meta.dirname, 'what-requests-leave.ts');
  const { stdout } = await execa(process.execPath, ['--disable-warning=ExperimentalWarning', script]);
  expect(stdout).toMatch(/^-?\d+$/);
  // All requests together are 3 MB.
  expect(Number(stdout)).toBeLessThan(1_500_000);
});
