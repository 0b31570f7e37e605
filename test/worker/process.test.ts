/** The Worker as a process of its own. */
import path from 'node:path';
import { expect, it } from '@jest/globals';
import { execa } from 'execa';

it('says that it cannot reach Temporal as it starts, and ends', async () => {
  const { PATH, NODE_COMPILE_CACHE } = process.env;
  const { exitCode, stdout } = await execa(process.execPath, ['worker/main.ts'], {
    cwd: path.resolve(import.meta.dirname, '../..'),
    extendEnv: false,
    reject: false,
    env: {
      PATH,
      NODE_COMPILE_CACHE,
      // Nobody listens at either.
      DATABASE_URL: 'postgres://nobody@127.0.0.1:9/nothing',
      TEMPORAL_ADDRESS: '127.0.0.1:9',
      CUSTOMER_LINK_SECRETS: 'test-secret-that-is-long-enough-for-it',
      STRIPE_SECRET_KEY: 'sk_test_0123456789',
      STRIPE_WEBHOOK_SECRET: 'whsec_0123456789',
      MAIL_URL: 'smtp://127.0.0.1:1025',
    },
  });
  expect(stdout).toContain('cannot reach Temporal at 127.0.0.1:9');
  expect(exitCode).toBe(1);
}, 60_000);
