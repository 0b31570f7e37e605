/**
 * The life of one charge as a pure question: given what is known, what is done next? Asked by
 * `workflows/charge.ts` after everything that happens; free of I/O and of the clock.
 */

import type { DunningDecision } from './dunning.ts';
import { cancelDecision } from './payment-intent.ts';
import type { ChargeStatus } from './statuses.ts';
import type { DunningPolicy } from './terms.ts';

/** A charge that is not settled. Carried by the Workflow from run to run, so it is plain data. */
export interface OpenCharge {
  id: string;
  number: number;
  /** Place in the schedule; null for a charge asked for through the API. */
  occurrence: number | null;
  origin: 'schedule' | 'api';
  description: string | null;
  amountMinor: number;
  /** ISO 8601, UTC. */
  dueAt: string;
  status: ChargeStatus;
  paymentIntentId: string | null;
  /** Confirmations so far; numbers the idempotency keys. */
  attempts: number;
  automaticRetries: number;
  /** The method of the last attempt; another one is tried at once. */
  triedPaymentMethodId: string | null;
  triedPaymentMethodType: string | null;
  firstDeclinedAt: string | null;
  /** When it is tried again by itself. */
  nextAttemptAt: string | null;
  /** When waiting for the customer is over. */
  giveUpAt: string | null;
  /** What dunning decided on the last decline; null before the first. */
  lastDecision: DunningDecision['kind'] | null;
  /** Dunning has decided: this is what becomes of the enrollment. */
  givenUp: DunningPolicy['afterLastTry'] | null;
  /** A webhook says that the PaymentIntent changed and no request of ours did it. */
  changed: boolean;
  /** While an outcome is awaited: when the PaymentIntent is read again. */
  readAt: string | null;
  reads: number;
  cancelTries: number;
  /** An operator asked for another try of a parked charge. */
  resumed: boolean;
  /** Why it is parked. */
  problem: string | null;
}

export interface Situation {
  /** A cancel of the enrollment was accepted: no attempt starts any more. */
  canceling: boolean;
  paymentMethodId: string | null;
  nowMs: number;
}

export type Step =
  | { do: 'attempt'; why: 'due' | 'retry' | 'new_payment_method' | 'resumed' }
  /** Read the PaymentIntent from Stripe. */
  | { do: 'read' }
  | { do: 'cancel'; as: 'canceled' | 'uncollectible' }
  | { do: 'wait'; until: string | null; for: 'retry' | 'customer' | 'outcome' | 'capture' | 'operator' }
  /** Settled. */
  | { do: 'nothing' };

/** A cancel that Stripe refuses is tried this often before only the outcome is waited for. */
const MOST_CANCEL_TRIES = 3;

/** Same facts, same step; settled charges answer `nothing`. */
export function nextStep(charge: OpenCharge, now: Situation): Step {
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
      return now.canceling ? { do: 'cancel', as: 'canceled' } : readOrWait(charge, now, 'capture');
    case 'requires_action':
      return now.canceling ? { do: 'cancel', as: 'canceled' } : readOrWait(charge, now, 'customer');
    case 'needs_attention':
      // A cancel that was itself refused waits for a person too.
      if (now.canceling && (charge.cancelTries === 0 || charge.resumed)) {
        return { do: 'cancel', as: 'canceled' };
      }
      return charge.resumed && !now.canceling && now.paymentMethodId !== null
        ? { do: 'attempt', why: 'resumed' }
        : { do: 'wait', until: null, for: 'operator' };
    case 'scheduled':
      if (now.canceling) {
        return { do: 'cancel', as: 'canceled' };
      }
      return now.paymentMethodId === null
        ? { do: 'wait', until: null, for: 'customer' }
        : tryAt(charge.nextAttemptAt, 'due', now);
    case 'requires_payment_method':
    case 'requires_confirmation':
      return inDunning(charge, now);
    default:
      return charge.status satisfies never;
  }
}

/** Once for every reading that still says `processing`: the window for it is narrow, and a refusal means waiting. */
function mayTryCancel(charge: OpenCharge): boolean {
  return (
    cancelDecision('processing', charge.triedPaymentMethodType).kind === 'try_cancel' &&
    charge.cancelTries < MOST_CANCEL_TRIES &&
    charge.cancelTries <= charge.reads
  );
}

function inDunning(charge: OpenCharge, now: Situation): Step {
  if (now.canceling) {
    return { do: 'cancel', as: 'canceled' };
  }
  if (charge.givenUp !== null) {
    return { do: 'cancel', as: 'uncollectible' };
  }
  if (now.paymentMethodId !== null && now.paymentMethodId !== charge.triedPaymentMethodId) {
    return { do: 'attempt', why: 'new_payment_method' };
  }
  if (charge.nextAttemptAt !== null) {
    return tryAt(charge.nextAttemptAt, 'retry', now);
  }
  if (charge.giveUpAt !== null && Date.parse(charge.giveUpAt) <= now.nowMs) {
    return { do: 'cancel', as: 'uncollectible' };
  }
  return { do: 'wait', until: charge.giveUpAt, for: 'customer' };
}

function tryAt(at: string | null, why: 'due' | 'retry', now: Situation): Step {
  return at === null || Date.parse(at) <= now.nowMs
    ? { do: 'attempt', why }
    : { do: 'wait', until: at, for: 'retry' };
}

function readOrWait(charge: OpenCharge, now: Situation, reason: 'outcome' | 'capture' | 'customer'): Step {
  return charge.readAt !== null && Date.parse(charge.readAt) <= now.nowMs
    ? { do: 'read' }
    : { do: 'wait', until: charge.readAt, for: reason };
}

/** A new charge, before its first attempt. */
export function openedCharge(
  charge: Pick<
    OpenCharge,
    'id' | 'number' | 'occurrence' | 'origin' | 'description' | 'amountMinor' | 'dueAt'
  >,
): OpenCharge {
  return {
    ...charge,
    status: 'scheduled',
    paymentIntentId: null,
    attempts: 0,
    automaticRetries: 0,
    triedPaymentMethodId: null,
    triedPaymentMethodType: null,
    firstDeclinedAt: null,
    nextAttemptAt: null,
    giveUpAt: null,
    lastDecision: null,
    givenUp: null,
    changed: false,
    readAt: null,
    reads: 0,
    cancelTries: 0,
    resumed: false,
    problem: null,
  };
}

/**
 * Until when an awaited outcome is left alone, in milliseconds from now: soon at first, since a webhook may have been
 * missed, then every day for as long as it takes.
 */
export function readAfterMs(reads: number): number {
  const hours = [1, 6, 24][Math.min(reads, 2)] ?? 24;
  return hours * 3_600_000;
}
