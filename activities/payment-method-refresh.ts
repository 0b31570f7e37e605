/**
 * Reads a saved payment method again: the card network may have sent a new expiry, or it was detached. Called by
 * Activities; writes its row, decides nothing.
 */
import { Stripe } from 'stripe';
import type { CardExpiry } from './charge-work.ts';
import type { ActivityDeps } from './deps.ts';
import { failureOf } from './stripe-errors.ts';

/**
 * Brings the row of a payment method up to date. Safe to call twice.
 * @param failed what a refusal of Stripe's is to be for the caller: an end of the work, or something to wait out
 * @returns whether it is attached to its Customer; the expiry is null when it is not, or does not expire
 * @throws faults, retried; for the rest what `failed` makes of it
 */
export async function refreshPaymentMethod(
  deps: ActivityDeps,
  id: string,
  at: string,
  failed: typeof failureOf = failureOf,
): Promise<{ attached: boolean; expires: CardExpiry | null }> {
  const method = await readMethod(deps, id, failed);
  const attached = method !== null && method.customer !== null;
  const card = method?.card ?? null;
  await deps.db
    .updateTable('payment_methods')
    .set({
      ...(card === null
        ? {}
        : { brand: card.brand, last4: card.last4, exp_month: card.exp_month, exp_year: card.exp_year }),
      detached_at: attached ? null : at,
    })
    .where('id', '=', id)
    .execute();
  const expires = attached && card !== null ? { expMonth: card.exp_month, expYear: card.exp_year } : null;
  return { attached, expires };
}

async function readMethod(
  deps: ActivityDeps,
  id: string,
  failed: typeof failureOf,
): Promise<Stripe.PaymentMethod | null> {
  try {
    return await deps.stripe.paymentMethods.retrieve(id);
  } catch (error) {
    if (error instanceof Stripe.errors.StripeInvalidRequestError && error.code === 'resource_missing') {
      return null;
    }
    throw failed(error, `reading ${id}`);
  }
}
