// One attempt to take the money of a PaymentIntent. Called by the API's confirm, and by the challenge page.
// Every path leaves the PaymentIntent in a state of Stripe's table and emits that transition's events.

import type Stripe from 'stripe';
import { AUTHENTICATION_REQUIRED, type Decline } from '../data/declines.ts';
import type { StripeFailure } from '../errors.ts';
import { buildCharge, chargedCard } from '../objects/charge.ts';
import { emit, type Turn } from '../turn.ts';
import { afterSuccess } from './after-success.ts';
import { bookCharge } from './book.ts';
import { openChallenge } from './challenge.ts';
import { startDebit } from './debits.ts';
import { decideCharge } from './decide.ts';
import { type Backing, backingOf, takeOverride } from './instruments.ts';
import { cardError, lastPaymentError } from './payment-error.ts';
import { saveForFutureUse } from './save-method.ts';

export interface PaymentAttempt {
  paymentMethod: Stripe.PaymentMethod;
  offSession: boolean;
  returnUrl: string | null;
  errorOnRequiresAction: boolean;
  byScript?: boolean;
  /** The customer has just passed the challenge. */
  authenticated: boolean;
}

/**
 * @returns null when the attempt is on its way or done; the 402 to answer when it was declined. It is returned, not
 * thrown, because a decline after a challenge has no request to answer.
 */
export function attemptPayment(
  turn: Turn,
  intent: Stripe.PaymentIntent,
  attempt: PaymentAttempt,
): StripeFailure | null {
  const { world } = turn;
  const { paymentMethod } = attempt;
  const backing = backingOf(world, paymentMethod);
  world.paymentIntents.update(intent, {
    payment_method: paymentMethod.id,
    last_payment_error: null,
    next_action: null,
  });
  if (backing.kind === 'debit') return startDebit(turn, intent, paymentMethod, backing);

  const situation = {
    offSession: attempt.offSession,
    authenticated: attempt.authenticated,
    setUp: backing.instrument.setUp,
    requestThreeDSecure: intent.payment_method_options?.card?.request_three_d_secure ?? 'automatic',
  };
  const first = decideCharge(backing.card, situation, null);
  if (first.kind === 'challenge') {
    if (attempt.offSession) return failAttempt(turn, intent, paymentMethod, AUTHENTICATION_REQUIRED, null);
    if (attempt.errorOnRequiresAction) {
      const code = world.settings.errorOnRequiresActionCode;
      return failAttempt(turn, intent, paymentMethod, { ...AUTHENTICATION_REQUIRED, code }, null);
    }
    const { returnUrl, byScript = false } = attempt;
    openChallenge(turn, { intent, paymentMethod, returnUrl, session: null, byScript });
    return null;
  }
  const override = takeOverride(world, backing.instrument);
  const decision = decideCharge(backing.card, situation, override);
  if (decision.kind === 'decline') {
    if (decision.decline.code === 'authentication_required') {
      return failAttempt(turn, intent, paymentMethod, decision.decline, null);
    }
    const charge = addCharge(turn, intent, attempt, backing, decision.decline);
    emit(turn, 'charge.failed', charge);
    return failAttempt(turn, intent, paymentMethod, decision.decline, charge);
  }
  succeed(turn, intent, attempt, backing);
  return null;
}

/** Back to requires_payment_method, with the reason. `charge` is null when nothing reached the bank. */
export function failAttempt(
  turn: Turn,
  intent: Stripe.PaymentIntent,
  paymentMethod: Stripe.PaymentMethod,
  decline: Decline,
  charge: Stripe.Charge | null,
): StripeFailure {
  turn.world.paymentIntents.update(intent, {
    status: 'requires_payment_method',
    payment_method: null,
    next_action: null,
    processing: null,
    last_payment_error: lastPaymentError(decline, paymentMethod, charge?.id ?? null),
    ...(charge === null ? {} : { latest_charge: charge.id }),
  });
  emit(turn, 'payment_intent.payment_failed', intent);
  return cardError(decline, {
    ...(charge === null ? {} : { charge: charge.id }),
    payment_intent: intent,
    payment_method: paymentMethod,
  });
}

function succeed(turn: Turn, intent: Stripe.PaymentIntent, attempt: PaymentAttempt, backing: Backing): void {
  const { world } = turn;
  const charge = addCharge(turn, intent, attempt, backing, null);
  if (intent.capture_method === 'manual') {
    world.paymentIntents.update(intent, {
      status: 'requires_capture',
      amount_capturable: intent.amount,
      latest_charge: charge.id,
    });
    world.timers.set('expire_hold', intent.id, world.clock.nowMs() + world.settings.holdDays * 86_400_000);
    saveForFutureUse(turn, intent, attempt.paymentMethod);
    emit(turn, 'charge.succeeded', charge);
    emit(turn, 'payment_intent.amount_capturable_updated', intent);
    return;
  }
  bookCharge(turn, charge, intent.amount);
  world.paymentIntents.update(intent, {
    status: 'succeeded',
    amount_received: intent.amount,
    latest_charge: charge.id,
  });
  saveForFutureUse(turn, intent, attempt.paymentMethod);
  emit(turn, 'charge.succeeded', charge);
  emit(turn, 'payment_intent.succeeded', intent);
  afterSuccess(turn, charge, attempt.paymentMethod);
}

function addCharge(
  turn: Turn,
  intent: Stripe.PaymentIntent,
  attempt: PaymentAttempt,
  backing: Backing,
  decline: Decline | null,
): Stripe.Charge {
  const { world } = turn;
  const { paymentMethod } = attempt;
  if (paymentMethod.customer === null && intent.setup_future_usage === null) {
    world.instruments.update(backing.instrument, { spent: true });
  }
  const now = world.clock.now();
  const held = decline === null && intent.capture_method === 'manual';
  const captureBefore = held ? now + world.settings.holdDays * 86_400 : null;
  if (paymentMethod.card === undefined) throw new Error(`${paymentMethod.id} is not a card`);
  return world.charges.insert(
    buildCharge({
      paymentIntent: intent,
      paymentMethod,
      created: now,
      status: decline === null ? 'succeeded' : 'failed',
      captured: decline === null && !held,
      captureBefore,
      decline,
      details: chargedCard(
        checkedCard(paymentMethod.card, backing),
        intent.amount,
        attempt.authenticated,
        captureBefore,
      ),
      baseUrl: turn.baseUrl,
    }),
  );
}

/** The checks as the bank answered them, which is when it was first asked. */
function checkedCard(card: Stripe.PaymentMethod.Card, backing: Backing): Stripe.PaymentMethod.Card {
  if (backing.kind !== 'card' || card.checks === null || card.checks.cvc_check === null) return card;
  return { ...card, checks: { ...card.checks, cvc_check: backing.card.cvcCheck } };
}
