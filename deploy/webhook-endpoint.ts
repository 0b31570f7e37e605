/**
 * Makes the webhook endpoint at Stripe and prints its signing secret, which Stripe tells only this once:
 * `node deploy/webhook-endpoint.ts https://billing.example.com`. Uses STRIPE_SECRET_KEY and STRIPE_API_URL.
 * Refuses when there is one of that address, since nobody can be told its secret again.
 */
import { settingsSchema } from '../config/env.ts';
import { createStripe } from '../config/stripe.ts';
import { STRIPE_EVENT_TYPES } from '../domain/stripe-event.ts';

const [, , publicUrl] = process.argv;
if (!publicUrl) {
  throw new Error(
    'expected the address of the API: node deploy/webhook-endpoint.ts https://billing.example.com',
  );
}
const stripeSettings = settingsSchema.pick({
  STRIPE_SECRET_KEY: true,
  STRIPE_API_URL: true,
  STRIPE_TIMEOUT_MS: true,
});
const stripe = createStripe(stripeSettings.parse(process.env));
const url = new URL('/webhooks/stripe', publicUrl).href;

const { data: endpoints } = await stripe.webhookEndpoints.list({ limit: 100 });
const known = endpoints.find((endpoint) => endpoint.url === url);
if (known) {
  console.error(`Stripe has an endpoint for ${url}: ${known.id}. Its secret is in the Dashboard.`);
  process.exit(1);
}
const endpoint = await stripe.webhookEndpoints.create({ url, enabled_events: [...STRIPE_EVENT_TYPES] });
console.error(`Made ${endpoint.id} for ${url}. Set STRIPE_WEBHOOK_SECRET to:`);
console.log(endpoint.secret);
