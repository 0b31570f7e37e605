/**
 * The life of one charge as a pure question: given what is known, what is done next? Asked by
 * `workflows/charge.ts` after everything that happens; free of I/O and of the clock.
 */

import type { AttemptReason, ChargeOrder, OpenCharge } from './open-charge.ts';
import { cancelDecision } from './payment-intent.ts';

export interface Situation {
  /** A cancel of the enrollment was accepted: no attempt starts any more. */
  canceling: boolean;
  /** A dispute of this customer is open: no attempt starts until it is over. */
  disputed: boolean;
  /** Nobody can pay for as long: what has run out of time is not given up. Older code gave it up. */
  timeRests: boolean;
  paymentMethodId: string | null;
  /** The method saved before, when the terms allow to try it. */
  otherMethodId: string | null;
  nowMs: number;
}

export type Step =
  | { do: 'attempt'; why: AttemptReason }
  /** Confirm on-session. */
  | { do: 'authenticate'; order: Extract<ChargeOrder, { do: 'authenticate' }> }
  | { do: 'capture'; order: Extract<ChargeOrder, { do: 'capture' }> }
  /** Read the PaymentIntent from Stripe. */
  | { do: 'read' }
  /** Tell that held money is about to be lost. */
  | { do: 'remind' }
  | { do: 'cancel'; as: 'canceled' | 'uncollectible' }
  | { do: 'wait'; until: string | null; for: WaitFor }
  /** Settled. */
  | { do: 'nothing' };

export type WaitFor = 'retry' | 'customer' | 'outcome' | 'capture' | 'operator' | 'dispute';

/** A cancel that Stripe refuses is tried this often before only the outcome is waited for. */
const MOST_CANCEL_TRIES = 3;

/** Same facts, same step; settled charges answer `nothing`. */
export function nextStep(charge: OpenCharge, now: Situation): Step {
  const step = undisputedStep(charge, { ...now, canceling: now.canceling || charge.cancelAsked !== null });
  return now.disputed && (step.do === 'attempt' || step.do === 'authenticate')
    ? { do: 'wait', until: null, for: 'dispute' }
    : step;
}

function undisputedStep(charge: OpenCharge, now: Situation): Step {
  if (charge.changed && charge.paymentIntentId !== null) {
    return { do: 'read' };
  }
  switch (charge.status) {
    case 'succeeded':
    case 'canceled':
    case 'uncollectible':
      return { do: 'nothing' };
    case 'processing':
      return now.canceling && mayTryCancel(charge)
        ? { do: 'cancel', as: 'canceled' }
        : readOrWait(charge, now, 'outcome');
    case 'requires_capture':
      return held(charge, now);
    case 'requires_action':
      return atTheCustomer(charge, now);
    case 'needs_attention':
      return parked(charge, now);
    case 'scheduled':
      if (now.canceling) {
        return { do: 'cancel', as: 'canceled' };
      }
      if (now.paymentMethodId === null) {
        return { do: 'wait', until: null, for: 'customer' };
      }
      return charge.asked?.do === 'retry'
        ? { do: 'attempt', why: 'by_hand' }
        : (repeated(charge, now) ?? tryAt(charge.nextAttemptAt, 'due', now));
    case 'requires_payment_method':
    case 'requires_confirmation':
      return inDunning(charge, now);
    default:
      return charge.status satisfies never;
  }
}

/** A person must act. What was refused is done again when they say so, unless dunning is over by then. */
function parked(charge: OpenCharge, now: Situation): Step {
  const waits: Step = { do: 'wait', until: null, for: 'operator' };
  const refused = charge.parkedAt ?? null;
  if (now.canceling) {
    return charge.resumed || !wasCancelRefused(charge) ? { do: 'cancel', as: 'canceled' } : waits;
  }
  if (charge.asked?.do === 'authenticate') {
    return { do: 'authenticate', order: charge.asked };
  }
  if (charge.resumed && refused !== null) {
    if (charge.givenUp !== null) {
      return { do: 'cancel', as: 'uncollectible' };
    }
    if (refused.do !== 'attempt') {
      return refused;
    }
  }
  if (now.paymentMethodId === null) {
    return waits;
  }
  return charge.resumed || charge.asked?.do === 'retry'
    ? { do: 'attempt', why: 'resumed' }
    : (repeated(charge, now) ?? waits);
}

/** A cancel that was itself refused waits for a person too; what dunning would have canceled was another one. */
function wasCancelRefused({ parkedAt, cancelTries }: OpenCharge): boolean {
  return parkedAt == null ? cancelTries > 0 : parkedAt.do === 'cancel' && parkedAt.as === 'canceled';
}

/** Once for every reading that still says `processing`: the window for it is narrow, and a refusal means waiting. */
function mayTryCancel(charge: OpenCharge): boolean {
  return (
    cancelDecision('processing', charge.triedPaymentMethodType).kind === 'try_cancel' &&
    charge.cancelTries < MOST_CANCEL_TRIES &&
    charge.cancelTries <= charge.reads
  );
}

