import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { BrowserContextOptions, Page } from 'playwright-core';
import Stripe from 'stripe';
import { type RunningStandIn, startStripeStandIn } from '../../dev/stripe-stand-in/stand-in.ts';
import { axe, launchTestBrowser } from '../support/browser.ts';

let standIn: RunningStandIn;
let stripe: Stripe;

beforeAll(async () => {
  standIn = await startStripeStandIn();
  stripe = new Stripe('sk_test_pages', { host: '127.0.0.1', port: standIn.port, protocol: 'http' });
});
afterAll(() => standIn.close());

/** One browser for each test. */
async function inBrowser(options: BrowserContextOptions, use: (page: Page) => Promise<void>): Promise<void> {
  const browser = await launchTestBrowser();
  try {
    const context = await browser.newContext(options);
    await use(await context.newPage());
  } finally {
    await browser.close();
  }
}

const PHONE = { viewport: { width: 390, height: 844 } };
const DESKTOP = { viewport: { width: 1280, height: 900 } };

function newSession(params: Partial<Stripe.Checkout.SessionCreateParams> = {}) {
  return stripe.checkout.sessions.create({
    mode: 'setup',
    currency: 'usd',
    success_url: `${standIn.url}/dashboard/sessions?paid={CHECKOUT_SESSION_ID}`,
    cancel_url: `${standIn.url}/dashboard/customers`,
    ...params,
  });
}

async function fillCard(page: Page, number: string): Promise<void> {
  await page.fill('#email', 'jenny@example.com');
  await page.fill('#cardNumber', number);
  await page.fill('#cardExpiry', '12 / 40');
  await page.fill('#cardCvc', '123');
  await page.fill('#billingName', 'Jenny Rosen');
}

async function expectAccessible(page: Page): Promise<void> {
  const { violations } = await axe(page).analyze();
  expect(violations.map(({ id, nodes }) => `${id}: ${nodes[0]?.html}`)).toEqual([]);
}

describe('the pages, in a browser', () => {
  it('lead through a challenge, a second try and to the success address without any script', async () => {
    const session = await newSession();
    await inBrowser({ ...PHONE, locale: 'en-US', javaScriptEnabled: false }, async (page) => {
      await page.goto(session.url ?? '');
      await page.click('.SubmitButton');
      expect(await page.textContent('#cardNumber-fault')).toMatch(/card number/);
      await fillCard(page, '4000 0025 0000 3155');
      await page.click('.SubmitButton');
      await page.click('#test-source-fail-3ds');
      expect(await page.textContent('[role=alert]')).toMatch(/unable to authenticate/);
      await fillCard(page, '4000 0025 0000 3155');
      await page.click('.SubmitButton');
      await page.click('#test-source-authorize-3ds');
      expect(new URL(page.url()).searchParams.get('paid')).toBe(session.id);
      await page.goto(`${standIn.url}/c/pay/${session.id}`);
      expect(await page.textContent('h1')).toMatch(/all done/);
    });
    expect((await stripe.checkout.sessions.retrieve(session.id)).status).toBe('complete');
  }, 60_000);

  it('speak Japanese to a Japanese browser, or when the session says so', async () => {
    const [auto, fixed] = [await newSession(), await newSession({ locale: 'ja' })];
    await inBrowser({ ...PHONE, locale: 'ja-JP' }, async (page) => {
      await page.goto(auto.url ?? '');
      expect(await page.getAttribute('html', 'lang')).toBe('ja');
      expect(await page.textContent('.SubmitButton')).toBe('お支払い方法を保存する');
      const wide = await page.evaluate(
        'document.documentElement.scrollWidth > document.documentElement.clientWidth',
      );
      expect(wide).toBe(false);
      await expectAccessible(page);
    });
    const answer = await fetch(fixed.url ?? '', { headers: { 'Accept-Language': 'en' } });
    expect(await answer.text()).toContain('lang="ja"');
  }, 60_000);

  it('go back to the cancel address, and say when the session is over', async () => {
    const session = await newSession();
    await inBrowser({ ...DESKTOP, locale: 'en-US' }, async (page) => {
      await page.goto(session.url ?? '');
      await expectAccessible(page);
      await page.click('text=Back');
      expect(new URL(page.url()).pathname).toBe('/dashboard/customers');
      await stripe.checkout.sessions.expire(session.id);
      await page.goto(`${standIn.url}/c/pay/${session.id}`);
      expect(await page.textContent('h1')).toMatch(/expired/);
      await expectAccessible(page);
    });
  }, 60_000);

  it('show a payment on the dashboard, where it can be settled and disputed', async () => {
    const customer = await stripe.customers.create({ name: 'Zoe' });
    const intent = await stripe.paymentIntents.create({
      amount: 4200,
      currency: 'usd',
      customer: customer.id,
      payment_method: 'pm_usBankAccount_processing',
      off_session: true,
      confirm: true,
    });
    await inBrowser(DESKTOP, async (page) => {
      await page.goto(standIn.url);
      await expectAccessible(page);
      await page.click(`text=${intent.id}`);
      await expectAccessible(page);
      await page.click('button:has-text("Settle")');
      expect((await stripe.paymentIntents.retrieve(intent.id)).status).toBe('succeeded');
      await page.click('button:has-text("Dispute")');
      await page.click('nav >> text=Disputes');
      expect(await page.textContent('main')).toContain('needs_response');
      await page.click('nav >> text=API requests');
      expect(await page.textContent('main')).toContain('/v1/payment_intents');
    });
  }, 60_000);
});
