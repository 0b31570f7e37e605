/** Rows as the Activities leave them: charges with their attempts and movements, for whoever counts them. */
import type { Kysely } from 'kysely';
import type { Database } from '../../db/schema.ts';
import { enrollmentWorkflowId } from '../../domain/ids.ts';
import type { ChargeStatus } from '../../domain/statuses.ts';
import { MONTHLY } from '../support/billing.ts';

export interface ChargeMade {
  currency: string;
  amountMinor: number;
  status: ChargeStatus;
  /** Codes of the declines before what it came to; null is a decline without any. */
  declines?: (string | null)[];
  dueAt: Date;
  /** Of the last attempt, and of the payment; of the first attempt where nothing has come of it. `dueAt` when absent. */
  at?: Date;
  refundedMinor?: number;
  /** The bank sent the refund back. */
  refundCameBack?: boolean;
  /** Why it does not go back. */
  refundRefused?: string;
}

const HOUR_MS = 3_600_000;
let made = 0;

/** Writes a customer, an enrollment and its one charge. @returns the enrollment's id */
export async function makeCharge(db: Kysely<Database>, charge: ChargeMade): Promise<string> {
  made += 1;
  const suffix = String(made).padStart(26, '0');
  const enrollmentId = `enr_${suffix}`;
  const chargeId = `chg_${suffix}_1`;
  const { currency, amountMinor, status, declines = [], dueAt, at = dueAt } = charge;
  await db
    .insertInto('customers')
    .values({ id: `cus_${suffix}` })
    .execute();
  await db
    .insertInto('enrollments')
    .values({
      id: enrollmentId,
      workflow_id: enrollmentWorkflowId(enrollmentId),
      customer_id: `cus_${suffix}`,
      status: status === 'succeeded' ? 'active' : 'past_due',
      description: null,
      locale: 'en',
      terms: JSON.stringify(MONTHLY),
      currency,
      request_fingerprint: 'f',
      metadata: '{}',
      livemode: false,
      setup_deadline_at: dueAt,
      created_at: dueAt,
      updated_at: dueAt,
    })
    .execute();
  const paid = status === 'succeeded';
  const attempts = declines.length + (paid ? 1 : 0);
  await db
    .insertInto('charges')
    .values({
      id: chargeId,
      enrollment_id: enrollmentId,
      number: 1,
      origin: 'schedule',
      amount_minor: amountMinor,
      currency,
      due_at: dueAt,
      status,
      attempts,
      captured_minor: paid ? amountMinor : 0,
      refunded_minor: charge.refundCameBack ? 0 : (charge.refundedMinor ?? 0),
      last_decline_code: declines.at(-1) ?? null,
      refund_refused: charge.refundRefused ?? null,
      status_reason: status === 'needs_attention' ? 'Stripe refused the key' : null,
      created_at: status === 'scheduled' ? at : dueAt,
      updated_at: at,
    })
    .execute();
  const outcomes = [
    ...declines.map((code) => ({ outcome: 'declined', code: 'card_declined', decline_code: code })),
    ...(paid ? [{ outcome: 'succeeded', code: null, decline_code: null }] : []),
  ];
  for (const [index, outcome] of outcomes.entries()) {
    await db
      .insertInto('charge_attempts')
      .values({
        charge_id: chargeId,
        attempt: index + 1,
        enrollment_id: enrollmentId,
        idempotency_key: `${chargeId}/${index + 1}`,
        payment_method_id: 'pm_1',
        attempted_at: new Date(at.getTime() - (outcomes.length - 1 - index) * HOUR_MS),
        ...outcome,
      })
      .execute();
  }
  const move = (kind: 'payment' | 'refund' | 'refund_failed', moved: number) =>
    db
      .insertInto('ledger_entries')
      .values({
        key: `${kind}/${chargeId}`,
        enrollment_id: enrollmentId,
        charge_id: chargeId,
        kind,
        amount_minor: moved,
        currency,
        stripe_object_id: `pi_${suffix}`,
        at,
      })
      .execute();
  if (paid) {
    await move('payment', amountMinor);
  }
  if (charge.refundedMinor !== undefined) {
    await move('refund', -charge.refundedMinor);
    if (charge.refundCameBack) {
      await move('refund_failed', charge.refundedMinor);
    }
  }
  return enrollmentId;
}
