// Cancel: who may, in which state, and what happens to held money.

import type Stripe from 'stripe';
import { unexpectedState } from '../resources/intent-params.ts';
import { emit, type Turn } from '../turn.ts';
import { stopDebitTimers } from './debits.ts';
import { releaseHold } from './release-hold.ts';

const CANCELABLE = [
  'requires_payment_method',
  'requires_capture',
  'requires_confirmation',
  'requires_action',
];

type CallerReason = 'abandoned' | 'duplicate' | 'fraudulent' | 'requested_by_customer';

/** The API's cancel. Bank debits can be canceled for a while even when they are processing; everything else that is, cannot. */
export function cancelPayment(turn: Turn, intent: Stripe.PaymentIntent, reason: CallerReason | null): void {
  if (turn.world.intentNotes.get(intent.id)?.session && intent.status !== 'requires_capture') {
    throw unexpectedState(
      'You cannot cancel this PaymentIntent because it belongs to a Checkout Session.',
      intent,
    );
  }
  const processing = intent.status === 'processing' && debitCanStop(turn, intent);
  if (!CANCELABLE.includes(intent.status) && !processing) {
    throw unexpectedState(
      `You cannot cancel this PaymentIntent because it has a status of ${intent.status}. Only a PaymentIntent with ` +
        'one of the following statuses may be canceled: requires_payment_method, requires_capture, ' +
        'requires_reauthorization, requires_confirmation, requires_action, expired, processing.',
      intent,
    );
  }
  stopPayment(turn, intent, reason);
}

/** Whether the debit has not left for the bank yet. */
function debitCanStop(turn: Turn, intent: Stripe.PaymentIntent): boolean {
  const { world } = turn;
  return world.clock.now() < (world.intentNotes.get(intent.id)?.cancelUntil ?? 0);
}

/** Ends a PaymentIntent that is not over yet, for a caller or for Stripe itself. */
export function stopPayment(
  turn: Turn,
  intent: Stripe.PaymentIntent,
  reason: Stripe.PaymentIntent.CancellationReason | null,
  /** The time to capture is over. */
  lapsed = false,
): void {
  const { world } = turn;
  stopDebitTimers(turn, intent);
  world.timers.cancel('expire_hold', intent.id);
  const before = intent.status;
  const charge =
    typeof intent.latest_charge === 'string' ? world.charges.get(intent.latest_charge) : undefined;
  world.paymentIntents.update(intent, {
    status: 'canceled',
    canceled_at: world.clock.now(),
    cancellation_reason: reason,
    amount_capturable: 0,
    next_action: null,
    processing: null,
  });
  if (charge !== undefined && before === 'requires_capture') releaseHold(turn, charge, lapsed);
  if (charge !== undefined && before === 'processing') {
    world.charges.update(charge, { status: 'failed', paid: false, captured: false, amount_captured: 0 });
  }
  emit(turn, 'payment_intent.canceled', intent);
}

export function cancelSetup(
  turn: Turn,
  intent: Stripe.SetupIntent,
  reason: Stripe.SetupIntent.CancellationReason | null,
): void {
  if (turn.world.intentNotes.get(intent.id)?.session) {
    throw unexpectedState(
      'You cannot cancel this SetupIntent because it belongs to a Checkout Session. Expire the Session instead.',
      intent,
    );
  }
  if (!['requires_payment_method', 'requires_confirmation', 'requires_action'].includes(intent.status)) {
    throw unexpectedState(
      `You cannot cancel this SetupIntent because it has a status of ${intent.status}. Only a SetupIntent with one ` +
        'of the following statuses may be canceled: requires_payment_method, requires_confirmation, requires_action.',
      intent,
    );
  }
  stopSetup(turn, intent, reason);
}

/** The PaymentMethod's id stays on a canceled SetupIntent. */
export function stopSetup(
  turn: Turn,
  intent: Stripe.SetupIntent,
  reason: Stripe.SetupIntent.CancellationReason | null,
): void {
  turn.world.setupIntents.update(intent, {
    status: 'canceled',
    cancellation_reason: reason,
    next_action: null,
  });
  emit(turn, 'setup_intent.canceled', intent);
}
