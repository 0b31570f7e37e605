/**
 * What a customer is told, and with what. Activities write one row per notification in the transaction of
 * the change it tells of; mail and pages render it. Holds no personal data and no link.
 */
import type { DunningPolicy } from './terms.ts';

export const NOTIFICATION_KINDS = [
  /** A charge was paid. */
  'charge_succeeded',
  /** First decline of a charge; tells when it is tried again, or that another card is needed. */
  'charge_failed',
  /** The bank wants the customer to confirm; nothing is tried until then. */
  'authentication_required',
  /** Sent with the decline after which only one automatic try is left. */
  'last_try_ahead',
  /** A charge that had failed is paid. */
  'charge_recovered',
  /** Dunning is over, the charge was given up. */
  'charge_given_up',
  /** A debit is on its way and takes days. */
  'charge_processing',
  /** A charge or part of it goes back. */
  'charge_refunded',
  /** What was going back did not reach the customer. */
  'refund_failed',
  /** The saved method will fail at the next charge: it is gone, or its card is over by then. */
  'payment_method_needed',
  'enrollment_canceled',
  'enrollment_completed',
  /** No payment method within the setup deadline. */
  'enrollment_expired',
] as const;

export type NotificationKind = (typeof NOTIFICATION_KINDS)[number];

/** Everything a template may use besides names and the link. Absent facts are null. */
export interface NotificationData extends Record<string, string | number | null> {
  amountMinor: number | null;
  /** ISO 4217, lower case. */
  currency: string;
  /** The enrollment's description, as the caller gave it. */
  description: string | null;
  chargeNumber: number | null;
  /** ISO 8601, UTC: when it was due. */
  dueAt: string | null;
  /** ISO 8601, UTC: when it is tried again by itself; null when only the customer can move it. */
  nextAttemptAt: string | null;
  /** The next regular charge, if there is one. */
  nextChargeAt: string | null;
  /** What a customer may be told of a decline: see {@link CustomerReason}. */
  reason: CustomerReason | null;
  timeZone: string;
  /** ISO 8601, UTC: until when the customer is waited for; absent when nobody is. */
  giveUpAt?: string;
  /** What becomes of the enrollment then; absent where that is not to be said. */
  afterGivingUp?: DunningPolicy['afterLastTry'];
}

/** How far the enrollment of a notification is with its end. */
export interface EnrollmentEnd {
  endedAt: Date | null;
  /** A cancel at the end of the period takes effect then. */
  cancelAt: Date | null;
  /** A cancel was accepted and waits for a payment that is on its way. */
  isCanceling: boolean;
}

/**
 * What may still be said: without the next charge when the end, which was not known or not asked for then, comes first, and
 * without what the end has overtaken.
 */
export function withoutEndedPlan(data: NotificationData, end: EnrollmentEnd): NotificationData {
  const { endedAt, cancelAt, isCanceling } = end;
  const { giveUpAt, afterGivingUp, ...always } = data;
  if (isCanceling || endedAt !== null) {
    return { ...always, nextChargeAt: null };
  }
  if (cancelAt === null) {
    return data;
  }
  const isCut = data.nextChargeAt !== null && Date.parse(data.nextChargeAt) >= cancelAt.getTime();
  return {
    ...always,
    ...(isCut ? { nextChargeAt: null } : {}),
    ...(giveUpAt === undefined ? {} : { giveUpAt }),
    // It ends by itself: nothing is paused then, and nothing goes on.
    ...(afterGivingUp === 'cancel' ? { afterGivingUp } : {}),
  };
}

/** Declines that must not be told apart (fraud, lost, stolen) are all `declined`. */
export const CUSTOMER_REASONS = [
  'declined',
  'insufficient_funds',
  'expired_card',
  'card_data',
  'authentication_required',
  'temporary',
] as const;
export type CustomerReason = (typeof CUSTOMER_REASONS)[number];
