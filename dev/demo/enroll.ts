/** The part that both journeys begin with: from the shop's product page to a saved card. */
import type { Page } from 'playwright-core';
import { eventually, expect, type Narrator } from './narrator.ts';
import { type Enrollment, payWithCard, type World } from './world.ts';

export interface Enrolled {
  page: Page;
  enrollmentId: string;
  orderUrl: string;
  /** The customer's own page, as Checkout left it. */
  accountUrl: string;
  checkoutUrl: string;
}

/** @returns with the browser on the customer's page, to which Checkout has led back */
export async function enroll(
  world: World,
  narrator: Narrator,
  order: { sku: string; email: string; card: string },
): Promise<Enrolled> {
  const { urls } = world;
  const context = await world.browser.newContext({ locale: 'en-US' });
  const page = await context.newPage();
  const orderId = await narrator.step('The shop shows the product', async () => {
    await page.goto(`${urls.shop}/products/${order.sku}?lang=en`);
    await page.getByLabel('E-mail').fill(order.email);
    await page.getByLabel('Name').fill('Hanako Yamada');
    return page.locator('[name="order_id"]').inputValue();
  });
  narrator.look('product', page.url());

  const checkoutUrl = await narrator.step(
    'The Checkout button leads to Checkout, in setup mode',
    async () => {
      await page.getByRole('button', { name: 'Checkout' }).click();
      await page.locator('#cardNumber').waitFor();
      return page.url();
    },
  );
  narrator.look('Checkout page', checkoutUrl);
  const accountUrl = await narrator.step(`Card ${order.card} is saved, and Checkout leads back`, async () => {
    await payWithCard(page, { number: order.card, email: order.email });
    await page.waitForURL(`${urls.api}/c/**`);
    return page.url();
  });
  narrator.look('customer page', accountUrl);

  const orderUrl = `${urls.shop}/orders/${orderId}?lang=en`;
  const shopPage = await context.newPage();
  await shopPage.goto(orderUrl);
  const enrollmentId = (await shopPage.locator('[data-enrollment]').textContent()) ?? '';
  await shopPage.close();
  return { page, enrollmentId, orderUrl, accountUrl, checkoutUrl };
}

/** Waits until the API says that the latest charge has that status. */
export function untilCharge(world: World, enrollmentId: string, status: string): Promise<Enrollment> {
  return eventually(async () => {
    const enrollment = await world.enrollment(enrollmentId);
    expect('the charge', enrollment.latest_charge?.status, status);
    return enrollment;
  });
}

/** The one PaymentIntent that the customer has at Stripe. @throws Error when there is none, or more than one */
export async function onlyPaymentIntent(world: World, enrollment: Enrollment) {
  const customer = enrollment.customer.stripe_customer_id;
  if (customer === null) {
    throw new Error('the enrollment has no Stripe Customer');
  }
  const { data } = await world.stripe.paymentIntents.list({ customer, limit: 10 });
  expect('the number of PaymentIntents', data.length, 1);
  const [intent] = data;
  if (!intent) {
    throw new Error('there is no PaymentIntent');
  }
  expect('its id', intent.id, enrollment.latest_charge?.payment_intent_id);
  return intent;
}
