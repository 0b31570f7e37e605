/** What the demo looks at: the API, Stripe, the mail catcher and the Temporal server of the running stack. */
import { Client, Connection } from '@temporalio/client';
import type { Browser, Page } from 'playwright-core';
import type Stripe from 'stripe';
import { createStripe } from '../../config/stripe.ts';
import type { RunningStack } from '../state.ts';

export interface Charge {
  id: string;
  status: string;
  amount_minor: number;
  currency: string;
  attempts: number;
  last_code: string | null;
  next_attempt_at: string | null;
  payment_intent_id: string | null;
}

export interface Enrollment {
  id: string;
  status: string;
  customer: { stripe_customer_id: string | null };
  payment_method: { brand: string | null; last4: string | null } | null;
  latest_charge: Charge | null;
  workflow_id: string;
  temporal_ui_url: string | null;
  amount_collected_minor: number;
}

export interface Mail {
  subject: string;
  text: string;
}

export interface World {
  urls: RunningStack['urls'];
  browser: Browser;
  stripe: Stripe;
  enrollment(id: string): Promise<Enrollment>;
  /** What the customer was told, as the API says. */
  notifications(id: string): Promise<{ kind: string }[]>;
  /** Mails to that address, in the order of their arrival. */
  mails(address: string): Promise<Mail[]>;
  /** What the Temporal UI shows on top of the Workflow. */
  workflowTexts(workflowId: string): Promise<{ summary: string; details: string }>;
  close(): Promise<void>;
}

export async function openWorld(stack: RunningStack, stripeKey: string, browser: Browser): Promise<World> {
  const { urls } = stack;
  const connection = await Connection.connect({ address: urls.temporal });
  const client = new Client({ connection, namespace: urls.temporalNamespace });

  async function getJson<T>(url: string, headers: Record<string, string> = {}): Promise<T> {
    const response = await fetch(url, { headers, signal: AbortSignal.timeout(10_000) });
    if (!response.ok) {
      throw new Error(`${url} answers ${response.status}: ${(await response.text()).slice(0, 300)}`);
    }
    return (await response.json()) as T;
  }
  const api = <T>(path: string) =>
    getJson<T>(`${urls.api}${path}`, { authorization: `Bearer ${stack.apiKey}` });

  return {
    urls,
    browser,
    stripe: createStripe({
      STRIPE_SECRET_KEY: stripeKey,
      STRIPE_API_URL: urls.stripe,
      STRIPE_TIMEOUT_MS: 20_000,
    }),
    enrollment: (id) => api(`/v1/enrollments/${id}`),
    notifications: async (id) =>
      (await api<{ data: { kind: string }[] }>(`/v1/enrollments/${id}/notifications`)).data,
    async mails(address) {
      type Caught = Mail & { to: { address: string }[]; time: string };
      const caught = await getJson<Caught[]>(`${urls.mails}/api/email`);
      return caught
        .filter((mail) => mail.to.some((recipient) => recipient.address === address))
        .sort((one, other) => one.time.localeCompare(other.time));
    },
    async workflowTexts(workflowId) {
      const handle = client.workflow.getHandle(workflowId);
      const description = await handle.describe();
      const metadata = await handle.query<{ currentDetails?: string }>('__temporal_workflow_metadata');
      return { summary: (await description.staticSummary()) ?? '', details: metadata.currentDetails ?? '' };
    },
    async close() {
      await browser.close();
      await connection.close();
    },
  };
}

/** Fills in a Checkout page, Stripe's or the stand-in's: both name their fields alike. */
export async function payWithCard(page: Page, card: { number: string; email: string }): Promise<void> {
  const email = page.locator('input#email:not([readonly], [disabled])');
  if ((await email.count()) > 0) {
    await email.fill(card.email);
  }
  await page.locator('#cardNumber').fill(card.number);
  await page.locator('#cardExpiry').fill('12 / 34');
  await page.locator('#cardCvc').fill('123');
  await page.locator('#billingName').fill('Hanako Yamada');
  await page.locator('[data-testid="hosted-payment-submit-button"]').click();
}
