/**
 * Reads a saved payment method again: the card network may have sent a new expiry, it was detached, or its mandate has
 * ended. Called by Activities; writes its row, decides nothing.
 */
import { Stripe } from 'stripe';
import { findMandateId } from '../db/saved-method.ts';
import type { CardExpiry } from './charge-work.ts';
import type { ActivityDeps } from './deps.ts';
import { failureOf, isMissing } from './stripe-errors.ts';

/**
 * Brings the row of a payment method up to date. Safe to call twice.
 * @param failed what a refusal of Stripe's is to be for the caller: an end of the work, or something to wait out
 * @returns whether it can be charged: it is attached to its Customer, and the mandate that it is debited under is active; the
 * expiry is null when it cannot, or does not expire
 * @throws faults, retried; for the rest what `failed` makes of it
 */
export async function refreshPaymentMethod(
  deps: ActivityDeps,
  id: string,
  at: string,
  failed: typeof failureOf = failureOf,
): Promise<{ standing: 'good' | 'detached' | 'mandate_ended'; expires: CardExpiry | null }> {
  const method = await readMethod(deps, id, failed);
  const isAttached = method !== null && method.customer !== null;
  const hasEnded = isAttached && (await mandateHasEnded(deps, id, failed));
  const standing = hasEnded ? 'mandate_ended' : isAttached ? 'good' : 'detached';
  const isGood = standing === 'good';
  const card = method?.card ?? null;
  await deps.db
    .updateTable('payment_methods')
    .set({
      ...(card === null
        ? {}
        : { brand: card.brand, last4: card.last4, exp_month: card.exp_month, exp_year: card.exp_year }),
      detached_at: isGood ? null : at,
    })
    .where('id', '=', id)
    .execute();
  const expires = isGood && card !== null ? { expMonth: card.exp_month, expYear: card.exp_year } : null;
  return { standing, expires };
}

async function readMethod(
  deps: ActivityDeps,
  id: string,
  failed: typeof failureOf,
): Promise<Stripe.PaymentMethod | null> {
  try {
    return await deps.stripe.paymentMethods.retrieve(id);
  } catch (error) {
    if (isMissing(error)) {
      return null;
    }
    throw failed(error, `reading ${id}`);
  }
}

/** Most cards have none. A key that may not read mandates hears of an end when a debit is refused. */
async function mandateHasEnded(deps: ActivityDeps, id: string, failed: typeof failureOf): Promise<boolean> {
  const mandateId = await findMandateId(deps.db, id);
  if (mandateId === null) {
    return false;
  }
  try {
    return (await deps.stripe.mandates.retrieve(mandateId)).status === 'inactive';
  } catch (error) {
    if (isMissing(error) || error instanceof Stripe.errors.StripePermissionError) {
      return false;
    }
    throw failed(error, `reading ${mandateId}`);
  }
}
