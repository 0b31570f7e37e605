import { describe, expect, it } from '@jest/globals';
import { type EnrollmentEnd, type NotificationData, withoutEndedPlan } from '../../domain/notifications.ts';

const data: NotificationData = {
  amountMinor: 1980,
  currency: 'jpy',
  description: null,
  chargeNumber: 1,
  dueAt: '2026-11-23T00:00:00.000Z',
  nextAttemptAt: null,
  nextChargeAt: '2026-12-23T00:00:00.000Z',
  reason: 'declined',
  timeZone: 'UTC',
  giveUpAt: '2026-12-09T00:00:00.000Z',
  afterGivingUp: 'keep_active',
};
const told = (end: Partial<EnrollmentEnd>, of = data) => {
  const none = { endedAt: null, cancelAt: null, isCanceling: false };
  const { nextChargeAt, giveUpAt, afterGivingUp } = withoutEndedPlan(of, { ...none, ...end });
  return { nextChargeAt, giveUpAt, afterGivingUp };
};

describe('what may still be said in a message', () => {
  const { nextChargeAt, giveUpAt } = data;
  const at = (day: string) => new Date(`${day}T00:00:00.000Z`);

  it.each<[string, Partial<EnrollmentEnd>, object]>([
    ['all of it while the enrollment goes on', {}, { nextChargeAt, giveUpAt, afterGivingUp: 'keep_active' }],
    ['no next charge after a cancel', { cancelAt: at('2026-12-23') }, { nextChargeAt: null, giveUpAt }],
    ['the next charge before it', { cancelAt: at('2027-01-23') }, { nextChargeAt, giveUpAt }],
    ['no deadline once it is being canceled', { isCanceling: true }, { nextChargeAt: null }],
    ['no deadline once it has ended', { endedAt: at('2026-12-01') }, { nextChargeAt: null }],
  ])('is %s', (_name, end, expected) => {
    expect(told(end)).toEqual({ giveUpAt: undefined, afterGivingUp: undefined, ...expected });
  });

  it('is that the agreement ends, also before a cancel would take effect', () => {
    const ends = { ...data, afterGivingUp: 'cancel' as const };
    expect(told({ cancelAt: at('2027-01-23') }, ends).afterGivingUp).toBe('cancel');
  });
});
