// The verify_microdeposits call and page: finds what waits for it, and goes on with the attempt when it is verified.

import type Stripe from 'stripe';
import { StripeFailure } from '../errors.ts';
import { unexpectedState } from '../resources/intent-params.ts';
import type { Turn } from '../turn.ts';
import { attemptPayment } from './attempt-payment.ts';
import { attemptSetup } from './attempt-setup.ts';
import { backingOf } from './instruments.ts';
import { takeVerification, type Verification } from './microdeposits.ts';

/** @throws 400 when nothing waits or the answer is wrong; 402 when the debit is refused afterwards */
export function verifyIntent(
  turn: Turn,
  intent: Stripe.PaymentIntent | Stripe.SetupIntent,
  given: Verification,
): void {
  const { world } = turn;
  const noun = intent.object === 'payment_intent' ? 'PaymentIntent' : 'SetupIntent';
  const method =
    typeof intent.payment_method === 'string' ? world.paymentMethods.get(intent.payment_method) : undefined;
  if (intent.next_action?.type !== 'verify_with_microdeposits' || method === undefined) {
    throw unexpectedState(`This ${noun} does not wait for a verification with microdeposits.`, intent);
  }
  if (takeVerification(turn, intent, method, backingOf(world, method).instrument, given) === 'failed') return;
  const failure =
    intent.object === 'payment_intent'
      ? attemptPayment(turn, intent, { paymentMethod: method, ...AFTERWARDS })
      : attemptSetup(turn, intent, {
          paymentMethod: method,
          returnUrl: null,
          session: null,
          authenticated: true,
        });
  if (failure instanceof StripeFailure) throw failure;
}

const AFTERWARDS = {
  offSession: false,
  returnUrl: null,
  errorOnRequiresAction: false,
  authenticated: true,
};
