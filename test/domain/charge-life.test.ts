import { describe, expect, it } from '@jest/globals';
import { nextStep, type Situation } from '../../domain/charge-life.ts';
import type { OpenCharge } from '../../domain/open-charge.ts';
import { firstCharge } from './charges.ts';

const NOW = '2026-11-10T12:00:00.000Z';
const PAST = '2026-11-10T11:00:00.000Z';
const SOON = '2026-11-10T12:01:00.000Z';
const LATER = '2026-11-12T09:00:00.000Z';

const charge = (more: Partial<OpenCharge>): OpenCharge =>
  firstCharge({ dueAt: PAST, attempts: 1, methodsTried: ['pm_1'], ...more });
const now = (more: Partial<Situation> = {}): Situation => ({
  canceling: false,
  disputed: false,
  paymentMethodId: 'pm_1',
  otherMethodId: null,
  nowMs: Date.parse(NOW),
  ...more,
});

describe('nextStep of an attempt that never reached Stripe', () => {
  const statuses = ['scheduled', 'requires_payment_method', 'requires_action', 'needs_attention'] as const;

  it.each(statuses)('makes it again when its time has come, in %s', (status) => {
    const why = status === 'needs_attention' ? 'resumed' : 'by_hand';
    expect(nextStep(charge({ status, repeat: { at: PAST, why } }), now())).toEqual({ do: 'attempt', why });
  });

  it.each(statuses)('waits for that time, whatever is planned later, in %s', (status) => {
    const waiting = charge({ status, repeat: { at: SOON, why: 'by_hand' }, nextAttemptAt: LATER });
    expect(nextStep(waiting, now())).toEqual({ do: 'wait', until: SOON, for: 'retry' });
  });

  it.each(statuses)('makes nothing again after a cancel, in %s', (status) => {
    const repeat = { at: PAST, why: 'by_hand' as const };
    expect(nextStep(charge({ status, repeat }), now({ canceling: true }))).toEqual({
      do: 'cancel',
      as: 'canceled',
    });
  });

  it('lets go of the other method when it is gone', () => {
    const repeat = { at: PAST, why: 'other_method' as const };
    const waiting = charge({ status: 'requires_payment_method', repeat, giveUpAt: LATER });
    expect(nextStep(waiting, now())).toEqual({ do: 'wait', until: LATER, for: 'customer' });
    const there = now({ otherMethodId: 'pm_2' });
    expect(nextStep(waiting, there)).toEqual({ do: 'attempt', why: 'other_method' });
  });
});

describe('nextStep while the customer is asked to confirm', () => {
  it('retries when the planned time comes although they have not answered', () => {
    const asked = charge({ status: 'requires_action', nextAttemptAt: PAST, readAt: LATER });
    expect(nextStep(asked, now())).toEqual({ do: 'attempt', why: 'retry' });
  });

  it('waits for the first of reading, retry and deadline', () => {
    const asked = charge({ status: 'requires_action', nextAttemptAt: SOON, readAt: LATER, giveUpAt: LATER });
    expect(nextStep(asked, now())).toEqual({ do: 'wait', until: SOON, for: 'customer' });
  });
});
