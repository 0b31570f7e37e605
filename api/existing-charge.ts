/** A charge by its row; before the first attempt, which writes the row, by what its Workflow says. */
import { findCharge, listCharges } from '../db/enrollment-history.ts';
import type { Charge, Enrollment } from '../db/schema.ts';
import { MOST_OPEN_CHARGES } from '../domain/charge-states.ts';
import { chargeNumber } from '../domain/ids.ts';
import { ENDED } from '../domain/statuses.ts';
import type { UntriedCharge } from '../workflows/messages.ts';
import { type BillingClient, EnrollmentNotRunning } from './billing-client.ts';
import type { ApiDeps } from './deps.ts';
import { notFound } from './problems.ts';

/**
 * Asks the Workflow only where there is no row and may be a charge.
 * @throws HttpProblem 404 when nobody knows it; BillingUnavailable when it has no row and the Workflow does not answer
 */
export async function existingCharge(
  { db, billing }: Pick<ApiDeps, 'db' | 'billing'>,
  enrollment: Enrollment,
  wanted: string,
): Promise<Charge> {
  const { id, status } = enrollment;
  const row = await findCharge(db, id, wanted);
  if (row !== undefined) {
    return row;
  }
  const mayBeUntried = !ENDED.some((end) => end === status) && (await mayBeNext(db, id, wanted));
  const untried = mayBeUntried ? await askedUntried(billing, id, wanted) : null;
  if (untried !== null) {
    return untriedRow(enrollment, untried);
  }
  // It may have been tried meanwhile.
  const written = mayBeUntried ? await findCharge(db, id, wanted) : undefined;
  if (written === undefined) {
    throw notFound('charge', wanted);
  }
  return written;
}

/** Whether it is numbered like one of those that may wait for their first attempts; there may be more than were asked for. */
async function mayBeNext(db: ApiDeps['db'], enrollmentId: string, wanted: string): Promise<boolean> {
  const number = chargeNumber(enrollmentId, wanted);
  const [newest] = await listCharges(db, enrollmentId, { limit: 1 });
  return number !== null && number <= (newest?.number ?? 0) + 5 * MOST_OPEN_CHARGES;
}

async function askedUntried(billing: BillingClient, id: string, wanted: string) {
  try {
    return await billing.untriedCharge(id, wanted);
  } catch (error) {
    if (error instanceof EnrollmentNotRunning) {
      return null;
    }
    throw error;
  }
}

/** The charge as it stands before its first attempt, whose Activity writes the row. */
export function untriedRow(
  enrollment: Enrollment,
  { id, number, origin, description, amountMinor, dueAt }: UntriedCharge,
): Charge {
  const at = new Date(dueAt);
  return {
    id,
    enrollment_id: enrollment.id,
    number,
    occurrence: null,
    origin,
    request_key: null,
    description,
    amount_minor: amountMinor,
    currency: enrollment.currency,
    due_at: at,
    status: 'scheduled',
    payment_intent_id: null,
    attempts: 0,
    next_attempt_at: null,
    give_up_at: null,
    captured_minor: 0,
    refunded_minor: 0,
    dispute_status: null,
    last_code: null,
    last_decline_code: null,
    status_reason: null,
    refund_refused: null,
    settled_at: null,
    created_at: at,
    updated_at: at,
  };
}
