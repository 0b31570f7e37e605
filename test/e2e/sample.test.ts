/** `npm run sample`, run as its readers run it, against the service as it is run. */
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { execa } from 'execa';
import { startStack, type TestStack } from '../support/stack.ts';
import { waitFor } from '../support/wait.ts';

const PROJECT = path.resolve(import.meta.dirname, '../..');

let stack: TestStack;
beforeAll(async () => {
  stack = await startStack();
}, 120_000);
afterAll(() => stack.stop());

function run(args: string[], env: Record<string, string>) {
  return execa(process.execPath, [path.join(PROJECT, 'samples/plain-script/enroll.ts'), ...args], {
    env: { ...env, NODE_OPTIONS: '', FORCE_COLOR: '0' },
    reject: false,
    all: true,
  });
}

/** Runs it, and is the customer. */
async function played(order: string, card: string) {
  const running = run(['--order', order, '--minutes', '1'], {
    BILLING_API_URL: stack.api,
    BILLING_API_KEY: stack.key,
  });
  let printed = '';
  running.all.on('data', (chunk: Buffer) => {
    printed += chunk.toString();
  });
  const session = await waitFor('the address of Checkout', () => /cs_test_\w+/.exec(printed)?.[0], {
    timeoutMs: 20_000,
  });
  await stack.control(`checkout_sessions/${session}/complete`, { number: card });
  return running;
}

it('enrolls, waits for the customer, and finds what was agreed', async () => {
  const { all, exitCode } = await played('order-1001', '4242424242424242');
  expect(all).toContain('Saved: visa ending in 4242');
  expect(all).toContain('as agreed: the amount is 1200');
  expect(all).toContain('as agreed: what was collected in all is 1200');
  expect(exitCode).toBe(0);

  // The same order again is the same enrollment: nothing is charged a second time.
  const again = await run(['--order', 'order-1001'], {
    BILLING_API_URL: stack.api,
    BILLING_API_KEY: stack.key,
  });
  expect(again.exitCode).toBe(0);
  expect(again.all).toContain(/Enrollment (enr_\w+)/.exec(all ?? '')?.[1]);
  expect(again.all).toContain('as agreed: the number of charges is 1');
}, 60_000);

it('says what is not as agreed, and ends with 1', async () => {
  const { all, exitCode } = await played('order-1002', '4000000000000341');
  expect(all).toContain('Not as agreed: the status is requires_payment_method, expected succeeded');
  expect(exitCode).toBe(1);
}, 60_000);

it('says what it needs when it is started without', async () => {
  const { all, exitCode } = await run([], { BILLING_API_URL: '', BILLING_API_KEY: '' });
  expect(all).toContain('BILLING_API_URL is not set.');
  expect(exitCode).toBe(2);
}, 30_000);
