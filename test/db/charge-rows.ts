/** Rows that tests of `db/` start from. */
import type { Kysely } from 'kysely';
import type { Database, NewCharge } from '../../db/schema.ts';
import type { EnrollmentStatus } from '../../domain/statuses.ts';
import { ONCE } from '../support/billing.ts';

const AT = '2026-11-01T00:00:00.000Z';

export async function insertEnrollmentRow(
  db: Kysely<Database>,
  id: string,
  status: EnrollmentStatus = 'active',
): Promise<void> {
  await db
    .insertInto('customers')
    .values({ id: `cst_${id}` })
    .execute();
  await db
    .insertInto('enrollments')
    .values({
      id,
      workflow_id: `enrollment/${id}`,
      customer_id: `cst_${id}`,
      status,
      locale: 'en',
      terms: JSON.stringify(ONCE),
      currency: 'jpy',
      request_fingerprint: id,
      metadata: '{}',
      livemode: false,
      setup_deadline_at: AT,
      created_at: AT,
      updated_at: AT,
    })
    .execute();
}

export function newCharge(enrollmentId: string, number: number, more: Partial<NewCharge> = {}): NewCharge {
  return {
    id: `chg_${enrollmentId}_${number}`,
    enrollment_id: enrollmentId,
    number,
    origin: 'schedule',
    amount_minor: 980,
    currency: 'jpy',
    due_at: AT,
    status: 'scheduled',
    attempts: 0,
    captured_minor: 0,
    refunded_minor: 0,
    created_at: AT,
    updated_at: AT,
    ...more,
  };
}
