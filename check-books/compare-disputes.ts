/**
 * Disputes: how they stand at Stripe, and the money that they moved, against the rows and the ledger; and whether the
 * Workflow knows what they forbid. Pure.
 */
import { forbidsCharging } from '../domain/disputes.ts';
import type { Books, ChargeRow, Difference, EnrollmentRow, StripeDispute, WorkflowFacts } from './books.ts';

/** Those of payments that the rows do not know are told as such by `compare-payments.ts`. */
export function compareDisputes({ disputes, enrollments, workflows }: Books): Difference[] {
  const charges = enrollments.flatMap((enrollment) => enrollment.charges);
  const byPayment = new Map(charges.map((charge) => [charge.paymentIntentId, charge]));
  return [
    ...disputes.flatMap((dispute) => {
      const charge = byPayment.get(dispute.paymentIntentId);
      return charge === undefined ? [] : againstRow(dispute, charge);
    }),
    ...enrollments.flatMap((row) => againstWorkflow(row, workflows.get(row.id))),
  ];
}

/** Nothing is charged while a dispute of this customer is open; what falls due meanwhile is collected afterwards. */
export function rests({ charges }: EnrollmentRow): boolean {
  return forbidsCharging(charges.flatMap(({ disputes }) => disputes.map(({ status }) => status)));
}

function againstWorkflow(row: EnrollmentRow, workflow: WorkflowFacts | undefined): Difference[] {
  // A Worker of before does not tell it.
  const disputed = workflow?.kind === 'running' ? workflow.state.disputed : undefined;
  if (disputed === undefined || disputed === rests(row)) {
    return [];
  }
  return [
    {
      invariant: 'I5',
      code: 'disputes_differ',
      enrollmentId: row.id,
      subject: row.id,
      found: disputed
        ? 'its Workflow charges nothing because of a dispute that is not open in the rows'
        : 'a dispute is open in its rows, which its Workflow does not know of: it charges on',
      action: '--repair tells its Workflow of the disputes in the rows',
      repair: { do: 'tell_disputes', enrollmentId: row.id },
    },
  ];
}

function againstRow(dispute: StripeDispute, charge: ChargeRow): Difference[] {
  const row = charge.disputes.find(({ id }) => id === dispute.id);
  const booked = row?.movedBy ?? [];
  const missing = dispute.movedBy.filter((id) => !booked.includes(id));
  const unknown = booked.filter((id) => !dispute.movedBy.includes(id));
  const behind = row?.status !== dispute.status || missing.length > 0;
  if (!behind && unknown.length === 0) {
    return [];
  }
  const ledger = [
    ...(missing.length > 0 ? [`the ledger lacks ${missing.join(', ')}`] : []),
    ...(unknown.length > 0 ? [`the ledger has ${unknown.join(', ')}, which Stripe does not name`] : []),
  ];
  return [
    {
      invariant: 'I1',
      code: 'dispute_not_recorded',
      enrollmentId: charge.enrollmentId,
      subject: dispute.id,
      found: [
        `the rows say ${row?.status ?? 'nothing'} of it, Stripe ${dispute.status} for ${charge.id}`,
        ...ledger,
      ].join('; '),
      ...(behind
        ? {
            action: '--repair has it read from Stripe; nothing is charged while it is open',
            repair: { do: 'read_aftermath', chargeId: charge.id },
          }
        : { action: 'compare with Stripe and add what sets it right; entries are never changed' }),
    },
  ];
}
