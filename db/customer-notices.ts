/**
 * What one customer was told, as their page shows it, and that they have read it. Called by web/ only. Besides the
 * contact details `read_at` is all that pages write: it tells what a customer did, and no Workflow decides by it.
 */
import { type Kysely, sql } from 'kysely';
import type { NotificationData } from '../domain/notifications.ts';
import type { Database } from './schema.ts';

export interface CustomerNotice {
  id: string;
  /** As stored: possibly of a newer version. */
  kind: string;
  data: NotificationData;
  createdAt: Date;
  isRead: boolean;
}

/** @returns the newest first */
export async function listCustomerNotices(
  db: Kysely<Database>,
  enrollmentId: string,
  limit: number,
): Promise<CustomerNotice[]> {
  const rows = await db
    .selectFrom('notifications')
    .select(['id', 'kind', 'data', 'created_at as createdAt', 'read_at as readAt'])
    .where('enrollment_id', '=', enrollmentId)
    .orderBy('created_at', 'desc')
    .limit(limit)
    .execute();
  return rows.map(({ readAt, ...row }) => ({
    ...row,
    data: row.data as NotificationData,
    isRead: readAt !== null,
  }));
}

/**
 * Marks messages as read; the first time stays, so calling twice is safe. Ids of another enrollment change nothing.
 * @param ids absent: all of them
 */
export async function markNoticesRead(
  db: Kysely<Database>,
  enrollmentId: string,
  ids?: readonly string[],
): Promise<void> {
  let update = db
    .updateTable('notifications')
    .set({ read_at: sql<Date>`now()` })
    .where('enrollment_id', '=', enrollmentId)
    .where('read_at', 'is', null);
  if (ids !== undefined) {
    update = update.where((eb) => eb('id', '=', eb.fn.any(eb.val(ids))));
  }
  await update.execute();
}
