/**
 * The outbox of what customers are told. Activities insert in the transaction of the change that is told; the
 * dispatcher in mail/outbox.ts claims and marks. Time is the database's, so Workers' clocks need not agree.
 */
import { type Kysely, sql } from 'kysely';
import {
  type EnrollmentEnd,
  NOTIFICATION_KINDS,
  type NotificationData,
  type NotificationKind,
} from '../domain/notifications.ts';
import { PAST_DUE_CHARGE } from '../domain/statuses.ts';
import type { Database } from './schema.ts';

/** `next_mail_at` of a mail that is not sent any more. */
const NEVER = '9999-12-31T00:00:00Z';
/** Why there is no mail for somebody whose address nobody knows; for operators. */
export const NO_ADDRESS = 'the customer has no e-mail address';

export interface NewNotice {
  /** Unique: the same fact is told once, e.g. `ntf_…_3_attempt-2`. */
  id: string;
  enrollmentId: string;
  chargeId: string | null;
  kind: NotificationKind;
  locale: string;
  data: NotificationData;
  /** ISO 8601, UTC. */
  createdAt: string;
}

/**
 * Inserts a notification, once; a repeat with the same id changes nothing. It is for the customer's page alone when
 * there is no address to mail it to.
 */
export async function insertNotification(db: Kysely<Database>, notice: NewNotice): Promise<void> {
  await notificationInsert(db, noticeRow(notice)).execute();
}

export type NoticeRow = ReturnType<typeof noticeRow>;

export function noticeRow(notice: NewNotice) {
  return {
    id: notice.id,
    enrollment_id: notice.enrollmentId,
    charge_id: notice.chargeId,
    kind: notice.kind,
    locale: notice.locale,
    data: JSON.stringify(notice.data),
    created_at: notice.createdAt,
  };
}

/** {@link insertNotification} as a statement, of its row. */
export function notificationInsert(db: Kysely<Database>, row: NoticeRow) {
  return db
    .insertInto('notifications')
    .values({
      ...row,
      next_mail_at: sql<Date>`case when ${hasAddress(row)} then now() else ${NEVER}::timestamptz end`,
      mail_error: sql<string | null>`case when ${hasAddress(row)} then null else ${NO_ADDRESS} end`,
    })
    .onConflict((conflict) => conflict.column('id').doNothing());
}

function hasAddress({ enrollment_id: enrollmentId }: NoticeRow) {
  return sql`exists (select 1 from customers join enrollments on enrollments.customer_id = customers.id
    where enrollments.id = ${enrollmentId} and customers.email is not null)`;
}

/** A notification whose mail this process may send until its lease ends. */
export interface ClaimedMail extends EnrollmentEnd {
  id: string;
  enrollmentId: string;
  /** As stored: a row of a newer version may hold a kind that this one does not know. */
  kind: string;
  locale: string;
  data: NotificationData;
  createdAt: Date;
  /** Tries so far, this one counted. */
  attempts: number;
  name: string | null;
  email: string | null;
  /** A charge of the enrollment is in dunning or waits for the customer. */
  hasUnpaid: boolean;
}

/** The statuses as they are written, so that the index of what is open is used. */
const HAS_UNPAID = sql<boolean>`exists (select 1 from charges where charges.enrollment_id = enrollments.id
  and charges.status in (${sql.join(PAST_DUE_CHARGE.map((status) => sql.lit(status)))}))`;

/**
 * Claims mails that are due, oldest first, each for one caller only: others skip them until the lease is over. Of one
 * enrollment only the oldest is claimed, so that nobody reads "all is paid" before the receipt of the last payment; one
 * that has been put off for longer than a lease holds up no other.
 * @param leaseMs milliseconds after which an unmarked mail is due again, because its dispatcher must have died
 */
