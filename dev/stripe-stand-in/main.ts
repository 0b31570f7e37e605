// `npm run stripe-stand-in`: one stand-in from settings in the environment, until SIGINT or SIGTERM.

import { Command } from 'commander';
import { type StandInOptions, startStripeStandIn } from './stand-in.ts';

new Command('npm run stripe-stand-in')
  .description('Runs one stand-in for Stripe until SIGINT or SIGTERM.')
  .addHelpText(
    'after',
    `
Settings, in the environment:
  STRIPE_STAND_IN_HOST                 where it listens (default: 127.0.0.1)
  STRIPE_STAND_IN_PORT                 the port there (default: 12111)
  STRIPE_STAND_IN_DATA                 a file for its state (default: in memory)
  STRIPE_STAND_IN_SECRET_KEY           the one key that is accepted (default: every test key)
  STRIPE_STAND_IN_WEBHOOK_RETRY_SCALE  multiplies the hours between webhook attempts (default: 0.01)`,
  )
  .showHelpAfterError('(--help shows how it is used)')
  .parse();
const { env } = process;
const options: StandInOptions = {
  host: env.STRIPE_STAND_IN_HOST ?? '127.0.0.1',
  port: Number(env.STRIPE_STAND_IN_PORT ?? 12111),
  ...(env.STRIPE_STAND_IN_DATA ? { dataFile: env.STRIPE_STAND_IN_DATA } : {}),
  ...(env.STRIPE_STAND_IN_SECRET_KEY ? { secretKey: env.STRIPE_STAND_IN_SECRET_KEY } : {}),
  ...(env.STRIPE_STAND_IN_WEBHOOK_RETRY_SCALE
    ? { webhookRetryScale: Number(env.STRIPE_STAND_IN_WEBHOOK_RETRY_SCALE) }
    : {}),
};

const standIn = await startStripeStandIn(options).catch((error: unknown) => {
  const why = error instanceof Error ? error.message : String(error);
  console.error(
    `The stand-in could not start: ${why}. STRIPE_STAND_IN_PORT and STRIPE_STAND_IN_DATA choose others.`,
  );
  process.exit(1);
});
// Before it says that it is ready, so that whoever waits for that can stop it politely.
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    standIn.close().then(
      () => process.exit(0),
      (error: unknown) => {
        console.error(error);
        process.exit(1);
      },
    );
  });
}

console.log(`Stripe stand-in at ${standIn.url}`);
console.log(`  API        ${standIn.url}/v1 (API version 2026-10-28.endive; any sk_test_ key)`);
console.log(`  Dashboard  ${standIn.url}/`);
console.log(
  `  State      ${options.dataFile ?? 'in memory, gone when it stops (STRIPE_STAND_IN_DATA names a file)'}`,
);
