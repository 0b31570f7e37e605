// Held funds that are not captured go back to the customer: Stripe shows that as a refund of the charge.

import type Stripe from 'stripe';
import { newId } from '../ids.ts';
import { emit, type Turn } from '../turn.ts';

/** Releases what is not captured of a charge. No balance transaction: the money never arrived. */
export function releaseHold(turn: Turn, charge: Stripe.Charge): void {
  const { world } = turn;
  const amount = charge.amount - charge.amount_captured - charge.amount_refunded;
  if (amount <= 0) return;
  const refund = world.refunds.insert({
    id: newId('re'),
    object: 'refund',
    amount,
    balance_transaction: null,
    charge: charge.id,
    created: world.clock.now(),
    currency: charge.currency,
    customer: charge.customer,
    customer_account: null,
    metadata: {},
    payment_intent: charge.payment_intent,
    payment_method: charge.payment_method,
    reason: null,
    receipt_number: null,
    source_transfer_reversal: null,
    status: 'succeeded',
    transfer_reversal: null,
  });
  world.charges.update(charge, {
    amount_refunded: charge.amount_refunded + amount,
    refunded: charge.amount_captured === 0,
  });
  emit(turn, 'charge.refunded', charge, {
    amount_refunded: charge.amount_refunded - amount,
    refunded: false,
  });
  emit(turn, 'refund.created', refund);
}
