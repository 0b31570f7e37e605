/** Disputes: how they stand at Stripe, and the money that they moved, against the rows and the ledger. Pure. */
import type { Books, ChargeRow, Difference, StripeDispute } from './books.ts';

/** Those of payments that the rows do not know are told as such by `compare-payments.ts`. */
export function compareDisputes({ disputes, enrollments }: Books): Difference[] {
  const charges = enrollments.flatMap((enrollment) => enrollment.charges);
  const byPayment = new Map(charges.map((charge) => [charge.paymentIntentId, charge]));
  return disputes.flatMap((dispute) => {
    const charge = byPayment.get(dispute.paymentIntentId);
    return charge === undefined ? [] : againstRow(dispute, charge);
  });
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
