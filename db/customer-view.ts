/**
 * What the customer's pages read, one query for each need. Called by web/ only. Writes nothing: what customers do
 * goes to the Workflow.
 */
import { type Kysely, sql } from 'kysely';
import type { NotificationData } from '../domain/notifications.ts';
import { type ChargeStatus, type EnrollmentStatus, PAST_DUE_CHARGE } from '../domain/statuses.ts';
import type { Terms } from '../domain/terms.ts';
import type { Database } from './schema.ts';

export interface CustomerEnrollment {
  id: string;
  status: EnrollmentStatus;
  description: string | null;
  locale: string;
  terms: Terms;
  currency: string;
  returnUrl: string | null;
  nextChargeAt: Date | null;
  nextChargeAmountMinor: number | null;
  setupDeadlineAt: Date;
  pausedUntil: Date | null;
  endedAt: Date | null;
  customerName: string | null;
  paymentMethod: CustomerPaymentMethod | null;
  /** Differs whenever anything that the page shows may have changed. */
  stamp: string;
}

export interface CustomerPaymentMethod {
  type: string;
  brand: string | null;
  last4: string | null;
  expMonth: number | null;
  expYear: number | null;
  savedAt: Date;
}

export interface CustomerCharge {
  id: string;
  number: number;
  description: string | null;
  amountMinor: number;
  currency: string;
  dueAt: Date;
  status: ChargeStatus;
  nextAttemptAt: Date | null;
  capturedMinor: number;
  refundedMinor: number;
  disputeStatus: string | null;
  settledAt: Date | null;
  updatedAt: Date;
  /** While it is past due: the kind and reason of the newest notification about it. */
  told: { kind: string; reason: string | null } | null;
}

export interface CustomerNotice {
  id: string;
  /** As stored: possibly of a newer version. */
  kind: string;
  data: NotificationData;
  createdAt: Date;
}

export interface CustomerSession {
  id: string;
  status: 'open' | 'complete' | 'expired';
  url: string | null;
  expiresAt: Date;
  completedAt: Date | null;
  refusedReason: string | null;
}

/** @returns undefined when there is no such enrollment */
export async function findCustomerEnrollment(
  db: Kysely<Database>,
  id: string,
): Promise<CustomerEnrollment | undefined> {
  const row = await db
    .selectFrom('enrollments as e')
    .innerJoin('customers', 'customers.id', 'e.customer_id')
    .leftJoin('payment_methods as pm', 'pm.id', 'e.default_payment_method_id')
    .where('e.id', '=', id)
    .select([
      'e.id',
      'e.status',
      'e.description',
      'e.locale',
      'e.terms',
      'e.currency',
      'e.return_url as returnUrl',
      'e.next_charge_at as nextChargeAt',
      'e.next_charge_amount_minor as nextChargeAmountMinor',
      'e.setup_deadline_at as setupDeadlineAt',
      'e.paused_until as pausedUntil',
      'e.ended_at as endedAt',
      'customers.name as customerName',
      'pm.type',
      'pm.brand',
      'pm.last4',
      'pm.exp_month as expMonth',
      'pm.exp_year as expYear',
      'pm.saved_at as savedAt',
      stampOf('e').as('stamp'),
    ])
    .executeTakeFirst();
  if (row === undefined) {
    return undefined;
  }
  const { type, brand, last4, expMonth, expYear, savedAt, ...enrollment } = row;
  const paymentMethod =
    type === null || savedAt === null ? null : { type, brand, last4, expMonth, expYear, savedAt };
  return { ...enrollment, paymentMethod };
}