export async function claimMails(
  db: Kysely<Database>,
  limit: number,
  leaseMs: number,
): Promise<ClaimedMail[]> {
  const rows = await db
    .with(
      // Materialized: a join could otherwise run it more than once, and claim more than `limit`.
      (cte) => cte('due').materialized(),
      (query) =>
        query
          .selectFrom('notifications')
          .select(['id', 'enrollment_id'])
          .where('mailed_at', 'is', null)
          .where('next_mail_at', '<=', sql<Date>`now()`)
          .where(({ not, exists, selectFrom }) =>
            not(
              exists(
                selectFrom('notifications as earlier')
                  .select('earlier.id')
                  .whereRef('earlier.enrollment_id', '=', 'notifications.enrollment_id')
                  .where('earlier.mailed_at', 'is', null)
                  .where('earlier.next_mail_at', '<=', leaseFromThisMoment(leaseMs))
                  .where(
                    sql<boolean>`(earlier.created_at, earlier.id) < (notifications.created_at, notifications.id)`,
                  ),
              ),
            ),
          )
          .orderBy('next_mail_at')
          .limit(limit)
          .forUpdate()
          .skipLocked(),
    )
    .updateTable('notifications')
    .from('due')
    .innerJoin('enrollments', 'enrollments.id', 'due.enrollment_id')
    .innerJoin('customers', 'customers.id', 'enrollments.customer_id')
    .set((eb) => ({ next_mail_at: fromNow(leaseMs), mail_attempts: eb('mail_attempts', '+', 1) }))
    .whereRef('notifications.id', '=', 'due.id')
    .returning((eb) => [
      'notifications.id',
      'notifications.enrollment_id as enrollmentId',
      'notifications.kind',
      'notifications.locale',
      'notifications.data',
      'notifications.created_at as createdAt',
      'notifications.mail_attempts as attempts',
      'customers.name',
      'customers.email',
      'enrollments.ended_at as endedAt',
      'enrollments.cancel_at as cancelAt',
      eb
        .exists(
          eb
            .selectFrom('enrollment_events as accepted')
            .select('accepted.seq')
            .whereRef('accepted.enrollment_id', '=', 'enrollments.id')
            .where('accepted.what', '=', 'enrollment.cancel_accepted'),
        )
        .$castTo<boolean>()
        .as('isCanceling'),
      HAS_UNPAID.as('hasUnpaid'),
    ])
    .execute();
  return rows
    .map((row) => ({ ...row, data: row.data as NotificationData }))
    .sort((a, b) => a.createdAt.getTime() - b.createdAt.getTime());
}

/** The mail server has it. Safe to call twice; the first instant and id stay. */
export async function markMailed(db: Kysely<Database>, id: string, messageId: string): Promise<void> {
  await db
    .updateTable('notifications')
    .set({ mailed_at: sql<Date>`now()`, mail_message_id: messageId, mail_error: null })
    .where('id', '=', id)
    .where('mailed_at', 'is', null)
    .execute();
}

/** The try failed and is repeated after `delayMs`. @param error codes, never an address */
export async function postponeMail(
  db: Kysely<Database>,
  id: string,
  delayMs: number,
  error: string,
): Promise<void> {
  await unlessMailed(db, id)
    .set({ next_mail_at: fromNow(delayMs), mail_error: error })
    .execute();
}

/** Gives back a claim that was not tried: due again at once, and no try is counted. */
export async function releaseMail(db: Kysely<Database>, id: string): Promise<void> {
  await unlessMailed(db, id)
    .set((eb) => ({ next_mail_at: sql<Date>`now()`, mail_attempts: eb('mail_attempts', '-', 1) }))
    .execute();
}

/** No mail is sent for it any more; it stays visible on the customer's page. @param reason for operators */
export async function giveUpMail(db: Kysely<Database>, id: string, reason: string): Promise<void> {
  await unlessMailed(db, id).set({ next_mail_at: NEVER, mail_error: reason }).execute();
}

/** Whether this version has words for a stored kind. */
export function isNotificationKind(kind: string): kind is NotificationKind {
  return NOTIFICATION_KINDS.some((known) => known === kind);
}

function unlessMailed(db: Kysely<Database>, id: string) {
  return db.updateTable('notifications').where('id', '=', id).where('mailed_at', 'is', null);
}

/**
 * No claim that a statement sees ends after it. By `now()`, the time at which the statement began, one that was made before
 * it looked might, and its mail would hold up no other.
 */
function leaseFromThisMoment(leaseMs: number) {
  return sql<Date>`clock_timestamp() + ${leaseMs}::float8 * interval '1 millisecond'`;
}

function fromNow(ms: number) {
  return sql<Date>`now() + ${ms}::float8 * interval '1 millisecond'`;
}