/** The money is held: taken when somebody says so, released by a cancel or when its time is over. */
function held(charge: OpenCharge, now: Situation): Step {
  if (charge.asked?.do === 'capture') {
    return { do: 'capture', order: charge.asked };
  }
  if (now.canceling) {
    return { do: 'cancel', as: 'canceled' };
  }
  const remindAt = charge.hold?.remindAt ?? null;
  if (remindAt !== null && Date.parse(remindAt) <= now.nowMs) {
    return { do: 'remind' };
  }
  const step = readOrWait(charge, now, 'capture');
  return step.do === 'wait' ? { ...step, until: earlier(step.until, remindAt) } : step;
}

/** The customer is asked to confirm: read now and then, given up when their time is over. */
function atTheCustomer(charge: OpenCharge, now: Situation): Step {
  const asked = ordered(charge, now) ?? untriedMethod(charge, now) ?? repeated(charge, now);
  if (asked !== null) {
    return asked;
  }
  if (isOver(charge.giveUpAt, now)) {
    return outOfTime(charge, now);
  }
  if (isOver(charge.nextAttemptAt, now)) {
    // The customer has left their bank's question unanswered: the retry that was planned before comes all the same.
    return { do: 'attempt', why: 'retry' };
  }
  const step = readOrWait(charge, now, 'customer');
  const until = earlier(charge.giveUpAt, charge.nextAttemptAt);
  return step.do === 'wait' ? { ...step, until: earlier(step.until, until) } : step;
}

function inDunning(charge: OpenCharge, now: Situation): Step {
  const asked = ordered(charge, now) ?? untriedMethod(charge, now) ?? repeated(charge, now);
  if (asked !== null) {
    return asked;
  }
  if (charge.nextAttemptAt !== null) {
    return tryAt(charge.nextAttemptAt, 'retry', now);
  }
  return isOver(charge.giveUpAt, now)
    ? outOfTime(charge, now)
    : { do: 'wait', until: charge.giveUpAt, for: 'customer' };
}

/** What the bank was asked may still be answered, so that it is read meanwhile. */
function outOfTime(charge: OpenCharge, now: Situation): Step {
  return now.timeRests ? readOrWait(charge, now, 'dispute') : { do: 'cancel', as: 'uncollectible' };
}

/** What somebody asked for comes before what would happen by itself. */
function ordered(charge: OpenCharge, now: Situation): Step | null {
  if (now.canceling) {
    return { do: 'cancel', as: 'canceled' };
  }
  if (charge.givenUp !== null) {
    return { do: 'cancel', as: 'uncollectible' };
  }
  if (charge.asked?.do === 'authenticate') {
    return { do: 'authenticate', order: charge.asked };
  }
  return charge.asked?.do === 'retry' ? { do: 'attempt', why: 'by_hand' } : null;
}

function untriedMethod(charge: OpenCharge, now: Situation): Step | null {
  const untried = (id: string | null) => id !== null && !charge.methodsTried.includes(id);
  if (untried(now.paymentMethodId)) {
    return { do: 'attempt', why: 'new_payment_method' };
  }
  return charge.lastDecision === 'try_other_method' && untried(now.otherMethodId)
    ? { do: 'attempt', why: 'other_method' }
    : null;
}

/** What never reached Stripe comes again before anything that was planned; the other method may be gone meanwhile. */
function repeated({ repeat }: OpenCharge, now: Situation): Step | null {
  if (!repeat || (repeat.why === 'other_method' && now.otherMethodId === null)) {
    return null;
  }
  return tryAt(repeat.at, repeat.why, now);
}

function tryAt(at: string | null, why: AttemptReason, now: Situation): Step {
  return at === null || Date.parse(at) <= now.nowMs
    ? { do: 'attempt', why }
    : { do: 'wait', until: at, for: 'retry' };
}

function readOrWait(
  charge: OpenCharge,
  now: Situation,
  reason: 'outcome' | 'capture' | 'customer' | 'dispute',
): Step {
  return isOver(charge.readAt, now) ? { do: 'read' } : { do: 'wait', until: charge.readAt, for: reason };
}

function isOver(at: string | null, now: Situation): boolean {
  return at !== null && Date.parse(at) <= now.nowMs;
}

/** The earlier of two instants; null is never. */
function earlier(one: string | null, other: string | null): string | null {
  if (one === null || other === null) {
    return one ?? other;
  }
  return Date.parse(one) <= Date.parse(other) ? one : other;
}

/**
 * Until when an awaited outcome is left alone, in milliseconds from now: soon at first, since a webhook may have been
 * missed, then every day for as long as it takes.
 */
export function readAfterMs(reads: number): number {
  const hours = [1, 6, 24][Math.min(reads, 2)] ?? 24;
  return hours * 3_600_000;
}
