// Disputes: the bank takes a payment back, or only asks about it (an inquiry).

import type Stripe from 'stripe';
import { buildMovement } from '../objects/balance-transaction.ts';
import { buildDispute } from '../objects/dispute.ts';
import { emit, type Turn } from '../turn.ts';

export interface DisputeInput {
  reason: string;
  /** An inquiry moves no money yet. */
  inquiry: boolean;
  /** It never becomes a dispute: the money goes back at once, or the customer's bank lets it be. */
  prevented?: 'resolution' | 'block' | null;
  /** Minor units. */
  amount: number;
}

const DISPUTE_FEE = 1500;

export function openDispute(turn: Turn, charge: Stripe.Charge, input: DisputeInput): Stripe.Dispute {
  const { world } = turn;
  const { prevented = null } = input;
  const dispute = world.disputes.insert(buildDispute(charge, { ...input, prevented }, world.clock.now()));
  world.charges.update(charge, { disputed: true });
  const isWithdrawn = !input.inquiry && prevented !== 'block';
  // What is prevented costs no fee of a dispute.
  if (isWithdrawn) move(turn, dispute, -input.amount, prevented === null ? DISPUTE_FEE : 0);
  emit(turn, 'charge.dispute.created', dispute);
  if (isWithdrawn) emit(turn, 'charge.dispute.funds_withdrawn', dispute);
  if (prevented !== null) emit(turn, 'charge.dispute.closed', dispute);
  emit(turn, 'charge.updated', charge, { disputed: false });
  return dispute;
}

const OPEN = ['needs_response', 'under_review', 'warning_needs_response', 'warning_under_review'];

export function isOpen(dispute: Stripe.Dispute): boolean {
  return OPEN.includes(dispute.status);
}

/** Keeps the evidence; submitting it hands it to the bank, which then has to answer. */
export function submitEvidence(
  turn: Turn,
  dispute: Stripe.Dispute,
  evidence: Record<string, string>,
  submit: boolean,
): void {
  const previous = { evidence: dispute.evidence, status: dispute.status };
  const inquiry = dispute.status.startsWith('warning_');
  turn.world.disputes.update(dispute, {
    evidence: { ...dispute.evidence, ...evidence },
    evidence_details: {
      ...dispute.evidence_details,
      has_evidence: true,
      submission_count: dispute.evidence_details.submission_count + (submit ? 1 : 0),
      submission_method: submit ? 'manual' : dispute.evidence_details.submission_method,
    },
    ...(submit ? { status: inquiry ? 'warning_under_review' : 'under_review' } : {}),
  });
  emit(turn, 'charge.dispute.updated', dispute, previous);
}

/**
 * Ends an open dispute. A won one brings the money back, unless that is to come later; an inquiry only closes, or becomes a
 * lost dispute.
 */
export function closeDispute(
  turn: Turn,
  dispute: Stripe.Dispute,
  won: boolean,
  reinstated: 'at_once' | 'later' = 'at_once',
): void {
  const inquiry = dispute.status.startsWith('warning_');
  const before = { status: dispute.status };
  if (inquiry && !won) move(turn, dispute, -dispute.amount, DISPUTE_FEE);
  turn.world.disputes.update(dispute, { status: won ? (inquiry ? 'warning_closed' : 'won') : 'lost' });
  if (won && !inquiry && reinstated === 'at_once') reinstate(turn, dispute);
  if (inquiry && !won) emit(turn, 'charge.dispute.funds_withdrawn', dispute);
  emit(turn, 'charge.dispute.closed', dispute, before);
}

/** The money comes back. @returns false when it is back already, or never went */
export function reinstate(turn: Turn, dispute: Stripe.Dispute): boolean {
  const missing = dispute.balance_transactions.reduce((sum, { amount }) => sum + amount, 0) < 0;
  if (!missing) return false;
  move(turn, dispute, dispute.amount, 0);
  emit(turn, 'charge.dispute.funds_reinstated', dispute);
  return true;
}

/** The bank turned an inquiry into a dispute: the money goes now. */
export function escalateInquiry(turn: Turn, dispute: Stripe.Dispute): void {
  const before = { status: dispute.status };
  turn.world.disputes.update(dispute, { status: 'needs_response', is_charge_refundable: false });
  move(turn, dispute, -dispute.amount, DISPUTE_FEE);
  emit(turn, 'charge.dispute.updated', dispute, before);
  emit(turn, 'charge.dispute.funds_withdrawn', dispute);
}

function move(turn: Turn, dispute: Stripe.Dispute, amount: number, fee: number): void {
  const now = turn.world.clock.now();
  const movement = buildMovement(
    {
      type: 'adjustment',
      amount,
      fee,
      currency: dispute.currency,
      created: now,
      availableOn: now,
      source: dispute.id,
      description: amount < 0 ? 'Chargeback withdrawal' : 'Chargeback reversal',
    },
    turn.world.settings,
  );
  turn.world.balanceTransactions.insert(movement);
  turn.world.disputes.update(dispute, { balance_transactions: [...dispute.balance_transactions, movement] });
}
