// The mandate behind a bank debit: found, or made when the customer agrees.

import type Stripe from 'stripe';
import { refused } from '../errors.ts';
import { buildMandate } from '../objects/mandate.ts';
import { emit, type Turn } from '../turn.ts';

export function latestMandate(turn: Turn, paymentMethod: Stripe.PaymentMethod): Stripe.Mandate | undefined {
  for (const mandate of turn.world.mandates.newestFirst()) {
    if (mandate.payment_method === paymentMethod.id) return mandate;
  }
  return undefined;
}

export function addMandate(turn: Turn, paymentMethod: Stripe.PaymentMethod): Stripe.Mandate {
  return turn.world.mandates.insert(buildMandate(paymentMethod, turn.world.clock.now()));
}

/**
 * @param given.agreed the request carries mandate_data: the customer agrees now
 * @param given.named the mandate that the request names; a debit in Canada must name one
 * @throws 400 when the mandate is no longer active, or none is there and the settings want one
 */
export function refuseWithoutMandate(
  turn: Turn,
  paymentMethod: Stripe.PaymentMethod,
  { agreed, named }: { agreed: boolean; named: string | null },
): void {
  const isUnnamed = paymentMethod.type === 'acss_debit' && named === null;
  const found = named === null ? latestMandate(turn, paymentMethod) : turn.world.mandates.get(named);
  if (agreed || (found?.status === 'active' && found.payment_method === paymentMethod.id && !isUnnamed))
    return;
  const code = 'payment_intent_mandate_invalid';
  if (found !== undefined && !isUnnamed) {
    throw refused('The provided mandate is invalid and can not be used for the payment intent.', { code });
  }
  if (!turn.world.settings.debitsNeedMandate && !isUnnamed) return;
  throw refused(
    'This PaymentIntent requires a mandate, but no existing mandate was found. Collect mandate acceptance from the ' +
      'customer and try again, providing acceptance data in the mandate_data parameter.',
    { code, param: 'mandate_data' },
  );
}

/** The active mandate to debit under; a new one when the customer has agreed again or for the first time. */
export function mandateForDebit(turn: Turn, paymentMethod: Stripe.PaymentMethod): Stripe.Mandate {
  const found = latestMandate(turn, paymentMethod);
  return found?.status === 'active' ? found : addMandate(turn, paymentMethod);
}

/** The customer or the bank ends it. Later debits are refused. */
export function endMandate(turn: Turn, mandate: Stripe.Mandate): boolean {
  if (mandate.status === 'inactive') return false;
  const previous = { status: mandate.status };
  turn.world.mandates.update(mandate, { status: 'inactive' });
  emit(turn, 'mandate.updated', mandate, previous);
  return true;
}
