/**
 * What a customer does on their page about a payment that did not go through, on the service as it is run: confirms with
 * the bank, refuses, closes the bank's page, tries again until the limit, cancels later and takes it back.
 */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { launchTestBrowser } from '../support/browser.ts';
import { startStack, type TestStack } from '../support/stack.ts';
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

const MONTHLY = {
  currency: 'jpy',
  schedule: {
    type: 'recurring',
    amount_minor: 980,
    interval: { unit: 'month', count: 1 },
    time_zone: 'Asia/Tokyo',
  },
};
/** Wants a confirmation at every payment; wants none at all and declines. */
const ALWAYS_3DS = '4000002760003184';
const DECLINES = '4000000000000341';

/** An enrollment whose saved card has been charged once, with this outcome. */
async function charged(card: string, status: string) {
  const enrolled = await stack.enroll({ terms: MONTHLY, description: 'Tasting box', locale: 'en' });
  const sessionId = /cs_test_\w+/.exec(enrolled.checkout_url)?.[0];
  await stack.control(`checkout_sessions/${sessionId}/complete`, { number: card });
  const { latest_charge: charge } = await waitFor(
    `a charge that is ${status}`,
    async () => {
      const seen = await stack.enrollment(enrolled.id);
      return seen.latest_charge?.status === status ? seen : false;
    },
    { timeoutMs: 20_000, everyMs: 200 },
  );
  return { ...enrolled, intentId: String(charge?.payment_intent_id) };
}

async function openLink(link: string, options: BrowserContextOptions = {}): Promise<Page> {
  const page = await (await browser.newContext(options)).newPage();
  await page.goto(link);
  return page;
}

async function confirm(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'Confirm with your bank' }).click();
  await page.waitForURL('**/3ds/**');
}

const intents = async (customer: string | null) =>
  (await stack.stripe.paymentIntents.list({ customer: String(customer) })).data;

describe('a payment that the bank wants confirmed', () => {
  it.each([
    ['with script', {}],
    ['without script', { javaScriptEnabled: false }],
  ])(
    'is confirmed on-session with the same PaymentIntent, from the link, %s',
    async (_name, options) => {
      const enrolled = await charged(ALWAYS_3DS, 'requires_payment_method');
      const page = await openLink(enrolled.customer_link, options);
      expect(await page.title()).toContain('Your bank asks you to confirm ¥980');
      await confirm(page);
      await page.locator('#test-source-authorize-3ds').click();
      await page.waitForURL('**/account?**');
      await page.locator('main').getByText('Your payment of ¥980 went through.').waitFor({ timeout: 20_000 });
      const after = await stack.enrollment(enrolled.id);
      expect(after).toMatchObject({ status: 'active', charges_succeeded: 1, amount_collected_minor: 980 });
      const made = await intents(after.customer.stripe_customer_id);
      expect(made.map(({ id, status }) => ({ id, status }))).toEqual([
        { id: enrolled.intentId, status: 'succeeded' },
      ]);
      await page.context().close();
    },
    60_000,
  );

  it('is ready for another try when it was refused, and when the page of the bank was closed', async () => {
    const enrolled = await charged(ALWAYS_3DS, 'requires_payment_method');
    const page = await openLink(enrolled.customer_link);
    await confirm(page);
    await page.locator('#test-source-fail-3ds').click();
    await page.waitForURL('**/account?**');
    await page.locator('main').getByText('The payment was not confirmed').waitFor({ timeout: 20_000 });
    expect((await stack.enrollment(enrolled.id)).amount_collected_minor).toBe(0);

    // Away without an answer: the browser's own way back leads to the page, not into the bank's again.
    await confirm(page);
    await page.goBack();
    await page
      .locator('main')
      .getByText('You began to confirm this payment and did not finish.')
      .waitFor({ timeout: 20_000 });
    await confirm(page);
    const context = page.context();
    await page.close();

    const again = await context.newPage();
    await again.goto(enrolled.customer_link);
    await again.locator('main').getByText('You began to confirm this payment and did not finish.').waitFor();
    await confirm(again);
    await again.locator('#test-source-authorize-3ds').click();
    await again.locator('main').getByText('Your payment of ¥980 went through.').waitFor({ timeout: 20_000 });
    const after = await stack.enrollment(enrolled.id);
    const made = await intents(after.customer.stripe_customer_id);
    expect(made.map(({ id }) => id)).toEqual([enrolled.intentId]);
    await context.close();
  }, 90_000);
});

