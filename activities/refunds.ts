/**
 * The refunds of a PaymentIntent that gave back money which had been taken. Called by the aftermath Activities, and by
 * `check-books`, which must reckon as they do. Only lists.
 */
import type { Stripe } from 'stripe';

/**
 * What a hold let go of, after a cancel or a capture in part, is listed by Stripe too and is none: it has no balance
 * transaction, since no money had come. What was asked for here is always of money that was taken.
 * @returns the newest first
 * @throws Stripe's errors unchanged
 */
export async function refundsOf(stripe: Stripe, paymentIntentId: string): Promise<Stripe.Refund[]> {
  const all = await stripe.refunds
    .list({ payment_intent: paymentIntentId, limit: 100 })
    .autoPagingToArray({ limit: 1000 });
  return all.filter(
    ({ balance_transaction: moved, status, metadata }) =>
      moved !== null || status !== 'succeeded' || metadata?.request_key !== undefined,
  );
}
