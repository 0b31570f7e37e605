/** The pages on an app of their own, over a real database, with a billing client that only remembers. */
import Fastify, { type FastifyBaseLogger, type FastifyInstance } from 'fastify';
import type { Kysely } from 'kysely';
import { pino } from 'pino';
import { createCustomerLinks } from '../../config/customer-links.ts';
import type { Database } from '../../db/schema.ts';
import { type CustomerPagesOptions, customerPages } from '../../web/customer-pages.ts';
import type { OpenCheckoutSession, Requested } from '../../workflows/messages.ts';

export const PUBLIC_URL = 'http://127.0.0.1:3000';

/** Remembers what it was asked, and answers or throws what the test put into it. */
export class FakeBilling {
  readonly asked: [command: string, enrollmentId: string, detail: unknown][] = [];
  session: OpenCheckoutSession = {
    id: 'cs_test_new',
    url: 'https://checkout.stripe.com/c/pay/cs_test_new',
    expiresAt: '2099-01-01T00:00:00.000Z',
  };
  cancelAnswer: 'canceled' | 'canceling' = 'canceled';
  error: Error | null = null;

  async openCheckoutSession(enrollmentId: string, requested: Requested): Promise<OpenCheckoutSession> {
    this.note('openCheckoutSession', enrollmentId, requested);
    return this.session;
  }

  async cancelEnrollment(
    enrollmentId: string,
    requested: Requested,
  ): Promise<{ status: 'canceled' | 'canceling' }> {
    this.note('cancelEnrollment', enrollmentId, requested);
    return { status: this.cancelAnswer };
  }

  async checkoutSessionCompleted(enrollmentId: string, checkoutSessionId: string): Promise<boolean> {
    this.note('checkoutSessionCompleted', enrollmentId, checkoutSessionId);
    return true;
  }

  private note(command: string, enrollmentId: string, detail: unknown): void {
    this.asked.push([command, enrollmentId, detail]);
    if (this.error !== null) {
      throw this.error;
    }
  }
}

export interface PagesApp {
  app: FastifyInstance;
  billing: FakeBilling;
  logged: string[];
  /** Path of the enrollment's pages, `/c/<token>`. */
  pathOf(enrollmentId: string): Promise<string>;
}

export async function buildPagesApp(
  db: Kysely<Database>,
  settings: Partial<CustomerPagesOptions['settings']> = {},
): Promise<PagesApp> {
  const logged: string[] = [];
  const log: FastifyBaseLogger = pino({}, { write: (line: string) => void logged.push(line) });
  const links = createCustomerLinks({
    secrets: ['a-secret-of-more-than-thirty-two-letters'],
    publicUrl: PUBLIC_URL,
    ttlDays: 400,
  });
  const billing = new FakeBilling();
  const app = Fastify({
    loggerInstance: log,
    disableRequestLogging: true,
    routerOptions: { maxParamLength: 1_000 },
    forceCloseConnections: 'idle',
  });
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
  return { app, billing, logged, pathOf };
}
