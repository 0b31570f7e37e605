/**
 * The PaymentIntent state machine, as Stripe documents it ("How PaymentIntents work"): one table that Workflow,
 * API, pages, docs and tests share. Pure; imported by Workflows.
 */
import type { Stripe } from 'stripe';
import { isBankDebit } from './payment-methods.ts';

export const PAYMENT_INTENT_STATUSES = [
  'requires_payment_method',
  'requires_confirmation',
  'requires_action',
  'requires_capture',
  'processing',
  'succeeded',
  'canceled',
] as const;

export type PaymentIntentStatus = (typeof PAYMENT_INTENT_STATUSES)[number];

/** What can be done about a PaymentIntent; `try_cancel` may be refused by Stripe. */
export type PaymentIntentAction =
  | 'confirm'
  | 'ask_customer'
  | 'capture'
  | 'wait'
  | 'cancel'
  | 'try_cancel'
  | 'refund';

export interface PaymentIntentRow {
  meaning: string;
  actions: readonly PaymentIntentAction[];
  /** Statuses that it can go to from here in one step. */
  next: readonly PaymentIntentStatus[];
  /** Statuses that a later look can show, steps in between unseen; anything else is an older truth. */
  later: readonly PaymentIntentStatus[];
  /** What a cancel means now. */
  onCancel: string;
}

/** The library's own statuses without its "or any other string", so that a new one fails the type check here. */
type Named<Status> = Status extends unknown ? (string extends Status ? never : Status) : never;

const ANY = PAYMENT_INTENT_STATUSES;

export const PAYMENT_INTENT_TABLE: Readonly<Record<Named<Stripe.PaymentIntent.Status>, PaymentIntentRow>> = {
  requires_payment_method: {
    meaning: 'It has no payment method, or the last try failed: another try, or another method, is needed.',
    actions: ['confirm', 'ask_customer', 'cancel'],
    next: [
      'requires_confirmation',
      'requires_action',
      'requires_capture',
      'processing',
      'succeeded',
      'canceled',
    ],
    later: ANY,
    onCancel: 'The PaymentIntent is canceled.',
  },
  requires_confirmation: {
    meaning: 'It has a payment method and was not confirmed yet.',
    actions: ['confirm', 'cancel'],
    next: [
      'requires_payment_method',
      'requires_action',
      'requires_capture',
      'processing',
      'succeeded',
      'canceled',
    ],
    later: ANY,
    onCancel: 'The PaymentIntent is canceled.',
  },
  requires_action: {
    meaning: 'The customer must act, for instance confirm with 3D Secure.',
    actions: ['ask_customer', 'confirm', 'cancel'],
    next: [
      'requires_payment_method',
      'requires_confirmation',
      'requires_capture',
      'processing',
      'succeeded',
      'canceled',
    ],
    later: ANY,
    onCancel: 'The PaymentIntent is canceled; a customer in the middle of a challenge sees that it is over.',
  },
  requires_capture: {
    meaning: 'The money is held and not taken: it is captured in time, in full or in part, or released.',
    actions: ['capture', 'cancel'],
    // Taking the money can itself be on its way for a moment.
    next: ['processing', 'succeeded', 'canceled'],
    later: ['requires_capture', 'processing', 'succeeded', 'canceled'],
    onCancel: 'The PaymentIntent is canceled and the held funds are released; a part can be captured before.',
  },
  processing: {
    meaning: 'The payment is on its way. A bank debit takes days; a card does not stay here.',
    actions: ['wait', 'try_cancel'],
    next: ['requires_payment_method', 'requires_capture', 'succeeded', 'canceled'],
    later: ANY,
    onCancel:
      'A bank debit is tried to be canceled and, if Stripe refuses, awaited; anything else is awaited.',
  },
  succeeded: {
    meaning: 'The money moved. Undoing it is a refund.',
    actions: ['refund'],
    next: [],
    later: ['succeeded'],
    onCancel: 'Nothing is left to cancel; the money goes back by a refund, and only when asked.',
  },
  canceled: {
    meaning: 'It is over for good: by us, in the Dashboard, by expiry, or by Stripe after too many confirms.',
    actions: [],
    next: [],
    later: ['canceled'],
    onCancel: 'Nothing: it is canceled already.',
  },
};

/** Names that API versions before 2019-02-11 use; read as the new ones, never written. */
export const LEGACY_NAMES: Readonly<Record<string, 'requires_payment_method' | 'requires_action'>> = {
  requires_source: 'requires_payment_method',
  requires_source_action: 'requires_action',
};

/**
 * The status that a text from Stripe names, old names read as the new ones.
 * @returns 'unknown' for a status newer than this code: then nothing may be assumed of the money
 */
export function readPaymentIntentStatus(text: string): PaymentIntentStatus | 'unknown' {
  const legacy = Object.hasOwn(LEGACY_NAMES, text) ? LEGACY_NAMES[text] : undefined;
  return legacy ?? PAYMENT_INTENT_STATUSES.find((status) => status === text) ?? 'unknown';
}

/** Whether Stripe will never change it again. */
export function isFinal(status: PaymentIntentStatus): boolean {
  return PAYMENT_INTENT_TABLE[status].next.length === 0;
}

/**
 * Whether a look that shows `seen` can be newer than one that showed `known`. Events come in any order; one
 * that says what can only have been before is dropped. The same status again may always be seen.
 */
export function mayFollow(known: PaymentIntentStatus, seen: PaymentIntentStatus): boolean {
  return PAYMENT_INTENT_TABLE[known].later.includes(seen);
}

/**
 * What a cancel does to a PaymentIntent. `try_cancel`: ask Stripe; a refusal means that the outcome must be
 * awaited. `wait`: do not even ask. `refund_only` and `already_canceled`: nothing to cancel.
 */
export type CancelDecision =
  | { kind: 'cancel'; releasesFunds: boolean }
  | { kind: 'try_cancel' }
  | { kind: 'wait' }
  | { kind: 'refund_only' }
  | { kind: 'already_canceled' };

/** @param paymentMethodType Stripe's `type`; null when not known, which counts as a card */
export function cancelDecision(
  status: PaymentIntentStatus,
  paymentMethodType: string | null,
): CancelDecision {
  const { actions } = PAYMENT_INTENT_TABLE[status];
  if (actions.includes('cancel')) {
    return { kind: 'cancel', releasesFunds: actions.includes('capture') };
  }
  if (actions.includes('try_cancel')) {
    return { kind: isBankDebit(paymentMethodType) ? 'try_cancel' : 'wait' };
  }
  return { kind: actions.includes('refund') ? 'refund_only' : 'already_canceled' };
}
