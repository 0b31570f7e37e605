// 3D Secure: opens the challenge that an attempt waits for, and takes the customer's answer.

import type Stripe from 'stripe';
import { type Decline, declineFor } from '../data/declines.ts';
import { randomChars } from '../ids.ts';
import type { Challenge } from '../store/records.ts';
import { emit, type Turn } from '../turn.ts';
import { attemptPayment, failAttempt } from './attempt-payment.ts';
import { attemptSetup, failSetup } from './attempt-setup.ts';
import { changeNotes } from './notes.ts';

interface ChallengeInput {
  intent: Stripe.PaymentIntent | Stripe.SetupIntent;
  paymentMethod: Stripe.PaymentMethod;
  returnUrl: string | null;
  /** The Checkout Session whose page the customer comes back to. */
  session: string | null;
  /** The caller handles the challenge by script (`use_stripe_sdk`), even with a return address. */
  byScript?: boolean;
}

/** Puts the intent into requires_action. With a return address the customer is sent to our page, else a script asks. */
export function openChallenge(turn: Turn, input: ChallengeInput): Challenge {
  const { world } = turn;
  const { intent } = input;
  const challenge: Challenge = {
    id: `tdsc_${randomChars(32)}`,
    intent: intent.id,
    paymentMethod: input.paymentMethod.id,
    returnUrl: input.returnUrl,
    session: input.session,
  };
  world.challenges.insert(challenge);
  const url = challengeUrl(turn, challenge);
  const redirect = { type: 'redirect_to_url', redirect_to_url: { return_url: input.returnUrl, url } };
  const script = {
    type: 'use_stripe_sdk',
    use_stripe_sdk: { type: 'three_d_secure_redirect', stripe_js: url },
  };
  const change = {
    status: 'requires_action',
    payment_method: input.paymentMethod.id,
    next_action: input.returnUrl === null || input.byScript === true ? script : redirect,
  } as const;
  if (intent.object === 'payment_intent') {
    world.paymentIntents.update(intent, change);
    emit(turn, 'payment_intent.requires_action', intent);
  } else {
    world.setupIntents.update(intent, change);
    emit(turn, 'setup_intent.requires_action', intent);
  }
  return challenge;
}

export function challengeUrl(turn: Turn, challenge: Challenge): string {
  return `${turn.baseUrl}/3ds/${challenge.id}`;
}

export type ChallengeAnswer = 'complete' | 'fail';
export type ChallengeResult =
  /** The intent has gone on without this challenge: canceled, confirmed again, or answered before. */
  | { kind: 'over'; intent: Stripe.PaymentIntent | Stripe.SetupIntent }
  | { kind: 'succeeded' | 'failed'; intent: Stripe.PaymentIntent | Stripe.SetupIntent };

/** Takes the customer's answer. A second answer changes nothing and is told so. */
export function answerChallenge(turn: Turn, challenge: Challenge, answer: ChallengeAnswer): ChallengeResult {
  const { world } = turn;
  const intent = world.paymentIntents.get(challenge.intent) ?? world.setupIntents.get(challenge.intent);
  const paymentMethod = world.paymentMethods.get(challenge.paymentMethod);
  if (intent === undefined || paymentMethod === undefined) {
    throw new Error(`challenge ${challenge.id} belongs to nothing`);
  }
  const waiting = JSON.stringify(intent.next_action).includes(challenge.id);
  world.challenges.delete(challenge.id);
  if (intent.status !== 'requires_action' || !waiting) return { kind: 'over', intent };

  const failed =
    intent.object === 'payment_intent'
      ? answerPayment(turn, intent, paymentMethod, answer)
      : answerSetup(turn, intent, paymentMethod, answer);
  return { kind: failed ? 'failed' : 'succeeded', intent };
}

function answerPayment(
  turn: Turn,
  intent: Stripe.PaymentIntent,
  paymentMethod: Stripe.PaymentMethod,
  answer: ChallengeAnswer,
): boolean {
  if (answer === 'fail') {
    failAttempt(turn, intent, paymentMethod, notAuthenticated('payment_intent_authentication_failure'), null);
    return true;
  }
  if (intent.confirmation_method === 'manual') {
    changeNotes(turn.world, intent.id, { authenticated: true });
    turn.world.paymentIntents.update(intent, { status: 'requires_confirmation', next_action: null });
    return false;
  }
  const attempt = { paymentMethod, offSession: false, returnUrl: null, errorOnRequiresAction: false };
  return attemptPayment(turn, intent, { ...attempt, authenticated: true }) !== null;
}

function answerSetup(
  turn: Turn,
  intent: Stripe.SetupIntent,
  paymentMethod: Stripe.PaymentMethod,
  answer: ChallengeAnswer,
): boolean {
  if (answer === 'fail') {
    failSetup(turn, intent, paymentMethod, notAuthenticated('setup_intent_authentication_failure'));
    return true;
  }
  const attempt = { paymentMethod, returnUrl: null, session: null, authenticated: true };
  return attemptSetup(turn, intent, attempt) !== null;
}

function notAuthenticated(code: string): Decline {
  return {
    ...declineFor('generic_decline'),
    code,
    declineCode: null,
    message:
      'We are unable to authenticate your payment method. Please choose a different payment method and try again.',
  };
}