/** @returns `limit` charges at most, the newest first; those that are not settled before all others get a place */
export async function listCustomerCharges(
  db: Kysely<Database>,
  enrollmentId: string,
  limit: number,
): Promise<CustomerCharge[]> {
  const rows = await db
    .selectFrom('charges as c')
    .leftJoinLateral(
      (eb) =>
        eb
          .selectFrom('notifications as n')
          .select(['n.kind', sql<string | null>`n.data ->> 'reason'`.as('reason')])
          .whereRef('n.enrollment_id', '=', 'c.enrollment_id')
          .whereRef('n.charge_id', '=', 'c.id')
          .where('c.status', 'in', [...PAST_DUE_CHARGE])
          .orderBy('n.created_at', 'desc')
          .limit(1)
          .as('told'),
      (join) => join.onTrue(),
    )
    .where('c.enrollment_id', '=', enrollmentId)
    .orderBy(sql`c.settled_at is not null`)
    .orderBy('c.number', 'desc')
    .limit(limit)
    .select([
      'c.id',
      'c.number',
      'c.description',
      'c.amount_minor as amountMinor',
      'c.currency',
      'c.due_at as dueAt',
      'c.status',
      'c.next_attempt_at as nextAttemptAt',
      'c.captured_minor as capturedMinor',
      'c.refunded_minor as refundedMinor',
      'c.dispute_status as disputeStatus',
      'c.settled_at as settledAt',
      'c.updated_at as updatedAt',
      'told.kind as toldKind',
      'told.reason as toldReason',
    ])
    .execute();
  return rows
    .map(({ toldKind, toldReason, ...charge }) => ({
      ...charge,
      told: toldKind === null ? null : { kind: toldKind, reason: toldReason },
    }))
    .sort((a, b) => b.number - a.number);
}

/** @returns the newest first */
export async function listCustomerNotices(
  db: Kysely<Database>,
  enrollmentId: string,
  limit: number,
): Promise<CustomerNotice[]> {
  const rows = await db
    .selectFrom('notifications')
    .select(['id', 'kind', 'data', 'created_at as createdAt'])
    .where('enrollment_id', '=', enrollmentId)
    .orderBy('created_at', 'desc')
    .limit(limit)
    .execute();
  return rows.map((row) => ({ ...row, data: row.data as NotificationData }));
}

/** One Checkout Session of this enrollment, never of another; the newest when no id is given. */
export async function findCustomerSession(
  db: Kysely<Database>,
  enrollmentId: string,
  sessionId?: string,
): Promise<CustomerSession | undefined> {
  let query = db
    .selectFrom('checkout_sessions')
    .select([
      'id',
      'status',
      'url',
      'expires_at as expiresAt',
      'completed_at as completedAt',
      'refused_reason as refusedReason',
    ])
    .where('enrollment_id', '=', enrollmentId)
    .orderBy('created_at', 'desc')
    .limit(1);
  if (sessionId !== undefined) {
    query = query.where('id', '=', sessionId);
  }
  return query.executeTakeFirst();
}

/** The stamps of many enrollments in one query, as {@link CustomerEnrollment.stamp}; unknown ids are left out. */
export async function readStamps(
  db: Kysely<Database>,
  enrollmentIds: readonly string[],
): Promise<Map<string, string>> {
  const rows = await db
    .selectFrom('enrollments as e')
    .where('e.id', 'in', enrollmentIds)
    .select(['e.id', stampOf('e').as('stamp')])
    .execute();
  return new Map(rows.map((row) => [row.id, row.stamp]));
}

/**
 * Of row versions (`xmin`) rather than instants: a row may change twice at one instant of the Workflow's clock.
 * A Checkout Session and a charge can change without their enrollment.
 */
function stampOf(enrollment: string) {
  const e = sql.table(enrollment);
  return sql<string>`concat_ws('.',
    ${e}.xmin,
    (select coalesce(sum(c.xmin::text::bigint), 0) from charges c where c.enrollment_id = ${e}.id),
    (select coalesce(sum(s.xmin::text::bigint), 0) from checkout_sessions s where s.enrollment_id = ${e}.id),
    (select count(*) from notifications n where n.enrollment_id = ${e}.id))`;
}
