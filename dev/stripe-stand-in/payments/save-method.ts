// Attaching a PaymentMethod to a Customer, whoever asked for it.

import type Stripe from 'stripe';
import { emit, type Turn } from '../turn.ts';
import { backingOf } from './instruments.ts';

/** Links the two and tells it. Safe to call again: a PaymentMethod that belongs to the customer stays as it is. */
export function attachTo(turn: Turn, paymentMethod: Stripe.PaymentMethod, customer: string): void {
  if (paymentMethod.customer === customer) return;
  turn.world.paymentMethods.update(paymentMethod, { customer });
  emit(turn, 'payment_method.attached', paymentMethod);
}

/** What setup_future_usage asks for once a payment went through. */
export function saveForFutureUse(
  turn: Turn,
  intent: Stripe.PaymentIntent,
  paymentMethod: Stripe.PaymentMethod,
): void {
  if (intent.setup_future_usage === null) return;
  markSetUp(turn, paymentMethod);
  if (typeof intent.customer === 'string') attachTo(turn, paymentMethod, intent.customer);
}

/** From now on the bank accepts it off-session. */
export function markSetUp(turn: Turn, paymentMethod: Stripe.PaymentMethod): void {
  const { instrument, ...backing } = backingOf(turn.world, paymentMethod);
  turn.world.instruments.update(instrument, { setUp: true });
  const checks = paymentMethod.card?.checks;
  if (backing.kind === 'card' && paymentMethod.card && checks?.cvc_check) {
    const card = { ...paymentMethod.card, checks: { ...checks, cvc_check: backing.card.cvcCheck } };
    turn.world.paymentMethods.update(paymentMethod, { card });
  }
}

/** Takes a PaymentMethod from its customer. It can never be used again. */
export function detach(turn: Turn, paymentMethod: Stripe.PaymentMethod): void {
  const { world } = turn;
  const previous = { customer: paymentMethod.customer };
  world.instruments.update(backingOf(world, paymentMethod).instrument, { spent: true });
  const owner = typeof previous.customer === 'string' ? world.customers.get(previous.customer) : undefined;
  if (owner?.invoice_settings.default_payment_method === paymentMethod.id) {
    const settings = { ...owner.invoice_settings, default_payment_method: null };
    world.customers.update(owner, { invoice_settings: settings });
  }
  world.paymentMethods.update(paymentMethod, { customer: null });
  emit(turn, 'payment_method.detached', paymentMethod, previous);
}
