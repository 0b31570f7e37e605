// The confirm call of PaymentIntents and SetupIntents: which states allow it, and what is checked first.
// Called by the API. A decline is thrown as the 402 it answers.

import type Stripe from 'stripe';
import { refused } from '../errors.ts';
import { refuseType, requireReturnUrl, unexpectedState } from '../resources/intent-params.ts';
import { usableMethod } from '../resources/lookups.ts';
import type { Turn } from '../turn.ts';
import { attemptPayment } from './attempt-payment.ts';
import { attemptSetup } from './attempt-setup.ts';
import { stopPayment, stopSetup } from './cancel.ts';
import { refuseWithoutMandate } from './mandates.ts';
import { changeNotes } from './notes.ts';

export const CONFIRMABLE = ['requires_payment_method', 'requires_confirmation', 'requires_action'];

export interface ConfirmPayment {
  /** null: the one that the intent has. */
  paymentMethod: Stripe.PaymentMethod | null;
  offSession: boolean;
  returnUrl: string | null;
  errorOnRequiresAction: boolean;
  /** The request carries the customer's agreement to a debit. */
  mandateAgreed: boolean;
  /** The mandate that the request names. */
  mandate: string | null;
  byScript: boolean;
}

/**
 * What a confirmation must meet before anything happens; a request that creates and confirms checks it before it
 * creates. Changes nothing.
 * @returns the PaymentMethod to charge
 * @throws 400
 */
export function checkPayment(
  turn: Turn,
  intent: Stripe.PaymentIntent,
  input: ConfirmPayment,
): Stripe.PaymentMethod {
  if (!CONFIRMABLE.includes(intent.status)) {
    throw unexpectedState(
      intent.status === 'succeeded'
        ? 'You cannot confirm this PaymentIntent because it has already succeeded after being previously confirmed.'
        : wrongStatus('PaymentIntent', intent.status),
      intent,
    );
  }
  const paymentMethod = input.paymentMethod ?? currentMethod(turn, intent);
  if (paymentMethod === null) throw unexpectedState(missingMethod('PaymentIntent'), intent);
  refuseType(intent.payment_method_types, paymentMethod, 'PaymentIntent');
  if (!input.offSession || turn.world.settings.offSessionNeedsReturnUrl) {
    requireReturnUrl(intent.automatic_payment_methods, input.returnUrl, 'PaymentIntent');
  }
  if (paymentMethod.type === 'card' && intent.statement_descriptor !== null) {
    throw refused(
      'The `statement_descriptor` parameter is not supported for card charges. Use `statement_descriptor_suffix` instead.',
      { param: 'statement_descriptor' },
    );
  }
  if (paymentMethod.type !== 'card') {
    if (intent.capture_method === 'manual') {
      throw refused(`The payment method type ${paymentMethod.type} does not support manual capture.`, {
        param: 'capture_method',
      });
    }
    refuseWithoutMandate(turn, paymentMethod, { agreed: input.mandateAgreed, named: input.mandate });
  }
  return paymentMethod;
}

export function confirmPayment(turn: Turn, intent: Stripe.PaymentIntent, input: ConfirmPayment): void {
  const { world } = turn;
  const paymentMethod = checkPayment(turn, intent, input);
  const notes = world.intentNotes.get(intent.id);
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

export interface ConfirmSetup {
  paymentMethod: Stripe.PaymentMethod | null;
  returnUrl: string | null;
  byScript: boolean;
}

/** As checkPayment. Here a missing PaymentMethod is noticed before the status. */
export function checkSetup(
  turn: Turn,
  intent: Stripe.SetupIntent,
  input: ConfirmSetup,
): Stripe.PaymentMethod {
  if (turn.world.intentNotes.get(intent.id)?.session) {
    throw unexpectedState(
      'You cannot confirm this SetupIntent because it belongs to a Checkout Session. Expire the Session instead.',
      intent,
    );
  }
  const paymentMethod = input.paymentMethod ?? currentMethod(turn, intent);
  if (paymentMethod === null) throw unexpectedState(missingMethod('SetupIntent'), intent);
  if (!CONFIRMABLE.includes(intent.status)) {
    throw unexpectedState(wrongStatus('SetupIntent', intent.status), intent);
  }
  refuseType(intent.payment_method_types, paymentMethod, 'SetupIntent');
  requireReturnUrl(intent.automatic_payment_methods, input.returnUrl, 'SetupIntent');
  return paymentMethod;
}

export function confirmSetup(turn: Turn, intent: Stripe.SetupIntent, input: ConfirmSetup): void {
  const { world } = turn;
  const paymentMethod = checkSetup(turn, intent, input);
  const confirmations = (world.intentNotes.get(intent.id)?.confirmations ?? 0) + 1;
  if (confirmations > world.settings.maxConfirmations) {
    stopSetup(turn, intent, null);
    throw unexpectedState('This SetupIntent was canceled because it was confirmed too many times.', intent);
  }
  changeNotes(world, intent.id, { confirmations });
  const { returnUrl, byScript } = input;
  const attempt = { paymentMethod, returnUrl, session: null, byScript, authenticated: false };
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

function missingMethod(noun: string): string {
  return (
    `You cannot confirm this ${noun} because it's missing a payment method. You can either update the ${noun} with ` +
    'a payment method and then confirm it again, or confirm it again directly with a payment method.'
  );
}

function wrongStatus(noun: string, status: string): string {
  return (
    `You cannot confirm this ${noun} because it has a status of ${status}. Only a ${noun} with one of the following ` +
    `statuses may be confirmed: ${CONFIRMABLE.join(', ')}.`
  );
}
