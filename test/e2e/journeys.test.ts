/** What a person does in a browser, on the service as it is run: nothing in it knows that it is tested. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Browser, Page } from 'playwright-core';
import { launchTestBrowser } from '../support/browser.ts';
import { type EnrollmentAnswer, startStack, type TestStack } from '../support/stack.ts';
import { waitFor } from '../support/wait.ts';

let stack: TestStack;
let browser: Browser;
beforeAll(async () => {
  stack = await startStack();
  browser = await launchTestBrowser();
}, 120_000);
afterAll(async () => {
  await browser.close();
  await stack.stop();
});

const ONCE = { currency: 'jpy', schedule: { type: 'once', amount_minor: 1200 } };
const MONTHLY = {
  currency: 'jpy',
  schedule: {
    type: 'recurring',
    amount_minor: 980,
    interval: { unit: 'month', count: 1 },
    time_zone: 'Asia/Tokyo',
  },
};
const HANAKO = { reference: 'hanako', email: 'hanako@example.com', name: 'Hanako' };

async function openPage(url: string): Promise<Page> {
  const context = await browser.newContext();
  const page = await context.newPage();
  await page.goto(url);
  return page;
}

/** Fills in Checkout as it stands and sends it. */
async function pay(page: Page, card: string, email?: string): Promise<void> {
  if (email !== undefined) {
    await page.fill('[name=email]', email);
  }
  await page.fill('[name=cardNumber]', card);
  await page.fill('[name=cardExpiry]', '12/40');
  await page.fill('[name=cardCvc]', '123');
  await page.fill('[name=billingName]', 'Hanako');
  await page.click('.SubmitButton');
}

function settled(id: string, status: string): Promise<EnrollmentAnswer> {
  return waitFor(
    `the charge of ${id} to be ${status}`,
    async () => {
      const enrollment = await stack.enrollment(id);
      return enrollment.latest_charge?.status === status ? enrollment : false;
    },
    { timeoutMs: 20_000, everyMs: 200 },
  );
}

function mailTo(address: string, words: RegExp) {
  return waitFor(`a mail to ${address} saying ${words}`, () =>
    stack.mails.mails.find(
      (mail) => JSON.stringify(mail.to).includes(address) && words.test(mail.subject ?? ''),
    ),
  );
}

describe('enroll and pay', () => {
  it('ends on a page that says that the first charge went through', async () => {
    const enrolled = await stack.enroll({
      customer: HANAKO,
      terms: MONTHLY,
      description: 'Tasting box',
      locale: 'en',
    });
    const page = await openPage(enrolled.checkout_url);
    await pay(page, '4242424242424242');
    await page.getByText('went through').first().waitFor({ timeout: 15_000 });
    expect(await page.textContent('body')).toContain('¥980');
    const paid = await settled(enrolled.id, 'succeeded');
    expect(paid).toMatchObject({ status: 'active', charges_succeeded: 1, amount_collected_minor: 980 });
    await mailTo('hanako@example.com', /¥980/);
    await page.context().close();
  }, 60_000);
});

describe('a decline', () => {
  it('is told by mail and page; the link opens a new session, and another card settles the same PaymentIntent once', async () => {
    const customer = { reference: 'taro', email: 'taro@example.com', name: 'Taro' };
    const enrolled = await stack.enroll({
      customer,
      terms: MONTHLY,
      description: 'Tasting box',
      locale: 'en',
    });
    const first = await openPage(enrolled.checkout_url);
    await pay(first, '4000000000000341');
    const declined = await settled(enrolled.id, 'requires_payment_method');
    expect(declined.status).toBe('past_due');
    const mail = await mailTo('taro@example.com', /did not go through/);
    const link = /https?:\/\/\S+\/c\/[\w.-]+/.exec(mail.text ?? '')?.[0] ?? '';
    await first.context().close();

    const second = await openPage(link);
    expect(second.url()).toContain(stack.standIn.url);
    await pay(second, '4242424242424242');
    await second.getByText('went through').first().waitFor({ timeout: 15_000 });
    const paid = await settled(enrolled.id, 'succeeded');
    expect(paid).toMatchObject({ status: 'active', charges_succeeded: 1, amount_collected_minor: 980 });
    expect(paid.latest_charge).toMatchObject({
      attempts: 2,
      payment_intent_id: declined.latest_charge?.payment_intent_id,
    });
    const intents = await stack.stripe.paymentIntents.list({
      customer: String(paid.customer.stripe_customer_id),
    });
    expect(intents.data.map(({ status }) => status)).toEqual(['succeeded']);
    await second.context().close();
  }, 60_000);
});

describe('how a completed session becomes known', () => {
  it('by the webhook alone: the customer never reaches the success page', async () => {
    const enrolled = await stack.enroll({ terms: ONCE });
    const page = await openPage(enrolled.checkout_url);
    await page.route(`${stack.api}/**`, (route) => route.abort());
    await pay(page, '4242424242424242', 'webhook@example.com');
    await settled(enrolled.id, 'succeeded');
    await page.context().close();
  }, 60_000);

  it('by the success page alone: webhooks are switched off', async () => {
    await stack.control('webhooks', { mode: 'drop' });
    try {
      const enrolled = await stack.enroll({ terms: ONCE });
      const page = await openPage(enrolled.checkout_url);
      await pay(page, '4242424242424242', 'page@example.com');
      await page.getByText('went through').first().waitFor({ timeout: 15_000 });
      await settled(enrolled.id, 'succeeded');
      await page.context().close();
    } finally {
      await stack.control('webhooks', { mode: 'deliver' });
    }
  }, 60_000);
});

describe('whose payment method it is', () => {
  it('creates a Customer from what Checkout asked when the enrollment names nobody', async () => {
    const enrolled = await stack.enroll({ terms: ONCE });
    const page = await openPage(enrolled.checkout_url);
    await pay(page, '4242424242424242', 'nobody@example.com');
    const paid = await settled(enrolled.id, 'succeeded');
    expect(paid.customer.email).toBe('nobody@example.com');
    const customer = await stack.stripe.customers.retrieve(String(paid.customer.stripe_customer_id));
    expect(customer).toMatchObject({ email: 'nobody@example.com' });
    await page.context().close();
  }, 60_000);

  it('saves it for the Stripe Customer that the caller names', async () => {
    const owner = await stack.stripe.customers.create({ email: 'owner@example.com' });
    const enrolled = await stack.enroll({ customer: { stripe_customer_id: owner.id }, terms: ONCE });
    const page = await openPage(enrolled.checkout_url);
    expect(await page.locator('[name=email]:not([readonly])').count()).toBe(0);
    await pay(page, '4242424242424242');
    const paid = await settled(enrolled.id, 'succeeded');
    expect(paid.customer.stripe_customer_id).toBe(owner.id);
    const methods = await stack.stripe.customers.listPaymentMethods(owner.id);
    expect(methods.data).toHaveLength(1);
    await page.context().close();
  }, 60_000);
});
