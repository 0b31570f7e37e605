// A bank account whose owner is not proven yet: Stripe sends two small deposits, the customer tells what arrived.

import type Stripe from 'stripe';
import { type Decline, declineFor } from '../data/declines.ts';
import { refused } from '../errors.ts';
import type { Instrument } from '../store/records.ts';
import { emit, type Turn } from '../turn.ts';
import { failAttempt } from './attempt-payment.ts';
import { failSetup } from './attempt-setup.ts';
import { backingOf } from './instruments.ts';
import { changeNotes } from './notes.ts';

type Intent = Stripe.PaymentIntent | Stripe.SetupIntent;

const MAX_TRIES = 10;
const ARRIVAL_S = 2 * 86_400;

/** Stripe's test answers: both amounts of the deposits in cents, or the code in their descriptor. */
const ANSWERS = [
  { amounts: '32,45', code: 'SM11AA', effect: 'verified' },
  { amounts: '10,11', code: 'SM33CC', effect: 'too_many' },
  { amounts: '40,41', code: 'SM44DD', effect: 'timed_out' },
] as const;

const FAILURES: Record<'too_many' | 'timed_out' | 'failed', Decline> = {
  too_many: {
    ...declineFor('generic_decline'),
    code: 'payment_method_microdeposit_verification_attempts_exceeded',
    declineCode: null,
    message: 'You have exceeded the number of allowed verification attempts.',
  },
  timed_out: {
    ...declineFor('generic_decline'),
    code: 'payment_method_microdeposit_verification_timeout',
    declineCode: null,
    message: 'The microdeposits were not verified in time.',
  },
  failed: {
    ...declineFor('generic_decline'),
    code: 'payment_method_microdeposit_failed',
    declineCode: null,
    message: 'The microdeposits could not be delivered. Check the account and routing number.',
  },
};

export type Verification = { amounts: readonly number[] } | { code: string };

/** Puts the intent into requires_action until the deposits are told. */
export function askForDeposits(turn: Turn, intent: Intent, paymentMethod: Stripe.PaymentMethod): void {
  const { world } = turn;
  const change = {
    status: 'requires_action',
    payment_method: paymentMethod.id,
    next_action: {
      type: 'verify_with_microdeposits',
      verify_with_microdeposits: {
        arrival_date: world.clock.now() + ARRIVAL_S,
        hosted_verification_url: `${turn.baseUrl}/microdeposits/${intent.id}`,
        microdeposit_type: 'descriptor_code',
      },
    },
  } as const;
  if (intent.object === 'payment_intent') {
    world.paymentIntents.update(intent, change);
    emit(turn, 'payment_intent.requires_action', intent);
  } else {
    world.setupIntents.update(intent, change);
    emit(turn, 'setup_intent.requires_action', intent);
  }
  const backing = backingOf(world, paymentMethod);
  if (backing.kind === 'debit' && backing.account.microdeposits === 'fail') {
    world.timers.set('fail_microdeposits', intent.id, world.clock.nowMs() + ARRIVAL_S * 1000);
  }
}

export type VerificationResult = 'verified' | 'failed';

/**
 * Takes the customer's answer. 'verified' leaves the going on to the caller; 'failed' has put the intent back to
 * requires_payment_method.
 * @throws 400 for a wrong answer, as long as there are tries left
 */
export function takeVerification(
  turn: Turn,
  intent: Intent,
  paymentMethod: Stripe.PaymentMethod,
  instrument: Instrument,
  given: Verification,
): VerificationResult {
  const answer =
    'code' in given
      ? ANSWERS.find((line) => line.code === given.code.toUpperCase())
      : ANSWERS.find((line) => line.amounts === [...given.amounts].sort((a, b) => a - b).join(','));
  if (answer?.effect === 'verified') {
    turn.world.instruments.update(instrument, { verified: true });
    return 'verified';
  }
  const tries = (turn.world.intentNotes.get(intent.id)?.microdepositTries ?? 0) + 1;
  changeNotes(turn.world, intent.id, { microdepositTries: tries });
  if (answer === undefined && tries < MAX_TRIES) {
    const what = 'code' in given ? 'descriptor_code' : 'amounts';
    throw refused(
      `The ${what.replace('_', ' ')} provided does not match what was sent to the bank account. ` +
        `You have ${MAX_TRIES - tries} verification attempts remaining.`,
      { code: `payment_method_microdeposit_verification_${what}_mismatch`, param: what },
    );
  }
  failVerification(turn, intent, paymentMethod, answer?.effect ?? 'too_many');
  return 'failed';
}

export function failVerification(
  turn: Turn,
  intent: Intent,
  paymentMethod: Stripe.PaymentMethod,
  why: 'too_many' | 'timed_out' | 'failed',
): void {
  if (intent.object === 'payment_intent') failAttempt(turn, intent, paymentMethod, FAILURES[why], null);
  else failSetup(turn, intent, paymentMethod, FAILURES[why]);
}
