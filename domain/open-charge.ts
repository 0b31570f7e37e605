/**
 * A charge that is not settled, as its Workflow remembers it from run to run. Changed by `workflows/` alone; what is done
 * next about it is decided in `charge-life.ts`. Histories hold what older versions wrote: a new field is optional.
 */

import type { DeclineClass } from './decline-codes.ts';
import type { DunningDecision } from './dunning.ts';
import type { KeyedRequest } from './keyed-requests.ts';
import type { ChargeStatus } from './statuses.ts';
import type { DunningPolicy } from './terms.ts';
import { type Told, told } from './told.ts';

export type AttemptReason = 'due' | 'retry' | 'new_payment_method' | 'other_method' | 'by_hand' | 'resumed';

/** What is remembered of the last decline, for the limits of tries by hand. */
export interface LastDecline {
  /** ISO 8601, UTC. */
  at: string;
  class: DeclineClass;
  /** Stripe's own word for it, for operators; absent in what older versions wrote. */
  code?: string | null;
  network: string | null;
  /** On that card for that amount, the decline included. */
  attemptsOnThisCard24h: number;
  attemptsOnThisCard30d: number;
}

/** Who asked for something, and why. */
export interface Asker {
  by: string;
  reason: string | null;
  /** The caller's Idempotency-Key, and what it stands for; absent when there was none. */
  request?: KeyedRequest;
}

/** Asked for by somebody and to be done once. A cancel is no order: it stays until the charge is settled. */
export type ChargeOrder =
  | (Asker & { do: 'retry' })
  /** Confirm on-session: the customer is there. */
  | (Asker & { do: 'authenticate' })
  /** Null: all that is held. */
  | (Asker & { do: 'capture'; amountMinor: number | null });

/** A charge that is not settled. Carried by the Workflow from run to run, so it is plain data. */
export interface OpenCharge {
  id: string;
  number: number;
  /** Place in the schedule; null for a charge asked for through the API. */
  occurrence: number | null;
  origin: 'schedule' | 'api';
  /** The caller's Idempotency-Key; absent when nobody asked for it. */
  requestKey?: string | null;
  description: string | null;
  amountMinor: number;
  /** What of it is the balance's: negative for a credit that pays a part of what is due. Absent where none met it. */
  metBalanceMinor?: number;
  /** ISO 8601, UTC. */
  dueAt: string;
  status: ChargeStatus;
  paymentIntentId: string | null;
  /** Confirmations so far; numbers the idempotency keys. */
  attempts: number;
  automaticRetries: number;
  /** Retries that an operator added to the policy's: days after the previous decline. */
  extraRetryDays: number[];
  /** Instants of the tries by hand of the last day, oldest first. */
  triesByHand: string[];
  /** Instants of confirmations that were begun and not declined, oldest first; bounded. */
  challenges?: string[];
  /** The method of the last attempt. */
  triedPaymentMethodId: string | null;
  triedPaymentMethodType: string | null;
  /** Every method that was tried, newest last; another one is tried at once. */
  methodsTried: string[];
  firstDeclinedAt: string | null;
  lastDecline: LastDecline | null;
  /** When it is tried again by itself. */
  nextAttemptAt: string | null;
  /** An attempt that certainly never reached Stripe is made again then, as what it was. */
  repeat?: { at: string; why: AttemptReason } | null;
  /** When waiting for the customer is over. */
  giveUpAt: string | null;
  /** What dunning decided on the last decline; null before the first. */
  lastDecision: DunningDecision['kind'] | null;
  /** Dunning has decided, or somebody stopped it: this is what becomes of the enrollment. */
  givenUp: (Asker & { enrollment: DunningPolicy['afterLastTry'] }) | null;
  /** A webhook says that the PaymentIntent changed and no request of ours did it. */
  changed: boolean;
  /** While an outcome is awaited: when the PaymentIntent is read again. */
  readAt: string | null;
  reads: number;
  asked: ChargeOrder | null;
  /** Somebody canceled or forgave this charge: no attempt starts any more. */
  cancelAsked: Asker | null;
  cancelTries: number;
  /** While money is held and not captured. */
  hold: { capturableMinor: number; expiresAt: string; remindAt: string | null } | null;
  /** Somebody captured it, so that a cancel does not give it back. */
  capturedByOrder: boolean;
  captureTries: number;
  /** How often the money was authorised again before. */
  reauthorizations: number;
  /** An operator asked for another try of a parked charge. */
  resumed: boolean;
  /** Why it is parked. */
  problem: string | null;
  /** What was refused when it was parked, and is done again when it is resumed; absent in what older versions wrote. */
  parkedAt?: ParkedStep | null;
}

export type ParkedStep =
  | { do: 'attempt' }
  | { do: 'read' }
  | { do: 'capture'; order: Extract<ChargeOrder, { do: 'capture' }> }
  | { do: 'cancel'; as: 'canceled' | 'uncollectible' };

/** What is known of a charge from the start. */
type Opening = Pick<
  OpenCharge,
  | 'id'
  | 'number'
  | 'occurrence'
  | 'origin'
  | 'requestKey'
  | 'description'
  | 'amountMinor'
  | 'dueAt'
  | 'reauthorizations'
>;

/** A new charge, before its first attempt. */
export function openedCharge(charge: Opening): OpenCharge {
  return { ...charge, ...untried() };
}

/** A charge as Activities are told of it: without what is still as in a new one of the schedule. */
export type ToldCharge = Told<Omit<OpenCharge, 'metBalanceMinor'>, ReturnType<typeof usual>>;

export function toldCharge({ metBalanceMinor: _, ...charge }: OpenCharge): ToldCharge {
  // Without a repeat is the same as with none, and so with a refused step.
  return told(charge, { ...usual(), repeat: null, parkedAt: null });
}

/** The whole of what {@link toldCharge} told. */
export function chargeOf(charge: ToldCharge): OpenCharge {
  return { ...usual(), ...charge };
}

function usual() {
  return { ...untried(), description: null, reauthorizations: 0 };
}

/** Each has lists of its own, since a charge's grow. */
function untried(): Omit<OpenCharge, keyof Opening> {
  return {
    status: 'scheduled',
    paymentIntentId: null,
    attempts: 0,
    automaticRetries: 0,
    extraRetryDays: [],
    triesByHand: [],
    triedPaymentMethodId: null,
    triedPaymentMethodType: null,
    methodsTried: [],
    firstDeclinedAt: null,
    lastDecline: null,
    nextAttemptAt: null,
    giveUpAt: null,
    lastDecision: null,
    givenUp: null,
    changed: false,
    readAt: null,
    reads: 0,
    asked: null,
    cancelAsked: null,
    cancelTries: 0,
    hold: null,
    capturedByOrder: false,
    captureTries: 0,
    resumed: false,
    problem: null,
  };
}

/** The policy with the retries that an operator added for this charge. */
export function policyOf(charge: OpenCharge, agreed: DunningPolicy): DunningPolicy {
  return { ...agreed, retryAfterDays: [...agreed.retryAfterDays, ...charge.extraRetryDays] };
}
