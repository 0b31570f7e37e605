// Held funds that are not captured go back to the customer: Stripe shows that as a refund of the charge.

import type Stripe from 'stripe';
import { newId } from '../ids.ts';
import { emit, type Turn } from '../turn.ts';

/**
 * Releases what is not captured of a charge: on cancel, after a partial capture, or because its time is over.
 * No balance transaction: the money never arrived. The rest of a partial capture is told by no event of its own.
 */
export function releaseHold(turn: Turn, charge: Stripe.Charge, lapsed = false): void {
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
    reason: lapsed ? 'expired_uncaptured_charge' : null,
    receipt_number: null,
    source_transfer_reversal: null,
    status: 'succeeded',
    transfer_reversal: null,
  });
  world.charges.update(charge, {
    amount_refunded: charge.amount_refunded + amount,
    refunded: charge.amount_captured === 0,
  });
  if (lapsed) emit(turn, 'charge.expired', charge);
  else if (charge.amount_captured === 0 && world.settings.releaseEvents) {
    emit(turn, 'charge.refunded', charge, { amount_refunded: 0, refunded: false });
    emit(turn, 'refund.created', refund);
  }
}
