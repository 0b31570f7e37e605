/**
 * The SetupIntent state machine, as Stripe documents it, and whether a payment method that one saved may be
 * used. One table for Workflow, API, docs and tests. Pure; imported by Workflows.
 */
import type { Stripe } from 'stripe';
import { LEGACY_NAMES } from './payment-intent.ts';

export const SETUP_INTENT_STATUSES = [
  'requires_payment_method',
  'requires_confirmation',
  'requires_action',
  'processing',
  'succeeded',
  'canceled',
] as const;

export type SetupIntentStatus = (typeof SETUP_INTENT_STATUSES)[number];

/** What we do about the SetupIntent of a Checkout Session; Stripe confirms it, and an expired session cancels it. */
export type SetupIntentAction =
  | 'await_customer'
  | 'wait'
  | 'expire_session'
  | 'use_payment_method'
  | 'new_session';

export interface SetupIntentRow {
  meaning: string;
  actions: readonly SetupIntentAction[];
  /** Statuses that it can go to from here in one step. */
  next: readonly SetupIntentStatus[];
  /** Statuses that a later look can show. */
  later: readonly SetupIntentStatus[];
}

type Named<Status> = Status extends unknown ? (string extends Status ? never : Status) : never;

const ANY = SETUP_INTENT_STATUSES;

export const SETUP_INTENT_TABLE: Readonly<Record<Named<Stripe.SetupIntent.Status>, SetupIntentRow>> = {
  requires_payment_method: {
    meaning: 'The customer has given no payment method, or the last one was refused.',
    actions: ['await_customer', 'expire_session'],
    next: ['requires_confirmation', 'requires_action', 'processing', 'succeeded', 'canceled'],
    later: ANY,
  },
  requires_confirmation: {
    meaning: 'The customer has given a payment method and not confirmed it.',
    actions: ['await_customer', 'expire_session'],
    next: ['requires_payment_method', 'requires_action', 'processing', 'succeeded', 'canceled'],
    later: ANY,
  },
  requires_action: {
    meaning:
      'The customer must act, for instance confirm with 3D Secure or name the amounts of two deposits.',
    actions: ['await_customer', 'expire_session'],
    next: ['requires_payment_method', 'requires_confirmation', 'processing', 'succeeded', 'canceled'],
    later: ANY,
  },
  processing: {
    meaning: 'The bank is checking the account.',
    actions: ['wait'],
    next: ['requires_payment_method', 'succeeded', 'canceled'],
    later: ANY,
  },
  succeeded: {
    meaning: 'The payment method is saved and may be charged off-session.',
    actions: ['use_payment_method'],
    next: [],
    later: ['succeeded'],
  },
  canceled: {
    meaning: 'It is over, its Checkout Session expired: the customer gets a new one.',
    actions: ['new_session'],
    next: [],
    later: ['canceled'],
  },
};

/**
 * The status that a text from Stripe names, old names read as the new ones.
 * @returns 'unknown' for a status newer than this code: its payment method must not be used
 */
export function readSetupIntentStatus(text: string): SetupIntentStatus | 'unknown' {
  const legacy = Object.hasOwn(LEGACY_NAMES, text) ? LEGACY_NAMES[text] : undefined;
  return legacy ?? SETUP_INTENT_STATUSES.find((status) => status === text) ?? 'unknown';
}

/** Whether a look that shows `seen` can be newer than one that showed `known`. */
export function setupMayFollow(known: SetupIntentStatus, seen: SetupIntentStatus): boolean {
  return SETUP_INTENT_TABLE[known].later.includes(seen);
}

/** A SetupIntent as it was just read from Stripe. */
export interface SetupIntentFound {
  id: string;
  status: string;
  livemode: boolean;
  customerId: string | null;
  paymentMethodId: string | null;
  /** `metadata.enrollment_id`; null when it has none. */
  enrollmentId: string | null;
}

export interface SetupIntentRefused {
  code:
    | 'setup_intent_not_succeeded'
    | 'setup_intent_other_mode'
    | 'setup_intent_other_enrollment'
    | 'setup_intent_other_customer'
    | 'setup_intent_without_payment_method';
  message: string;
}

/**
 * Whether the SetupIntent of a completed Checkout Session may still succeed by itself: Stripe completes a session when
 * the customer has done their part, and a bank account may be proven days later, by two small deposits.
 */
export function isBeingVerified(status: string): boolean {
  const read = readSetupIntentStatus(status);
  return read === 'requires_action' || read === 'processing';
}

/**
 * Whether the payment method of a SetupIntent may be used for an enrollment. A SetupIntent without a Customer is
 * fine: the method is attached to one afterwards.
 * @param expected.customerId the enrollment's Stripe Customer, null when it has none yet
 * @returns null when it may be used
 */
export function refuseSetupIntent(
  found: SetupIntentFound,
  expected: { livemode: boolean; enrollmentId: string; customerId: string | null },
): SetupIntentRefused | null {
  const mode = (livemode: boolean) => (livemode ? 'live mode' : 'test mode');
  if (found.livemode !== expected.livemode) {
    const message = `${found.id} is of ${mode(found.livemode)}; expected ${mode(expected.livemode)}`;
    return { code: 'setup_intent_other_mode', message };
  }
  if (found.enrollmentId !== null && found.enrollmentId !== expected.enrollmentId) {
    const message = `${found.id} belongs to ${found.enrollmentId}; expected ${expected.enrollmentId}`;
    return { code: 'setup_intent_other_enrollment', message };
  }
  if (found.customerId !== null && expected.customerId !== null && found.customerId !== expected.customerId) {
    const message = `${found.id} belongs to the Customer ${found.customerId}; expected ${expected.customerId}`;
    return { code: 'setup_intent_other_customer', message };
  }
  if (readSetupIntentStatus(found.status) !== 'succeeded') {
    const message = `${found.id} is ${found.status}; expected succeeded`;
    return { code: 'setup_intent_not_succeeded', message };
  }
  return found.paymentMethodId === null
    ? { code: 'setup_intent_without_payment_method', message: `${found.id} has no payment method` }
    : null;
}
