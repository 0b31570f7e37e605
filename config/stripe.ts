/**
 * The Stripe client of the Worker and of the command line. Which Stripe it talks to is a setting; nothing else in
 * the service may depend on it.
 */
import { Stripe } from 'stripe';
import type { Settings } from './env.ts';
import { observedHttpClient, type StripeRequestMade } from './observed-http.ts';

/** The API version that the package pins: of our requests, and of the events that an endpoint of ours gets. */
export const STRIPE_API_VERSION = Stripe.API_VERSION;

/**
 * One client for each process. The API version is the one that the package pins.
 *
 * It does not retry: Temporal does, with our idempotency keys and on its own clock, and two authorities would
 * multiply. (The package still repeats a request once, with the same key, when a kept-alive connection turns out
 * to be closed.)
 * @param options.onRequest told of every request that was made; for metrics
 * @param options.turn waited for before each request: how the process keeps to a rate; what it answers is called when
 * the request has been answered. What it throws is a connection that failed, for whoever asks
 */
export function createStripe(
  settings: Pick<Settings, 'STRIPE_SECRET_KEY' | 'STRIPE_API_URL' | 'STRIPE_TIMEOUT_MS'>,
  options: { onRequest?: (made: StripeRequestMade) => void; turn?: () => Promise<() => void> } = {},
): Stripe {
  const url = new URL(settings.STRIPE_API_URL);
  const protocol = url.protocol === 'http:' ? 'http' : 'https';
  return new Stripe(settings.STRIPE_SECRET_KEY, {
    // An IPv6 address without its brackets, which belong to addresses alone.
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port: url.port === '' ? (protocol === 'http' ? 80 : 443) : Number(url.port),
    protocol,
    maxNetworkRetries: 0,
    timeout: settings.STRIPE_TIMEOUT_MS,
    telemetry: false,
    httpClient: observedHttpClient(options),
  });
}

/** Below the 25 a second that Stripe allows of one kind, e.g. of new PaymentIntents, and a sandbox in all. */
const TOWARDS_STRIPE = 20;
const ELSEWHERE = 80;

/** Requests a second, of all Workers together. The limits are Stripe's: https://docs.stripe.com/rate-limits. */
export function stripeRequestsPerSecond({
  STRIPE_REQUESTS_PER_SECOND: set,
  STRIPE_API_URL: address,
}: Pick<Settings, 'STRIPE_REQUESTS_PER_SECOND' | 'STRIPE_API_URL'>): number {
  return set ?? (new URL(address).hostname === 'api.stripe.com' ? TOWARDS_STRIPE : ELSEWHERE);
}

/** Mode of a key: `sk_live_…` and `rk_live_…` move real money. */
export function isLiveKey(secretKey: string): boolean {
  return /^(sk|rk)_live_/.test(secretKey);
}
