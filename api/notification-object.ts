/** A notification's row as the API answers it. Pure. */
import type { Notification } from '../db/schema.ts';
import { CUSTOMER_REASONS } from '../domain/notifications.ts';
import type { NotificationObject } from './schemas/history.ts';

export function notificationObjectOf(row: Notification): NotificationObject {
  const { data } = row;
  const number = (name: string) => (typeof data[name] === 'number' ? data[name] : null);
  const text = (name: string) => (typeof data[name] === 'string' ? data[name] : null);
  return {
    object: 'notification',
    id: row.id,
    enrollment_id: row.enrollment_id,
    charge_id: row.charge_id,
    kind: row.kind,
    locale: row.locale,
    data: {
      amount_minor: number('amountMinor'),
      currency: text('currency') ?? '',
      description: text('description'),
      charge_number: number('chargeNumber'),
      due_at: text('dueAt'),
      next_attempt_at: text('nextAttemptAt'),
      next_charge_at: text('nextChargeAt'),
      give_up_at: text('giveUpAt'),
      reason: CUSTOMER_REASONS.find((reason) => reason === data.reason) ?? null,
      time_zone: text('timeZone') ?? 'UTC',
    },
    created_at: row.created_at.toISOString(),
    mailed_at: row.mailed_at?.toISOString() ?? null,
    read_at: row.read_at?.toISOString() ?? null,
  };
}
