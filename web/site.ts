/** What the customer's pages are built from. `createSite` is called once by the plugin; routes get the result. */
import { createHash } from 'node:crypto';
import type { Kysely } from 'kysely';
import type { Logger } from 'pino';
import type { BillingClient } from '../api/billing-client.ts';
import type { CustomerLinks } from '../config/customer-links.ts';
import type { Settings } from '../config/env.ts';
import type { Database } from '../db/schema.ts';
import { createRenderer, type Renderer } from '../templates/renderer.ts';
import { type ChangeFeed, createChangeFeed } from './change-feed.ts';

export interface CustomerPagesOptions {
  db: Kysely<Database>;
  billing: Pick<
    BillingClient,
    | 'openCheckoutSession'
    | 'checkoutSessionCompleted'
    | 'retryCharge'
    | 'authenticateCharge'
    | 'paymentIntentChanged'
    | 'previewCancel'
    | 'cancelEnrollment'
    | 'cancelAtPeriodEnd'
    | 'undoCancel'
  >;
  links: Pick<CustomerLinks, 'read'>;
  settings: Pick<
    Settings,
    'MERCHANT_NAME' | 'PUBLIC_URL' | 'TEMPLATES_DIR' | 'ALLOWED_RETURN_ORIGINS' | 'STRIPE_API_URL'
  >;
  log: Pick<Logger, 'warn' | 'error'>;
}

export interface Site extends CustomerPagesOptions {
  renderer: Renderer;
  feed: ChangeFeed;
  /** Path of the public address, without a slash at its end; a proxy may serve us below one. */
  basePath: string;
  /** Origins that a form's answer may lead to: Stripe's Checkout, or the stand-in's. */
  checkoutOrigins: readonly string[];
  /** Whether an address that a customer is about to be sent to is Stripe's own, or the stand-in's. */
  isStripes(url: string): boolean;
  assets: Readonly<Record<'css' | 'js', { content: string; href: string }>>;
}

/** @throws Error when the company's templates are wrong */
export function createSite(options: CustomerPagesOptions): Site {
  const { settings } = options;
  const renderer = createRenderer({
    merchantName: settings.MERCHANT_NAME,
    templatesDir: settings.TEMPLATES_DIR,
  });
  const basePath = new URL(settings.PUBLIC_URL).pathname.replace(/\/+$/, '');
  const asset = (name: string) => {
    const content = renderer.file(`pages/${name}`);
    // The address changes with the content, so browsers may keep the file for ever.
    const version = createHash('sha256').update(content).digest('base64url').slice(0, 12);
    return { content, href: `${basePath}/c/assets/${name}?v=${version}` };
  };
  const standIn = standInOrigins(settings.STRIPE_API_URL);
  return {
    ...options,
    renderer,
    feed: createChangeFeed(options),
    basePath,
    checkoutOrigins: ['https://checkout.stripe.com', ...standIn],
    isStripes(url) {
      const found = URL.parse(url);
      return (
        found !== null &&
        (standIn.includes(found.origin) ||
          (found.protocol === 'https:' && /(^|\.)stripe\.com$/.test(found.hostname)))
      );
    },
    assets: { css: asset('customer.css'), js: asset('customer.js') },
  };
}

/** Another Stripe API has its Checkout pages beside it. */
function standInOrigins(stripeApiUrl: string): string[] {
  const { origin } = new URL(stripeApiUrl);
  return origin === 'https://api.stripe.com' ? [] : [origin];
}
