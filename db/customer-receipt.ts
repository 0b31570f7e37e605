/** What a receipt reads: one payment of one customer, and what went back. Called by web/receipt.ts only. */
import type { Kysely } from 'kysely';
import type { CustomerCharge } from './customer-charges.ts';
import type { CustomerPaymentMethod } from './customer-view.ts';
import type { Database } from './schema.ts';

export interface CustomerReceipt {
  charge: Pick<
    CustomerCharge,
    'id' | 'number' | 'description' | 'currency' | 'dueAt' | 'capturedMinor' | 'settledAt'
  >;
  paymentMethod: Pick<CustomerPaymentMethod, 'type' | 'brand' | 'last4'> | null;
  /** Money that went back, and came back (`refund_failed`); oldest first, positive amounts. */
  refunds: {
    kind: 'refund' | 'refund_failed';
    /** Because the customer disputes the payment at their bank: we gave nothing back. */
    byBank: boolean;
    amountMinor: number;
    at: Date;
  }[];
}

/** @returns undefined unless it is a charge of this enrollment for which money was taken */
export async function findCustomerReceipt(
  db: Kysely<Database>,
  enrollmentId: string,
  chargeId: string,
): Promise<CustomerReceipt | undefined> {
  const charge = await db
    .selectFrom('charges as c')
    .leftJoinLateral(
      (eb) =>
        eb
          .selectFrom('charge_attempts as a')
          .innerJoin('payment_methods as pm', 'pm.id', 'a.payment_method_id')
          .select(['pm.type', 'pm.brand', 'pm.last4'])
          .whereRef('a.charge_id', '=', 'c.id')
          .orderBy('a.attempt', 'desc')
          .limit(1)
          .as('pm'),
      (join) => join.onTrue(),
    )
    .where('c.enrollment_id', '=', enrollmentId)
    .where('c.id', '=', chargeId)
    .where('c.captured_minor', '>', 0)
    .select([
      'c.id',
      'c.number',
      'c.description',
      'c.currency',
      'c.due_at as dueAt',
      'c.captured_minor as capturedMinor',
      'c.settled_at as settledAt',
      'pm.type',
      'pm.brand',
      'pm.last4',
    ])
    .executeTakeFirst();
  if (charge === undefined) {
    return undefined;
  }
  const refunds = await db
    .selectFrom('ledger_entries')
    .select(['kind', 'amount_minor as amountMinor', 'at'])
    .where('charge_id', '=', chargeId)
    .where('kind', 'in', ['refund', 'refund_failed', 'dispute', 'dispute_reversed'])
    .orderBy('seq')
    .execute();
  const { type, brand, last4, ...paid } = charge;
  return {
    charge: paid,
    paymentMethod: type === null ? null : { type, brand, last4 },
    refunds: refunds.map(({ kind, amountMinor, at }) => ({
      kind: kind === 'refund' || kind === 'dispute' ? 'refund' : 'refund_failed',
      byBank: kind === 'dispute' || kind === 'dispute_reversed',
      amountMinor: Math.abs(amountMinor),
      at,
    })),
  };
}
