/** The outbox of what customers are told. Activities insert in the transaction of the change that is told. */
import type { Kysely } from 'kysely';
import type { NotificationData, NotificationKind } from '../domain/notifications.ts';
import type { Database } from './schema.ts';

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

/** Inserts a notification, once; a repeat with the same id changes nothing. */
export async function insertNotification(db: Kysely<Database>, notice: NewNotice): Promise<void> {
  await db
    .insertInto('notifications')
    .values({
      id: notice.id,
      enrollment_id: notice.enrollmentId,
      charge_id: notice.chargeId,
      kind: notice.kind,
      locale: notice.locale,
      data: JSON.stringify(notice.data),
      created_at: notice.createdAt,
    })
    .onConflict((conflict) => conflict.column('id').doNothing())
    .execute();
}
