/** Plausible notifications, for the preview and for tests: one of every kind, and a first failure for every reason. */
import {
  CUSTOMER_REASONS,
  NOTIFICATION_KINDS,
  type NotificationData,
  type NotificationKind,
} from '../domain/notifications.ts';

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
  Pick<
    NotificationData,
    'amountMinor' | 'dueAt' | 'nextAttemptAt' | 'nextChargeAt' | 'reason' | 'giveUpAt' | 'afterGivingUp'
  >
>;

const DIFFERENCES: Readonly<Record<NotificationKind, Difference>> = {
  charge_succeeded: { nextChargeAt: '2026-12-23T00:00:00.000Z' },
  charge_failed: { reason: 'insufficient_funds', nextAttemptAt: '2026-11-24T01:00:00.000Z' },
  authentication_required: {
    reason: 'authentication_required',
    giveUpAt: '2026-12-09T01:00:00.000Z',
    afterGivingUp: 'cancel',
  },
  last_try_ahead: { reason: 'declined', nextAttemptAt: '2026-12-02T01:00:00.000Z' },
  charge_recovered: { nextChargeAt: '2026-12-23T00:00:00.000Z' },
  charge_given_up: { reason: 'expired_card' },
  charge_processing: {},
  charge_refunded: { amountMinor: 990 },
  refund_failed: { amountMinor: 990 },
  payment_method_needed: { dueAt: null, nextChargeAt: '2026-12-23T00:00:00.000Z' },
  enrollment_canceled: { amountMinor: null, dueAt: null },
  enrollment_completed: { amountMinor: null, dueAt: null },
  enrollment_expired: { amountMinor: null, dueAt: null },
};

export function sampleNotices(): { kind: NotificationKind; data: NotificationData }[] {
  return NOTIFICATION_KINDS.map((kind) => ({ kind, data: { ...MONTHLY, ...DIFFERENCES[kind] } }));
}

/** What the preview shows: every kind under its own name, then the other reasons of a first failure. */
export function previewNotices(): { name: string; kind: NotificationKind; data: NotificationData }[] {
  const kinds = sampleNotices().map((notice) => ({ name: notice.kind, ...notice }));
  const failed = kinds.filter(({ kind }) => kind === 'charge_failed');
  const others = CUSTOMER_REASONS.filter((reason) => reason !== DIFFERENCES.charge_failed.reason);
  const reasons = failed.flatMap(({ kind, data }) =>
    others.map((reason) => {
      const isTriedAgain = reason === 'declined' || reason === 'temporary';
      const nextAttemptAt = isTriedAgain ? data.nextAttemptAt : null;
      const deadline = isTriedAgain
        ? {}
        : { giveUpAt: '2026-12-09T01:00:00.000Z', afterGivingUp: 'pause' as const };
      return { name: `${kind}-${reason}`, kind, data: { ...data, reason, nextAttemptAt, ...deadline } };
    }),
  );
  return [...kinds, ...reasons];
}
