/** One plausible notification of every kind, for the preview and for tests. */
import { NOTIFICATION_KINDS, type NotificationData, type NotificationKind } from '../domain/notifications.ts';

const MONTHLY: NotificationData = {
  amountMinor: 1980,
  currency: 'jpy',
  description: 'Coffee club, monthly',
  chargeNumber: 3,
  dueAt: '2026-11-23T00:00:00.000Z',
  nextAttemptAt: null,
  nextChargeAt: null,
  reason: null,
  timeZone: 'Asia/Tokyo',
};

type Difference = Partial<
  Pick<NotificationData, 'amountMinor' | 'dueAt' | 'nextAttemptAt' | 'nextChargeAt' | 'reason'>
>;

const DIFFERENCES: Readonly<Record<NotificationKind, Difference>> = {
  charge_succeeded: { nextChargeAt: '2026-12-23T00:00:00.000Z' },
  charge_failed: { reason: 'insufficient_funds', nextAttemptAt: '2026-11-24T01:00:00.000Z' },
  authentication_required: { reason: 'authentication_required' },
  last_try_ahead: { reason: 'declined', nextAttemptAt: '2026-12-02T01:00:00.000Z' },
  charge_recovered: { nextChargeAt: '2026-12-23T00:00:00.000Z' },
  charge_given_up: { reason: 'expired_card' },
  charge_processing: {},
  charge_refunded: { amountMinor: 990 },
  payment_method_needed: { dueAt: null, nextChargeAt: '2026-12-23T00:00:00.000Z' },
  enrollment_canceled: { amountMinor: null, dueAt: null },
  enrollment_completed: { amountMinor: null, dueAt: null },
  enrollment_expired: { amountMinor: null, dueAt: null },
};

export function sampleNotices(): { kind: NotificationKind; data: NotificationData }[] {
  return NOTIFICATION_KINDS.map((kind) => ({ kind, data: { ...MONTHLY, ...DIFFERENCES[kind] } }));
}
