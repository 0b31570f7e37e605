/**
 * What a dispute means for an enrollment, one row per status of Stripe's: while one is open nothing more is
 * charged; a won one resumes, a lost one follows the terms. Pure; imported by Workflows.
 */
import type { Stripe } from 'stripe';

export interface DisputeRow {
  meaning: string;
  /** `open`: charging rests. `over`: it goes on. `lost`: the money is gone, and the terms decide. */
  effect: 'open' | 'over' | 'lost';
}

/** How far a dispute has come. It may move within a stage, and to a later one: an appeal goes from `lost` to `won`. */
const STAGES: readonly (readonly DisputeStatus[])[] = [
  ['warning_needs_response', 'warning_under_review'],
  // A bank that has asked can still dispute.
  ['warning_closed', 'prevented'],
  ['needs_response', 'under_review'],
  ['won', 'lost', 'appeal_needs_response', 'appeal_under_review'],
];

/** The library's own statuses without its "or any other string", so that a new one fails the type check here. */
type Named<Status> = Status extends unknown ? (string extends Status ? never : Status) : never;
export type DisputeStatus = Named<Stripe.Dispute.Status>;

export const DISPUTE_TABLE: Readonly<Record<DisputeStatus, DisputeRow>> = {
  warning_needs_response: { meaning: 'The bank asks; no money was taken back yet.', effect: 'open' },
  warning_under_review: { meaning: 'The bank looks at the answer to its question.', effect: 'open' },
  warning_closed: { meaning: 'The bank asked and no dispute came of it.', effect: 'over' },
  needs_response: { meaning: 'The money was taken back; evidence can be given.', effect: 'open' },
  under_review: { meaning: 'The bank looks at the evidence.', effect: 'open' },
  won: { meaning: 'The money is returned to us.', effect: 'over' },
  // A later appeal can still turn it.
  lost: { meaning: 'The customer keeps the money.', effect: 'lost' },
  prevented: {
    meaning: 'It was settled before it became a dispute; the customer may have the money back.',
    effect: 'over',
  },
  appeal_needs_response: { meaning: 'A lost dispute can be appealed.', effect: 'open' },
  appeal_under_review: { meaning: 'The appeal is looked at.', effect: 'open' },
};

/** @returns 'unknown' for a status newer than this code */
export function readDisputeStatus(text: string): DisputeStatus | 'unknown' {
  return isDisputeStatus(text) ? text : 'unknown';
}

/**
 * A dispute's status after it was read. A reading that can only be older than what is known changes nothing; a status that
 * nobody knows may come at any time.
 * @param known null when the dispute was not known before
 */
export function disputeAfterReading(known: string | null, seen: string): string {
  const isOlder =
    known !== null && isDisputeStatus(seen) && isDisputeStatus(known) && stage(seen) < stage(known);
  return isOlder ? known : seen;
}

function stage(status: DisputeStatus): number {
  return STAGES.findIndex((statuses) => statuses.includes(status));
}

/**
 * Whether a dispute forbids further charges of its enrollment. One whose status nobody knows does: charging a
 * customer who disputes costs more than waiting for a person to look.
 */
export function forbidsCharging(statuses: readonly string[]): boolean {
  return statuses.some((text) => !isDisputeStatus(text) || DISPUTE_TABLE[text].effect === 'open');
}

/**
 * Whether the status of a dispute forbids refunds of its payment: the money went back through it, or may, and would go back
 * twice. A bank that only asks has taken nothing, and a refund answers it (`is_charge_refundable`). The status of one that
 * was prevented says nothing of the money: {@link takenByPrevented} does.
 */
export function forbidsRefunding(statuses: readonly string[]): boolean {
  return statuses.some((text) => {
    const asksOnly = text === 'warning_needs_response' || text === 'warning_under_review';
    return text === 'lost' || (forbidsCharging([text]) && !asksOnly);
  });
}

/** What Stripe says of a dispute that was prevented. */
export interface PreventedDispute {
  amountMinor: number;
  /** The sum of its balance transactions: below 0, money was withdrawn because of it. */
  movedMinor: number;
  /** `payment_method_details.card.case_type`; null for other methods. */
  caseType: string | null;
  isChargeRefundable: boolean;
}

/**
 * What disputes that were prevented took of a payment. A prevention is a `resolution`, which gives the disputed amount back to
 * the cardholder ("resolution rules to refund a dispute"), or a `block`, after which the payment stands; funds that moved
 * are in `balance_transactions` (Stripe: "Adds support for Dispute Preventions", 2025-08-27; "Dispute resolution rules").
 * @returns null when Stripe tells neither of one of them: nothing can be given back then without risk of doing it twice
 */
export function takenByPrevented(disputes: readonly PreventedDispute[]): number | null {
  let takenMinor = 0;
  for (const { amountMinor, movedMinor, caseType, isChargeRefundable } of disputes) {
    if (movedMinor < 0) {
      takenMinor -= movedMinor;
    } else if (caseType === 'resolution') {
      takenMinor += amountMinor;
    } else if (caseType !== 'block' && !isChargeRefundable) {
      return null;
    }
  }
  return takenMinor;
}

function isDisputeStatus(text: string): text is DisputeStatus {
  return Object.hasOwn(DISPUTE_TABLE, text);
}
