// One attempt to set a PaymentMethod up for later. Called by SetupIntent confirm, the Checkout page and the challenge page.

import type Stripe from 'stripe';
import type { Decline } from '../data/declines.ts';
import type { StripeFailure } from '../errors.ts';
import { buildSetupAttempt } from '../objects/setup-attempt.ts';
import { emit, type Turn } from '../turn.ts';
import { openChallenge } from './challenge.ts';
import { decideSetup } from './decide.ts';
import { succeedIdeal } from './generated-debits.ts';
import { backingOf } from './instruments.ts';
import { addMandate } from './mandates.ts';
import { askForDeposits } from './microdeposits.ts';
import { cardError, lastSetupError } from './payment-error.ts';
import { attachTo, markSetUp } from './save-method.ts';

export interface SetupTry {
  paymentMethod: Stripe.PaymentMethod;
  returnUrl: string | null;
  session: string | null;
  byScript?: boolean;
  authenticated: boolean;
}

/** @returns null when it is done or waits for the customer; the 402 when it was declined. */
export function attemptSetup(
  turn: Turn,
  intent: Stripe.SetupIntent,
  attempt: SetupTry,
): StripeFailure | null {
  const { world } = turn;
  const { paymentMethod } = attempt;
  const backing = backingOf(world, paymentMethod);
  world.setupIntents.update(intent, {
    payment_method: paymentMethod.id,
    last_setup_error: null,
    next_action: null,
  });
  if (backing.kind === 'card') {
    const decision = decideSetup(backing.card, {
      offSession: false,
      authenticated: attempt.authenticated,
      setUp: backing.instrument.setUp,
      requestThreeDSecure: intent.payment_method_options?.card?.request_three_d_secure ?? 'automatic',
    });
    if (decision.kind === 'decline') return failSetup(turn, intent, paymentMethod, decision.decline);
    if (decision.kind === 'challenge') {
      addAttempt(turn, intent, paymentMethod, 'requires_action', null);
      const { returnUrl, session, byScript = false } = attempt;
      openChallenge(turn, { intent, paymentMethod, returnUrl, session, byScript });
      return null;
    }
  }
  if (paymentMethod.type === 'ideal') {
    addAttempt(turn, intent, paymentMethod, 'succeeded', null);
    succeedIdeal(turn, intent, paymentMethod, backing.instrument.verified);
    return null;
  }
  if (!backing.instrument.verified) {
    addAttempt(turn, intent, paymentMethod, 'requires_action', null);
    askForDeposits(turn, intent, paymentMethod);
    return null;
  }
  succeedSetup(turn, intent, paymentMethod);
  return null;
}

export function succeedSetup(
  turn: Turn,
  intent: Stripe.SetupIntent,
  paymentMethod: Stripe.PaymentMethod,
): void {
  const { world } = turn;
  addAttempt(turn, intent, paymentMethod, 'succeeded', null);
  markSetUp(turn, paymentMethod);
  let mandate: string | null = null;
  if (paymentMethod.type !== 'card') {
    mandate = addMandate(turn, paymentMethod).id;
  }
  world.setupIntents.update(intent, { status: 'succeeded', next_action: null, mandate });
  if (typeof intent.customer === 'string') attachTo(turn, paymentMethod, intent.customer);
  emit(turn, 'setup_intent.succeeded', intent);
}

export function failSetup(
  turn: Turn,
  intent: Stripe.SetupIntent,
  paymentMethod: Stripe.PaymentMethod,
  decline: Decline,
): StripeFailure {
  const error = lastSetupError(decline, paymentMethod);
  addAttempt(turn, intent, paymentMethod, 'failed', error);
  turn.world.setupIntents.update(intent, {
    status: 'requires_payment_method',
    payment_method: null,
    next_action: null,
    last_setup_error: error,
  });
  emit(turn, 'setup_intent.setup_failed', intent);
  return cardError(decline, { setup_intent: intent, payment_method: paymentMethod });
}

function addAttempt(
  turn: Turn,
  intent: Stripe.SetupIntent,
  paymentMethod: Stripe.PaymentMethod,
  status: 'requires_action' | 'succeeded' | 'failed',
  error: Stripe.SetupIntent.LastSetupError | null,
): void {
  const { world } = turn;
  const attempt = buildSetupAttempt(intent, paymentMethod, status, error, world.clock.now());
  world.setupAttempts.insert(attempt);
  world.setupIntents.update(intent, { latest_attempt: attempt.id });
}
