/** What `npm run dev` prints once everything answers. */
import type { Addresses } from './addresses.ts';
import type { StripeAccess } from './stack.ts';

export function summary(options: {
  addresses: Addresses;
  stripe: StripeAccess;
  apiKey: string;
  logs: string;
  seconds: number;
}): string {
  const { addresses, stripe } = options;
  const lines: [string, string][] = [
    ['Shop', `${addresses.shop}   start here: press Checkout`],
    ['Mails', addresses.mails],
    ['Temporal UI', addresses.temporalUi ?? `(of the server at ${addresses.temporal})`],
    [
      'Stripe',
      stripe.kind === 'stand-in'
        ? `${addresses.stripe}   the stand-in's dashboard`
        : `${addresses.stripe}   the real one, test mode`,
    ],
    ['API', `${addresses.api}   try it: ${addresses.api}/docs`],
    ['Figures', `${addresses.api}/ops   sign in with the API key`],
    ['API key', options.apiKey],
    ['Temporal', addresses.temporal],
    ['PostgreSQL', addresses.postgres],
    ['Logs', options.logs],
  ];
  return [
    '',
    `Ready in ${options.seconds.toFixed(1)} s.`,
    '',
    ...lines.map(([name, text]) => `  ${name.padEnd(12)} ${text}`),
    '',
    'npm run demo plays two journeys against it. Ctrl-C ends everything; the state is kept until --reset.',
    '',
  ].join('\n');
}
