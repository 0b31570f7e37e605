/** One plausible notification of every kind, and one whose every text is hostile. */
import type { NotificationData, NotificationKind } from '../../domain/notifications.ts';

export { sampleNotices } from '../../mail/samples.ts';

export const HOSTILE = `"><script>alert('x')</script>&\r\nBcc: victim@example.com\r\n{amount}{{ merchant }}`;

export function hostileNotice(kind: NotificationKind): { kind: NotificationKind; data: NotificationData } {
  return {
    kind,
    data: {
      amountMinor: 1980,
      currency: 'jpy',
      description: HOSTILE,
      chargeNumber: 1,
      dueAt: '2026-11-23T00:00:00.000Z',
      nextAttemptAt: '2026-11-24T01:00:00.000Z',
      nextChargeAt: '2026-12-23T00:00:00.000Z',
      reason: 'declined',
      timeZone: 'Asia/Tokyo',
    },
  };
}
