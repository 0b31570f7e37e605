/** What happens to a charge after it was paid: refunds and disputes. Reads for the API, writes for Activities. */
import type { Kysely } from 'kysely';
import type { RefundMade } from '../domain/refunds.ts';
import type { Charge, Database, Dispute, NewDispute, NewRefund, Refund } from './schema.ts';

/** A charge with what went back of it so far. */
export interface PaidCharge {
  id: string;
  enrollmentId: string;
  paymentIntentId: string | null;
  capturedMinor: number;
  currency: string;
  disputeStatus: string | null;
  refunds: RefundMade[];
}

/** @returns undefined when there is no such charge */
export async function findPaidCharge(
  db: Kysely<Database>,
  by: { chargeId: string } | { paymentIntentId: string },
): Promise<PaidCharge | undefined> {
  const charge = await db
    .selectFrom('charges')
    .selectAll()
    .where((eb) =>
      'chargeId' in by ? eb('id', '=', by.chargeId) : eb('payment_intent_id', '=', by.paymentIntentId),
    )
    .executeTakeFirst();
  return charge === undefined ? undefined : paidCharge(charge, await listRefunds(db, charge.id));
}

/** Oldest first. */
export function listRefunds(db: Kysely<Database>, chargeId: string): Promise<Refund[]> {
  return db
    .selectFrom('refunds')
    .selectAll()
    .where('charge_id', '=', chargeId)
    .orderBy('created_at')
    .orderBy('id')
    .execute();
}

/** Newest first, as far as is known from when they were first read. */
export function listDisputes(
  db: Kysely<Database>,
  charge: Pick<PaidCharge, 'id' | 'enrollmentId'>,
): Promise<Dispute[]> {
  return (
    db
      .selectFrom('disputes')
      .selectAll()
      // By the index that there is.
      .where('enrollment_id', '=', charge.enrollmentId)
      .where('charge_id', '=', charge.id)
      .orderBy('created_at', 'desc')
      .orderBy('id', 'desc')
      .execute()
  );
}

/** The refund that was made for a request. @returns undefined when none is known yet */
export function findRefund(
  db: Kysely<Database>,
  chargeId: string,
  requestKey: string,
): Promise<Refund | undefined> {
  return db
    .selectFrom('refunds')
    .selectAll()
    .where('charge_id', '=', chargeId)
    .where('request_key', '=', requestKey)
    .orderBy('created_at')
    .executeTakeFirst();
}

function paidCharge(charge: Charge, refunds: Refund[]): PaidCharge {
  return {
    id: charge.id,
    enrollmentId: charge.enrollment_id,
    paymentIntentId: charge.payment_intent_id,
    capturedMinor: charge.captured_minor,
    currency: charge.currency,
    disputeStatus: charge.dispute_status,
    refunds: refunds.map(refundMade),
  };
}

/** What a refund takes from what is left. */
export function refundMade({ amount_minor: amountMinor, status }: Refund): RefundMade {
  return { amountMinor, status };
}

/**
 * Has whoever else writes what became of the charge wait for the end of the transaction: what is read after it is all that
 * was written. Other rows may go on referring to the charge.
 */
export async function lockAftermath(trx: Kysely<Database>, chargeId: string): Promise<void> {
  await trx.selectFrom('charges').select('id').where('id', '=', chargeId).forNoKeyUpdate().execute();
}

/**
 * Writes a refund as Stripe has it now. Who asked for it, and why, is kept once it is known: whoever reads Stripe's list
 * first may know nothing of it. Safe to call twice.
 */
export async function saveRefund(db: Kysely<Database>, refund: NewRefund): Promise<void> {
  await db
    .insertInto('refunds')
    .values(refund)
    .onConflict((conflict) =>
      conflict.column('id').doUpdateSet((eb) => ({
        status: eb.ref('excluded.status'),
        failure_reason: eb.ref('excluded.failure_reason'),
        requested_by: eb.fn.coalesce('refunds.requested_by', 'excluded.requested_by'),
        request_key: eb.fn.coalesce('refunds.request_key', 'excluded.request_key'),
        asked_for_all: eb.fn.coalesce('refunds.asked_for_all', 'excluded.asked_for_all'),
        reason: eb.fn.coalesce('refunds.reason', 'excluded.reason'),
        updated_at: eb.ref('excluded.updated_at'),
      })),
    )
    .execute();
}

/** Writes a dispute as Stripe has it now. Safe to call twice. */
export async function saveDispute(db: Kysely<Database>, dispute: NewDispute): Promise<void> {
  await db
    .insertInto('disputes')
    .values(dispute)
    .onConflict((conflict) =>
      conflict.column('id').doUpdateSet((eb) => ({
        status: eb.ref('excluded.status'),
        amount_minor: eb.ref('excluded.amount_minor'),
        evidence_due_at: eb.ref('excluded.evidence_due_at'),
        updated_at: eb.ref('excluded.updated_at'),
      })),
    )
    .execute();
}

/** What went back of a charge, and how its newest dispute stands. Safe to call twice. */
export async function markAftermath(
  db: Kysely<Database>,
  chargeId: string,
  after: { refundedMinor: number; disputeStatus: string | null; at: string },
): Promise<void> {
  await db
    .updateTable('charges')
    .set({
      refunded_minor: after.refundedMinor,
      dispute_status: after.disputeStatus,
      updated_at: after.at,
    })
    .where('id', '=', chargeId)
    .execute();
}
