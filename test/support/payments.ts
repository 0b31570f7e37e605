/** What a customer does on Checkout without a browser, and what Stripe's books say of it afterwards. */
import type { Stripe } from 'stripe';

/** @throws Error when the page does not send the customer back */
export async function payOnCheckout(url: string, card = '4242424242424242'): Promise<void> {
  const form = {
    email: 'customer@example.com',
    cardNumber: card,
    cardExpiry: '12/40',
    cardCvc: '123',
    billingName: 'Test Customer',
  };
  const answer = await fetch(url, { method: 'POST', redirect: 'manual', body: new URLSearchParams(form) });
  if (answer.status !== 303) {
    throw new Error(`Checkout answered ${answer.status}: ${(await answer.text()).slice(0, 500)}`);
  }
}

/** PaymentIntents of one enrollment as Stripe has them. */
export async function paymentsOf(stripe: Stripe, enrollmentId: string): Promise<Stripe.PaymentIntent[]> {
  const all = await stripe.paymentIntents.list({ limit: 100 }).autoPagingToArray({ limit: 1_000 });
  return all.filter(({ metadata }) => metadata.enrollment_id === enrollmentId);
}
