/**
 * `npm run webhook-endpoint -- https://billing.example.com`: makes the webhook endpoint at Stripe and prints its signing
 * secret. Needs STRIPE_SECRET_KEY; STRIPE_API_URL when it is the stand-in's.
 * Refuses when there is one of that address: Stripe's API tells a secret once, and only the Dashboard again.
 */
import { Command, InvalidArgumentError } from 'commander';
import { readStripeSettings } from '../config/env.ts';
import { createStripe, STRIPE_API_VERSION } from '../config/stripe.ts';
import { STRIPE_EVENT_TYPES } from '../domain/stripe-event.ts';

const [publicUrl] = new Command('webhook-endpoint')
  .description('makes the webhook endpoint at Stripe and prints its signing secret; needs STRIPE_SECRET_KEY')
  .argument('<address>', 'where Stripe reaches the API, e.g. https://billing.example.com', readAddress)
  .showHelpAfterError('(--help shows how it is used)')
  .parse().processedArgs;
const stripe = createStripe(settingsOrEnd());
const url = new URL('/webhooks/stripe', publicUrl).href;

const { data: endpoints } = await stripe.webhookEndpoints.list({ limit: 100 });
const known = endpoints.find((endpoint) => endpoint.url === url);
if (known) {
  console.error(`Stripe has an endpoint for ${url}: ${known.id}. Its secret is in the Dashboard.`);
  process.exit(1);
}
const endpoint = await stripe.webhookEndpoints.create({
  url,
  enabled_events: [...STRIPE_EVENT_TYPES],
  // The account's own may be years old: before 2024-10-28 the refund of a card payment made none of the events `refund.…`.
  api_version: STRIPE_API_VERSION,
});
console.error(`Made ${endpoint.id} for ${url}. Set STRIPE_WEBHOOK_SECRET to:`);
console.log(endpoint.secret);

function readAddress(text: string): string {
  if (!URL.canParse(text) || !/^https?:/.test(text)) {
    throw new InvalidArgumentError('expected an address that begins with https:// or http://.');
  }
  return text;
}

function settingsOrEnd() {
  try {
    return readStripeSettings(process.env);
  } catch (error) {
    console.error(error instanceof Error ? error.message : String(error));
    process.exit(2);
  }
}
