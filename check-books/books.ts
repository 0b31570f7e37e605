/**
 * What the three ledgers say, side by side: Stripe, PostgreSQL and the Workflows. Read by the files `read-*.ts`,
 * compared by `compare*.ts`, which know nothing of where it came from.
 */
import type { ChargeStatus, EnrollmentStatus } from '../domain/statuses.ts';
import type { EnrollmentState } from '../workflows/messages.ts';

/** A PaymentIntent of ours, as Stripe has it. */
export interface StripePayment {
  id: string;
  customerId: string | null;
  /** From its metadata. */
  chargeId: string;
  enrollmentId: string;
  status: string;
  amountMinor: number;
  receivedMinor: number;
  /** Of what was received: what a hold let go of is not among it. */
  refundedMinor: number;
  currency: string;
  /** It is, or was. */
  disputed: boolean;
  /** ISO 8601, UTC, by Stripe's clock. */
  createdAt: string;
}

/** A dispute, as Stripe has it. */
export interface StripeDispute {
  id: string;
  paymentIntentId: string;
  status: string;
  /** Ids of the balance transactions by which it took money or brought it back. */
  movedBy: string[];
}

export interface DisputeRow {
  id: string;
  /** Stripe's. */
  status: string;
  /** The balance transactions that its ledger entries are of. */
  movedBy: string[];
}

export interface ChargeRow {
  id: string;
  enrollmentId: string;
  status: ChargeStatus;
  statusReason: string | null;
  /** Why what came in after a cancel does not go back; null when nothing is refused. */
  refundRefused: string | null;
  paymentIntentId: string | null;
  amountMinor: number;
  currency: string;
  capturedMinor: number;
  refundedMinor: number;
  /** What the Workflow gave back by itself, after a payment that succeeded too late. */
  lateRefundMinor: number;
  disputes: DisputeRow[];
  /** ISO 8601, UTC. */
  nextAttemptAt: string | null;
  /** Sums of the ledger's entries. */
  ledgerPaidMinor: number;
  ledgerRefundedMinor: number;
  /** One line for each attempt written; of a decline with what dunning decided. */
  attempts: { attempt: number; outcome: string; decision: string | null }[];
  /** What the customer was told about it. */
  notices: { kind: string; attempt: number | null }[];
}

export interface EnrollmentRow {
  id: string;
  status: EnrollmentStatus;
  currency: string;
  /** ISO 8601, UTC. */
  nextChargeAt: string | null;
  /** When a cancel takes effect that was accepted; ISO 8601, UTC. */
  cancelAt: string | null;
  /** When its pause is over by itself; ISO 8601, UTC. */
  pausedUntil: string | null;
  createdAt: string;
  charges: ChargeRow[];
}

export type WorkflowFacts =
  /** Temporal has none of that id: never started, or closed longer ago than it keeps histories. */
  | { kind: 'unknown' }
  /** It runs, and nobody answers its query: no Worker, or its code fails. */
  | { kind: 'silent'; searchAttribute: string | null; problems: string[]; error: string }
  | {
      kind: 'running';
      searchAttribute: string | null;
      /** The server's `TemporalReportedProblems`. */
      problems: string[];
      /** Activities that have failed before, with their tries so far. */
      retrying: { activity: string; attempt: number; lastFailure: string }[];
      state: EnrollmentState;
    }
  | {
      kind: 'closed';
      /** Temporal's word, e.g. COMPLETED or FAILED. */
      how: string;
      /** ISO 8601, UTC. */
      closedAt: string;
      searchAttribute: string | null;
      result: { status: string; chargesSucceeded: number; amountCollectedMinor: number } | null;
    };

/** A webhook that was accepted and has neither had its effect nor been ignored with a reason. */
export interface PendingEvent {
  id: string;
  type: string;
  /** ISO 8601, UTC. */
  receivedAt: string;
  attempts: number;
  lastError: string | null;
}

export interface Books {
  /** ISO 8601, UTC. */
  takenAt: string;
  payments: StripePayment[];
  /** Also of payments of others. */
  disputes: StripeDispute[];
  enrollments: EnrollmentRow[];
  /** By enrollment id. */
  workflows: Map<string, WorkflowFacts>;
  /** Ids of enrollments whose Workflow Temporal lists and that have no row. */
  withoutRow: string[];
  pendingEvents: PendingEvent[];
  /** Events of ours that Stripe has and the inbox has not. */
  missedEvents: { id: string; type: string; createdAt: string }[];
}

export type Invariant = 'I1' | 'I2' | 'I3' | 'I4' | 'I5' | 'I8';

export interface Difference {
  invariant: Invariant;
  /** Stable, for machines, e.g. `payment_not_recorded`. */
  code: string;
  enrollmentId: string | null;
  /** The charge, event or PaymentIntent concerned. */
  subject: string;
  /** What was found, in one sentence. */
  found: string;
  /** What an operator should do about it. */
  action: string;
  /** Present when there is one right answer. */
  repair?: Repair;
}

/** What is to be done, and what was seen when it was found: it is looked at again before anything is written. */
export type Repair =
  /** Let the Workflow read the PaymentIntent. */
  | { do: 'tell_workflow'; enrollmentId: string; chargeId: string; paymentIntentId: string }
  /** Let the Workflow of a paid charge's aftermath read its refunds and disputes: rows, ledger and notices follow. */
  | { do: 'read_aftermath'; chargeId: string }
  /** Write what Stripe has into rows that are behind it; the Workflow has settled the charge. */
  | {
      do: 'write_payment';
      enrollmentId: string;
      chargeId: string;
      paymentIntentId: string;
      /** What the row said; null when there was none. */
      seen: ChargeStatus | null;
    }
  /** Write what the Workflow says of its enrollment. */
  | {
      do: 'write_enrollment';
      enrollmentId: string;
      /** What the row said. */
      seen: EnrollmentStatus;
      seenNextChargeAt: string | null;
    }
  /** Tell the Workflow of the disputes in its rows, as the Workflow of a charge's aftermath does. */
  | { do: 'tell_disputes'; enrollmentId: string }
  | { do: 'deliver_event'; eventId: string }
  | { do: 'take_event'; eventId: string };

/** Names a difference, so that two readings can be compared. */
export function nameOf({ code, subject }: Difference): string {
  return `${code} ${subject}`;
}

/** Whether the Workflow still follows the charge: then it is the one that reads and writes it. */
export function holdsOpen(workflow: WorkflowFacts | undefined, chargeId: string): boolean {
  return workflow?.kind === 'running' && workflow.state.charges.some(({ id }) => id === chargeId);
}