describe('a payment that the bank declined', () => {
  it('is tried again by the customer until their limit, which says what else to do', async () => {
    const enrolled = await charged(DECLINES, 'requires_payment_method');
    const page = await openLink(`${enrolled.customer_link}/account`);
    const [address] = (await page.locator('form[action$="/retry"]').getAttribute('action'))?.split('?') ?? [];
    for (let attempt = 2; attempt <= 6; attempt++) {
      await page.getByRole('button', { name: 'Try again' }).click();
      await page
        .locator('main')
        .getByText('It did not go through this time either')
        .waitFor({ timeout: 20_000 });
      expect((await stack.enrollment(enrolled.id)).latest_charge?.attempts).toBe(attempt);
    }
    await page.locator('main').getByText('You have tried 5 times in the last 24 hours.').waitFor();
    expect(await page.getByRole('button', { name: 'Try again' }).count()).toBe(0);

    // A page that was open since before still has the button: the Workflow says no.
    const answer = await fetch(`${stack.api}${address}`, {
      method: 'POST',
      redirect: 'manual',
      headers: { 'sec-fetch-site': 'same-origin', 'content-type': 'application/x-www-form-urlencoded' },
    });
    await page.goto(`${stack.api}${answer.headers.get('location')}`);
    await page.locator('main').getByText('You have tried often enough for today').waitFor();
    expect((await stack.enrollment(enrolled.id)).latest_charge?.attempts).toBe(6);
    await page.context().close();
  }, 120_000);
});

describe('a cancel at the end of the period', () => {
  it('is chosen with the keyboard alone, shown until then, and taken back', async () => {
    const enrolled = await charged('4242424242424242', 'succeeded');
    const page = await openLink(`${enrolled.customer_link}/account`);
    await reach(page, 'Cancel this agreement');
    await page.keyboard.press('Enter');
    await page.waitForURL('**/cancel');
    await page.keyboard.press('Tab');
    await reach(page, '', 'when-at_period_end');
    await page.keyboard.press('Space');
    await reach(page, 'Yes, cancel it');
    await page.keyboard.press('Enter');
    await page.locator('main').getByText('None. The agreement ends first.').waitFor({ timeout: 20_000 });
    expect(await stack.request('GET', `/v1/enrollments/${enrolled.id}`)).toMatchObject({
      status: 'active',
      cancel_at: expect.stringMatching(/^20\d\d-/),
    });
    await reach(page, 'Keep the agreement after all');
    await page.keyboard.press('Enter');
    await page.locator('main').getByText('Everything is in order.').waitFor({ timeout: 20_000 });
    expect(await page.locator('.amount').textContent()).toBe('¥980');
    await page.context().close();
  }, 60_000);
});

describe('what is kept of webhooks, after all that', () => {
  it('holds no link to a page and no secret of a payment', async () => {
    const kept = await stack.db.selectFrom('stripe_events').select(['type', 'payload']).execute();
    expect(kept.map(({ type }) => type)).toEqual(
      expect.arrayContaining(['checkout.session.completed', 'payment_intent.requires_action']),
    );
    expect(
      kept.filter(({ payload }) => /\/c\/eyJ|client_secret=|_secret_/.test(JSON.stringify(payload))),
    ).toEqual([]);
  });
});

/** Presses Tab until the element of that text, or that id, has the focus. */
async function reach(page: Page, text: string, id = ''): Promise<void> {
  for (let step = 0; step < 40; step++) {
    const focused = await page.evaluate<{ id: string; text: string }>(
      '({ id: document.activeElement.id, text: document.activeElement.textContent.trim() })',
    );
    if (id === '' ? focused.text === text : focused.id === id) {
      return;
    }
    await page.keyboard.press('Tab');
  }
  throw new Error(`no Tab leads to '${text || id}'`);
}
