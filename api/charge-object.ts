/** A charge's row as the API answers it. Pure. */
import type { Charge } from '../db/schema.ts';
import type { ChargeObject } from './schemas/charges.ts';

export function chargeObjectOf(row: Charge): ChargeObject {
  return {
    object: 'charge',
    id: row.id,
    enrollment_id: row.enrollment_id,
    number: row.number,
    origin: row.origin,
    status: row.status,
    amount_minor: row.amount_minor,
    currency: row.currency,
    description: row.description,
    due_at: row.due_at.toISOString(),
    attempts: row.attempts,
    next_attempt_at: row.next_attempt_at?.toISOString() ?? null,
    give_up_at: row.give_up_at?.toISOString() ?? null,
    last_code: row.last_code,
    last_decline_code: row.last_decline_code,
    status_reason: row.refund_refused ?? row.status_reason,
    payment_intent_id: row.payment_intent_id,
    captured_minor: row.captured_minor,
    refunded_minor: row.refunded_minor,
    dispute_status: row.dispute_status,
    settled_at: row.settled_at?.toISOString() ?? null,
    created_at: row.created_at.toISOString(),
    updated_at: row.updated_at.toISOString(),
  };
}
