// Bank debits: confirmed at once, settled days later. Between the two the PaymentIntent is `processing`.

import type Stripe from 'stripe';
import type { Decline } from '../data/declines.ts';
import type { StripeFailure } from '../errors.ts';
import { debitedAccount } from '../objects/bank-account.ts';
import { buildCharge } from '../objects/charge.ts';
import { emit, type Turn } from '../turn.ts';
import { afterSuccess } from './after-success.ts';
import { failAttempt } from './attempt-payment.ts';
import { bookCharge } from './book.ts';
import { type Backing, takeOverride } from './instruments.ts';
import { mandateForDebit } from './mandates.ts';
import { askForDeposits } from './microdeposits.ts';
import { changeNotes } from './notes.ts';
import { saveForFutureUse } from './save-method.ts';

type DebitBacking = Extract<Backing, { kind: 'debit' }>;

/** @returns null once it is processing; the 402 when the debit was refused at once. */
export function startDebit(
  turn: Turn,
  intent: Stripe.PaymentIntent,
  paymentMethod: Stripe.PaymentMethod,
  { account, instrument }: DebitBacking,
): StripeFailure | null {
  const { world } = turn;
  if (!instrument.verified) {
    askForDeposits(turn, intent, paymentMethod);
    return null;
  }
  const mandate = mandateForDebit(turn, paymentMethod);
  const override = takeOverride(world, instrument);
  const refused = override ?? (account.debit === 'refused' ? accountDecline(account) : null);
  if (paymentMethod.customer === null && intent.setup_future_usage === null) {
    world.instruments.update(instrument, { spent: true });
  }
  const charge = world.charges.insert(
    buildCharge({
      paymentIntent: intent,
      paymentMethod,
      created: world.clock.now(),
      status: refused === null ? 'pending' : 'failed',
      captured: refused === null,
      captureBefore: null,
      decline: refused,
      details: debitedAccount(paymentMethod, mandate.id),
      baseUrl: turn.baseUrl,
    }),
  );
  if (refused !== null) {
    emit(turn, 'charge.failed', charge);
    return failAttempt(turn, intent, paymentMethod, refused, charge);
  }
  world.paymentIntents.update(intent, { status: 'processing', latest_charge: charge.id });
  changeNotes(world, intent.id, { cancelUntil: world.clock.now() + world.settings.debitCancelWindowSeconds });
  saveForFutureUse(turn, intent, paymentMethod);
  emit(turn, 'payment_intent.processing', intent);
  emit(turn, 'charge.pending', charge);
  if (account.debit !== 'stuck') {
    const seconds = account.afterSeconds ?? world.settings.debitSeconds;
    const kind = account.debit === 'fails' ? 'fail_debit' : 'settle_debit';
    world.timers.set(kind, intent.id, world.clock.nowMs() + seconds * 1000);
  }
  return null;
}

/** The bank paid. Only a processing PaymentIntent is settled; anything else is left as it is and answers false. */
export function settleDebit(turn: Turn, intent: Stripe.PaymentIntent): boolean {
  const found = processingParts(turn, intent);
  if (found === null) return false;
  const { world } = turn;
  world.charges.update(found.charge, { status: 'succeeded', paid: true });
  bookCharge(turn, found.charge, intent.amount);
  world.paymentIntents.update(intent, {
    status: 'succeeded',
    amount_received: intent.amount,
    processing: null,
  });
  emit(turn, 'charge.succeeded', found.charge);
  emit(turn, 'payment_intent.succeeded', intent);
  afterSuccess(turn, found.charge, found.paymentMethod);
  return true;
}

/** The bank returned the debit. As settleDebit, false when there was nothing to return. */
export function failDebit(turn: Turn, intent: Stripe.PaymentIntent, decline: Decline): boolean {
  const found = processingParts(turn, intent);
  if (found === null) return false;
  turn.world.charges.update(found.charge, {
    status: 'failed',
    paid: false,
    captured: false,
    amount_captured: 0,
    failure_code: decline.code,
    failure_message: decline.message,
  });
  emit(turn, 'charge.failed', found.charge);
  failAttempt(turn, intent, found.paymentMethod, decline, found.charge);
  return true;
}

export function accountDecline(account: {
  failureCode: string | null;
  failureMessage: string | null;
}): Decline {
  return {
    code: account.failureCode ?? 'generic_could_not_process',
    declineCode: account.failureCode ?? 'generic_could_not_process',
    message: account.failureMessage ?? 'The payment could not be processed by the bank.',
  };
}

/** Nothing settles or fails by itself any more. */
export function stopDebitTimers(turn: Turn, intent: { id: string }): void {
  turn.world.timers.cancel('settle_debit', intent.id);
  turn.world.timers.cancel('fail_debit', intent.id);
}

function processingParts(turn: Turn, intent: Stripe.PaymentIntent) {
  const { world } = turn;
  if (intent.status !== 'processing') return null;
  stopDebitTimers(turn, intent);
  const charge =
    typeof intent.latest_charge === 'string' ? world.charges.get(intent.latest_charge) : undefined;
  const paymentMethod =
    typeof intent.payment_method === 'string' ? world.paymentMethods.get(intent.payment_method) : undefined;
  if (charge === undefined || paymentMethod === undefined) {
    throw new Error(`${intent.id} is processing without a charge`);
  }
  return { charge, paymentMethod };
}
