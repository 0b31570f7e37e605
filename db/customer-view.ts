/**
 * What the customer's pages read, one query for each need. Called by web/ only. Writes nothing: what customers do
 * goes to the Workflow.
 */
import { type Kysely, sql } from 'kysely';
import type { EnrollmentStatus } from '../domain/statuses.ts';
import type { Terms } from '../domain/terms.ts';
import type { Database } from './schema.ts';
import { CANCEL_ACCEPTED } from './timeline.ts';

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
  /** A cancel at the end of the period takes effect then. */
  cancelAt: Date | null;
  /** A cancel was accepted and waits for a payment that is on its way. */
  isCanceling: boolean;
  /** The newest change of the amount that changed it, with what it was before; null while it is as agreed first. */
  amountChange: AmountChange | null;
  endedAt: Date | null;
  customerName: string | null;
  paymentMethod: CustomerPaymentMethod | null;
  /** Differs whenever anything that the page shows may have changed. */
  stamp: string;
}

export interface AmountChange {
  amountMinor: number;
  beforeMinor: number;
  at: Date;
}

export interface CustomerPaymentMethod {
  type: string;
  brand: string | null;
  last4: string | null;
  expMonth: number | null;
  expYear: number | null;
  savedAt: Date;
  /** It is gone and cannot be charged any more: somebody removed it at Stripe, say. */
  detachedAt: Date | null;
}

export interface CustomerSession {
  id: string;
  status: 'open' | 'complete' | 'expired';
  /** Null while it is open: its customer has done their part, and the bank account is still being proven. */
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
    .leftJoinLateral(
      (eb) =>
        eb
          .selectFrom((changes) =>
            changes
              .selectFrom('enrollment_events as told')
              .whereRef('told.enrollment_id', '=', 'e.id')
              .where('told.what', '=', 'schedule.amount_changed')
              .select(['told.seq', 'told.at', AMOUNT_TOLD.as('amountMinor')])
              .select(
                sql<number>`coalesce(lag(${AMOUNT_TOLD}) over (order by told.seq), ${AMOUNT_AGREED})`.as(
                  'beforeMinor',
                ),
              )
              .as('changed'),
          )
          .select(['changed.at', 'changed.amountMinor', 'changed.beforeMinor'])
          .whereRef('changed.amountMinor', '!=', 'changed.beforeMinor')
          .orderBy('changed.seq', 'desc')
          .limit(1)
          .as('change'),
      (join) => join.onTrue(),
    )
    .where('e.id', '=', id)
    .select((eb) => [
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
      'e.cancel_at as cancelAt',
      'e.ended_at as endedAt',
      eb
        .exists(
          eb
            .selectFrom('enrollment_events as accepted')
            .select('accepted.seq')
            .whereRef('accepted.enrollment_id', '=', 'e.id')
            .where('accepted.what', '=', CANCEL_ACCEPTED),
        )
        .$castTo<boolean>()
        .as('isCanceling'),
      'change.at as changedAt',
      'change.amountMinor as changedAmountMinor',
      'change.beforeMinor as changedBeforeMinor',
      'customers.name as customerName',
      'pm.type',
      'pm.brand',
      'pm.last4',
      'pm.exp_month as expMonth',
      'pm.exp_year as expYear',
      'pm.saved_at as savedAt',
      'pm.detached_at as detachedAt',
      stampOf('e').as('stamp'),
    ])
    .executeTakeFirst();
  if (row === undefined) {
    return undefined;
  }
  const { type, brand, last4, expMonth, expYear, savedAt, detachedAt, ...others } = row;
  const { changedAt, changedAmountMinor, changedBeforeMinor, ...enrollment } = others;
  const paymentMethod =
    type === null || savedAt === null ? null : { type, brand, last4, expMonth, expYear, savedAt, detachedAt };
  const amountChange =
    changedAt === null || changedAmountMinor === null || changedBeforeMinor === null
      ? null
      : { amountMinor: changedAmountMinor, beforeMinor: changedBeforeMinor, at: changedAt };
  return { ...enrollment, paymentMethod, amountChange };
}

const AMOUNT_TOLD = sql<number>`(told.details ->> 'amount_minor')::bigint`;
/** Only a recurring schedule's amount can be changed, and it has one. */
const AMOUNT_AGREED = sql<number>`(e.terms -> 'schedule' ->> 'amountMinor')::bigint`;

/** One Checkout Session of this enrollment, never of another; the newest when no id is given. */
export async function findCustomerSession(
  db: Kysely<Database>,
  enrollmentId: string,
  sessionId?: string,
): Promise<CustomerSession | undefined> {
  const query = newestSession(db, enrollmentId);
  return (sessionId === undefined ? query : query.where('id', '=', sessionId)).executeTakeFirst();
}

/** The newest one whose customer has named a bank account that is still being proven. The API asks, too. */
export async function findSessionBeingProven(
  db: Kysely<Database>,
  enrollmentId: string,
): Promise<CustomerSession | undefined> {
  return newestSession(db, enrollmentId)
    .where('status', '=', 'open')
    .where('url', 'is', null)
    .executeTakeFirst();
}

function newestSession(db: Kysely<Database>, enrollmentId: string) {
  return db
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
}

/** The stamps of many enrollments in one query, as {@link CustomerEnrollment.stamp}; unknown ids are left out. */
export async function readStamps(
  db: Kysely<Database>,
  enrollmentIds: readonly string[],
): Promise<Map<string, string>> {
  const rows = await db
    .selectFrom('enrollments as e')
    .where((eb) => eb('e.id', '=', eb.fn.any(eb.val(enrollmentIds))))
    .select(['e.id', stampOf('e').as('stamp')])
    .execute();
  return new Map(rows.map((row) => [row.id, row.stamp]));
}

/**
 * Of row versions (`xmin`) rather than instants: a row may change twice at one instant of the Workflow's clock.
 * The saved payment method, a Checkout Session, a charge and a message can change without their enrollment; a refund
 * changes its charge's row.
 */
function stampOf(enrollment: string) {
  const e = sql.table(enrollment);
  return sql<string>`concat_ws('.',
    ${e}.xmin,
    coalesce((select m.xmin::text from payment_methods m where m.id = ${e}.default_payment_method_id), '0'),
    (select coalesce(sum(c.xmin::text::bigint), 0) from charges c where c.enrollment_id = ${e}.id),
    (select coalesce(sum(s.xmin::text::bigint), 0) from checkout_sessions s where s.enrollment_id = ${e}.id),
    (select count(*) || '-' || count(n.read_at) from notifications n where n.enrollment_id = ${e}.id))`;
}
