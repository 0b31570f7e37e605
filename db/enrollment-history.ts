/** Reads for the API: charges, timeline and notifications of one enrollment, page by page. */
import { type Kysely, sql } from 'kysely';
import type { KeyedDetails } from '../domain/keyed-requests.ts';
import type { After } from './enrollment-views.ts';
import type { Charge, Database, Notification, TimelineEntry } from './schema.ts';

/** Charges from the newest number down. @param beforeNumber absent: from the newest */
export function listCharges(
  db: Kysely<Database>,
  enrollmentId: string,
  page: { beforeNumber?: number | undefined; limit: number },
): Promise<Charge[]> {
  let query = db
    .selectFrom('charges')
    .selectAll()
    .where('enrollment_id', '=', enrollmentId)
    .orderBy('number', 'desc')
    .limit(page.limit);
  if (page.beforeNumber !== undefined) {
    // As bigint: a cursor may be any number, the column's type is smaller.
    query = query.where(sql<boolean>`number < ${page.beforeNumber}::bigint`);
  }
  return query.execute();
}

/** @returns undefined also when the charge belongs to another enrollment */
export function findCharge(
  db: Kysely<Database>,
  enrollmentId: string,
  chargeId: string,
): Promise<Charge | undefined> {
  return db
    .selectFrom('charges')
    .selectAll()
    .where('id', '=', chargeId)
    .where('enrollment_id', '=', enrollmentId)
    .executeTakeFirst();
}

/** The charge that a request made, however long ago. @returns undefined when there is none, or it has not begun yet */
export function findChargeOfRequest(
  db: Kysely<Database>,
  enrollmentId: string,
  requestKey: string,
): Promise<Charge | undefined> {
  return db
    .selectFrom('charges')
    .selectAll()
    .where('enrollment_id', '=', enrollmentId)
    .where('request_key', '=', requestKey)
    .executeTakeFirst();
}

/** What was done for a request that came with a key, as the timeline keeps it. */
export interface KeyedCommand {
  what: string;
  /** The last two of a change of amount. */
  details: KeyedDetails & { balance_minor?: number; charge_id?: string | null };
}

/** What a request has done, however long ago. @returns undefined when there is nothing */
export function findKeyedCommand(
  db: Kysely<Database>,
  enrollmentId: string,
  requestKey: string,
): Promise<KeyedCommand | undefined> {
  return db
    .selectFrom('enrollment_events')
    .select(['what', sql<KeyedCommand['details']>`details`.as('details')])
    .where('enrollment_id', '=', enrollmentId)
    .where(sql<boolean>`details->>'request_key' = ${requestKey}`)
    .orderBy('seq')
    .executeTakeFirst();
}

/** Facts from the newest down. @param beforeSeq absent: from the newest */
export function listTimeline(
  db: Kysely<Database>,
  enrollmentId: string,
  page: { beforeSeq?: number | undefined; limit: number },
): Promise<TimelineEntry[]> {
  let query = db
    .selectFrom('enrollment_events')
    .selectAll()
    .where('enrollment_id', '=', enrollmentId)
    .orderBy('seq', 'desc')
    .limit(page.limit);
  if (page.beforeSeq !== undefined) {
    query = query.where('seq', '<', page.beforeSeq);
  }
  return query.execute();
}

/** Notifications from the newest down. */
export function listNotifications(
  db: Kysely<Database>,
  enrollmentId: string,
  page: { after?: After | undefined; limit: number },
): Promise<Notification[]> {
  let query = db
    .selectFrom('notifications')
    .selectAll()
    .where('enrollment_id', '=', enrollmentId)
    .orderBy('created_at', 'desc')
    .orderBy('id', 'desc')
    .limit(page.limit);
  if (page.after !== undefined) {
    const { at, id } = page.after;
    query = query.where(sql<boolean>`(created_at, id) < (${at}::timestamptz, ${id})`);
  }
  return query.execute();
}

/**
 * Marks a notification as read; the first time stays. Safe to call twice.
 * @returns undefined also when it belongs to another enrollment
 */
export function markNotificationRead(
  db: Kysely<Database>,
  enrollmentId: string,
  notificationId: string,
): Promise<Notification | undefined> {
  return db
    .updateTable('notifications')
    .set({ read_at: sql<Date>`coalesce(read_at, now())` })
    .where('id', '=', notificationId)
    .where('enrollment_id', '=', enrollmentId)
    .returningAll()
    .executeTakeFirst();
}
