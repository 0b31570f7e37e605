// Capture: takes the held money, all of it or a part; the rest is released.

import type Stripe from 'stripe';
import { amountRefusal } from '../data/currencies.ts';
import { refused } from '../errors.ts';
import { unexpectedState } from '../resources/intent-params.ts';
import { emit, type Turn } from '../turn.ts';
import { afterSuccess } from './after-success.ts';
import { bookCharge } from './book.ts';
import { releaseHold } from './release-hold.ts';

/** @param amountToCapture minor units; null captures everything */
export function capturePayment(
  turn: Turn,
  intent: Stripe.PaymentIntent,
  amountToCapture: number | null,
): void {
  const { world } = turn;
  const charge =
    typeof intent.latest_charge === 'string' ? world.charges.get(intent.latest_charge) : undefined;
  if (intent.status !== 'requires_capture' || charge === undefined) {
    throw unexpectedState(
      `This PaymentIntent could not be captured because it has a status of ${intent.status}. Only a PaymentIntent ` +
        'with one of the following statuses may be captured: requires_capture.',
      intent,
    );
  }
  const amount = amountToCapture ?? intent.amount_capturable;
  if (amount > intent.amount_capturable) {
    throw refused('The amount to capture is greater than the amount that can be captured.', {
      code: 'amount_too_large',
      param: 'amount_to_capture',
    });
  }
  const refusal =
    amount === intent.amount ? null : amountRefusal(amount, intent.currency, 'amount_to_capture');
  if (refusal !== null) throw refusal;
  world.timers.cancel('expire_hold', intent.id);
  bookCharge(turn, charge, amount);
  world.paymentIntents.update(intent, { status: 'succeeded', amount_received: amount, amount_capturable: 0 });
  emit(turn, 'charge.captured', charge);
  if (amount < charge.amount) releaseHold(turn, charge);
  emit(turn, 'payment_intent.succeeded', intent);
  const method = charge.payment_method === null ? undefined : world.paymentMethods.get(charge.payment_method);
  if (method !== undefined) afterSuccess(turn, charge, method);
}
