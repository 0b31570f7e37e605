/** The pages on an app of their own, over a real database, with a billing client that only remembers. */
import type { FastifyInstance } from 'fastify';
import type { Kysely } from 'kysely';
import { pino } from 'pino';
import { createServer } from '../../api/server.ts';
import { createCustomerLinks } from '../../config/customer-links.ts';
import type { Database } from '../../db/schema.ts';
import type { CancelPreview } from '../../domain/cancel-preview.ts';
import { type CustomerPagesOptions, customerPages } from '../../web/customer-pages.ts';
import type { ChargeAnswer, OpenCheckoutSession, Requested } from '../../workflows/messages.ts';

export const PUBLIC_URL = 'http://127.0.0.1:3000';

/** Remembers what it was asked, and answers or throws what the test put into it. */
export class FakeBilling implements CustomerBilling {
  readonly asked: [command: string, enrollmentId: string, detail: unknown][] = [];
  session: OpenCheckoutSession = {
    id: 'cs_test_new',
    url: 'https://checkout.stripe.com/c/pay/cs_test_new',
    expiresAt: '2099-01-01T00:00:00.000Z',
  };
  cancelAnswer: 'canceled' | 'canceling' = 'canceled';
  /** Where a confirmation leads. */
  redirectUrl: string | null = null;
  /** What a cancel would do; by default nothing is open and nothing planned. */
  preview: Partial<CancelPreview> = {};
  error: Error | null = null;

  async openCheckoutSession(enrollmentId: string, requested: Requested): Promise<OpenCheckoutSession> {
    this.note('openCheckoutSession', enrollmentId, requested);
    return this.session;
  }

  async checkoutSessionCompleted(enrollmentId: string, checkoutSessionId: string): Promise<boolean> {
    this.note('checkoutSessionCompleted', enrollmentId, checkoutSessionId);
    return true;
  }

  async retryCharge(enrollmentId: string, chargeId: string, requested: Requested): Promise<ChargeAnswer> {
    this.note('retryCharge', enrollmentId, { chargeId, ...requested });
    return { chargeId, status: 'requires_payment_method' };
  }

  async authenticateCharge(enrollmentId: string, chargeId: string, requested: Requested) {
    this.note('authenticateCharge', enrollmentId, { chargeId, ...requested });
    return { chargeId, status: 'requires_action' as const, redirectUrl: this.redirectUrl };
  }

  async paymentIntentChanged(
    enrollmentId: string,
    change: { chargeId: string; paymentIntentId: string; eventType: string },
  ): Promise<boolean> {
    this.note('paymentIntentChanged', enrollmentId, change);
    return true;
  }

  async previewCancel(enrollmentId: string, when: 'now' | 'at_period_end'): Promise<CancelPreview> {
    this.note('previewCancel', enrollmentId, when);
    return {
      nextChargeStopped: null,
      charges: [],
      stillOwedMinor: 0,
      mayStillSucceedMinor: 0,
      lateSuccess: 'refund',
      ...this.preview,
      takesEffectAt: when === 'now' ? null : (this.preview.nextChargeStopped?.dueAt ?? null),
    };
  }

  async cancelEnrollment(
    enrollmentId: string,
    requested: Requested,
  ): Promise<{ status: 'canceled' | 'canceling' }> {
    this.note('cancelEnrollment', enrollmentId, requested);
    return { status: this.cancelAnswer };
  }

  async cancelAtPeriodEnd(enrollmentId: string, requested: Requested): Promise<{ cancelAt: string }> {
    this.note('cancelAtPeriodEnd', enrollmentId, requested);
    return { cancelAt: '2099-01-01T00:00:00.000Z' };
  }

  async undoCancel(enrollmentId: string, requested: Requested): Promise<{ status: 'active' }> {
    this.note('undoCancel', enrollmentId, requested);
    return { status: 'active' };
  }

  /** As it was made; also what a test left behind is gone. */
  reset(): void {
    this.asked.length = 0;
    Object.assign(this, new FakeBilling(), { asked: this.asked });
  }

  private note(command: string, enrollmentId: string, detail: unknown): void {
    this.asked.push([command, enrollmentId, detail]);
    if (this.error !== null) {
      throw this.error;
    }
  }
}

type CustomerBilling = CustomerPagesOptions['billing'];

export interface PagesApp {
  app: FastifyInstance;
  billing: FakeBilling;
  logged: string[];
  /** Path of the enrollment's pages, `/c/<token>`. */
  pathOf(enrollmentId: string): Promise<string>;
  /** Asks for a page of the enrollment, by what follows its path. */
  get(enrollmentId: string, path: string, headers?: Record<string, string>): Promise<PageAnswer>;
  /** Sends a form of the enrollment's own pages. */
  post(enrollmentId: string, path: string, fields?: Record<string, string>): Promise<PageAnswer>;
}

export type PageAnswer = Awaited<ReturnType<FastifyInstance['inject']>>;

/** What a page says, without its markup. */
export function mentioned(html: string): string {
  return html
    .replace(/<script[\s\S]*?<\/script>|<[^>]+>/g, ' ')
    .replaceAll('&#39;', "'")
    .replace(/\s+/g, ' ');
}

export async function buildPagesApp(
  db: Kysely<Database>,
  settings: Partial<CustomerPagesOptions['settings']> = {},
): Promise<PagesApp> {
  const logged: string[] = [];
  const log = pino({}, { write: (line: string) => void logged.push(line) });
  const links = createCustomerLinks({
    secrets: ['a-secret-of-more-than-thirty-two-letters'],
    publicUrl: PUBLIC_URL,
    ttlDays: 400,
  });
  const billing = new FakeBilling();
  const app = createServer({ log, bodyLimit: 1_024, trustedProxies: [] });
  await app.register(customerPages, {
    db,
    billing,
    links,
    log,
    settings: {
      MERCHANT_NAME: 'Kissa Coffee',
      PUBLIC_URL,
      TEMPLATES_DIR: undefined,
      ALLOWED_RETURN_ORIGINS: ['https://shop.example'],
      STRIPE_API_URL: 'https://api.stripe.com',
      ...settings,
    },
  });
  const pathOf = async (enrollmentId: string) => new URL(await links.create(enrollmentId)).pathname;
  return {
    app,
    billing,
    logged,
    pathOf,
    get: async (enrollmentId, path, headers = {}) =>
      app.inject({ url: `${await pathOf(enrollmentId)}${path}`, headers }),
    post: async (enrollmentId, path, fields = {}) =>
      app.inject({
        method: 'POST',
        url: `${await pathOf(enrollmentId)}${path}`,
        headers: {
          'content-type': 'application/x-www-form-urlencoded',
          'sec-fetch-site': 'same-origin',
        },
        payload: new URLSearchParams(fields).toString(),
      }),
  };
}
