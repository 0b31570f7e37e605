// What test cards bring on after a payment: disputes and fraud warnings.

import type Stripe from 'stripe';
import { newId } from '../ids.ts';
import { emit, type Turn } from '../turn.ts';
import { openDispute } from './disputes.ts';
import { backingOf } from './instruments.ts';

/**
 * For a charge that was captured. In test mode the payment's own request brings them on, and their events name it; what a
 * bank does later, in live mode or by a control, names none.
 */
export function afterSuccess(turn: Turn, charge: Stripe.Charge, paymentMethod: Stripe.PaymentMethod): void {
  const { world } = turn;
  const backing = backingOf(world, paymentMethod);
  if (backing.kind === 'debit') {
    if (backing.account.dispute) {
      openDispute(turn, charge, {
        reason: 'debit_not_authorized',
        inquiry: false,
        amount: charge.amount_captured,
      });
    }
    return;
  }
  if (backing.card.dispute !== null)
    openDispute(turn, charge, { ...backing.card.dispute, amount: charge.amount_captured });
  if (backing.card.fraudWarning) {
    const warning: Stripe.Radar.EarlyFraudWarning = {
      id: newId('issfr'),
      object: 'radar.early_fraud_warning',
      actionable: true,
      charge: charge.id,
      created: world.clock.now(),
      fraud_type: 'made_with_stolen_card',
      livemode: world.livemode,
      ...(typeof charge.payment_intent === 'string' ? { payment_intent: charge.payment_intent } : {}),
    };
    world.earlyFraudWarnings.insert(warning);
    emit(turn, 'radar.early_fraud_warning.created', warning);
  }
}
