// The confirm call of PaymentIntents and SetupIntents: which states allow it, and what is checked first.
// Called by the API. A decline is thrown as the 402 it answers.

import type Stripe from 'stripe';
import { refuseType, requireReturnUrl, unexpectedState } from '../resources/intent-params.ts';
import { usableMethod } from '../resources/lookups.ts';
import type { Turn } from '../turn.ts';
import { attemptPayment } from './attempt-payment.ts';
import { attemptSetup } from './attempt-setup.ts';
import { stopPayment, stopSetup } from './cancel.ts';
import { changeNotes } from './notes.ts';

const CONFIRMABLE = ['requires_payment_method', 'requires_confirmation', 'requires_action'];

export interface ConfirmPayment {
  /** null: the one that the intent has. */
  paymentMethod: Stripe.PaymentMethod | null;
  offSession: boolean;
  returnUrl: string | null;
  errorOnRequiresAction: boolean;
}

export function confirmPayment(turn: Turn, intent: Stripe.PaymentIntent, input: ConfirmPayment): void {
  const { world } = turn;
  const notes = world.intentNotes.get(intent.id);
  if (!CONFIRMABLE.includes(intent.status)) {
    throw unexpectedState(
      intent.status === 'succeeded'
        ? 'You cannot confirm this PaymentIntent because it has already succeeded after being previously confirmed.'
        : wrongStatus('PaymentIntent', 'confirm', intent.status),
      intent,
    );
  }
  const paymentMethod = input.paymentMethod ?? currentMethod(turn, intent);
  if (paymentMethod === null) {
    throw unexpectedState(
      "You cannot confirm this PaymentIntent because it's missing a payment method. You can either update the " +
        'PaymentIntent with a payment method and then confirm it again, or confirm it again directly with a payment method.',
      intent,
    );
  }
  refuseType(intent.payment_method_types, paymentMethod, 'PaymentIntent');
  if (!input.offSession || world.settings.offSessionNeedsReturnUrl) {
    requireReturnUrl(intent.automatic_payment_methods, input.returnUrl, 'PaymentIntent');
  }
  refuseDescriptor(intent, paymentMethod);
  const confirmations = (notes?.confirmations ?? 0) + 1;
  if (confirmations > world.settings.maxConfirmations) {
    stopPayment(turn, intent, 'automatic');
    throw unexpectedState('This PaymentIntent was canceled because it was confirmed too many times.', intent);
  }
  const authenticated = notes?.authenticated === true && input.paymentMethod === null;
  const failure = attemptPayment(turn, intent, { ...input, paymentMethod, authenticated });
  // A payment that went through at once needs no notes: the common case leaves none.
  if (intent.status !== 'succeeded') {
    changeNotes(world, intent.id, { confirmations, offSession: input.offSession, authenticated: false });
  }
  if (failure !== null) throw failure;
}

function refuseDescriptor(intent: Stripe.PaymentIntent, paymentMethod: Stripe.PaymentMethod): void {
  if (intent.statement_descriptor === null || paymentMethod.type !== 'card') return;
  throw unexpectedState(
    'The `statement_descriptor` parameter is not supported for card charges. Use `statement_descriptor_suffix` instead.',
    intent,
  );
}

export function confirmSetup(
  turn: Turn,
  intent: Stripe.SetupIntent,
  input: { paymentMethod: Stripe.PaymentMethod | null; returnUrl: string | null },
): void {
  const { world } = turn;
  const notes = world.intentNotes.get(intent.id);
  if (notes?.session) throw ownedBySession(intent, 'confirm');
  const paymentMethod = input.paymentMethod ?? currentMethod(turn, intent);
  // The missing PaymentMethod is noticed before the status.
  if (paymentMethod === null) {
    throw unexpectedState(
      "You cannot confirm this SetupIntent because it's missing a payment method. You can either update the " +
        'SetupIntent with a payment method and then confirm it again, or confirm it again directly with a payment method.',
      intent,
    );
  }
  if (!CONFIRMABLE.includes(intent.status)) {
    throw unexpectedState(wrongStatus('SetupIntent', 'confirm', intent.status), intent);
  }
  refuseType(intent.payment_method_types, paymentMethod, 'SetupIntent');
  requireReturnUrl(intent.automatic_payment_methods, input.returnUrl, 'SetupIntent');
  const confirmations = (notes?.confirmations ?? 0) + 1;
  if (confirmations > world.settings.maxConfirmations) {
    stopSetup(turn, intent, null);
    throw unexpectedState('This SetupIntent was canceled because it was confirmed too many times.', intent);
  }
  changeNotes(world, intent.id, { confirmations });
  const attempt = { paymentMethod, returnUrl: input.returnUrl, session: null, authenticated: false };
  const failure = attemptSetup(turn, intent, attempt);
  if (failure !== null) throw failure;
}

function currentMethod(
  turn: Turn,
  intent: Stripe.PaymentIntent | Stripe.SetupIntent,
): Stripe.PaymentMethod | null {
  if (typeof intent.payment_method !== 'string') return null;
  const customer = typeof intent.customer === 'string' ? intent.customer : null;
  return usableMethod(turn, intent.payment_method, customer);
}

export function wrongStatus(noun: string, verb: string, status: string): string {
  return (
    `You cannot ${verb} this ${noun} because it has a status of ${status}. Only a ${noun} with one of the following ` +
    `statuses may be ${verb}ed: ${CONFIRMABLE.join(', ')}.`
  );
}

export function ownedBySession(intent: Stripe.PaymentIntent | Stripe.SetupIntent, verb: string) {
  const noun = intent.object === 'payment_intent' ? 'PaymentIntent' : 'SetupIntent';
  return unexpectedState(
    `You cannot ${verb} this ${noun} because it belongs to a Checkout Session. Expire the Session instead.`,
    intent,
  );
}
