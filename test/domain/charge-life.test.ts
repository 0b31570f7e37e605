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
  timeRests: false,
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

describe('nextStep of a charge whose time is over', () => {
  const gaveUp = { do: 'cancel', as: 'uncollectible' };
  const outOfTime = (status: OpenCharge['status'], more: Partial<OpenCharge> = {}) =>
    charge({ status, paymentIntentId: 'pi_1', giveUpAt: PAST, ...more });
  const disputed = now({ disputed: true, timeRests: true });

  it.each(['requires_payment_method', 'requires_action'] as const)(
    'gives it up, unless a dispute has kept its customer from paying: %s',
    (status) => {
      expect(nextStep(outOfTime(status), now())).toEqual(gaveUp);
      expect(nextStep(outOfTime(status), disputed)).toEqual({ do: 'wait', until: null, for: 'dispute' });
    },
  );

  it('reads meanwhile what the bank was asked', () => {
    const asked = (readAt: string) => outOfTime('requires_action', { readAt });
    expect(nextStep(asked(LATER), disputed)).toEqual({ do: 'wait', until: LATER, for: 'dispute' });
    expect(nextStep(asked(PAST), disputed)).toEqual({ do: 'read' });
  });

  it('gives it up during a dispute when somebody says so, and cancels it with its enrollment', () => {
    const givenUp = { by: 'operator', reason: null, enrollment: 'cancel' as const };
    expect(nextStep(outOfTime('requires_payment_method', { givenUp }), disputed)).toEqual(gaveUp);
    expect(nextStep(outOfTime('requires_payment_method'), { ...disputed, canceling: true })).toEqual({
      do: 'cancel',
      as: 'canceled',
    });
  });
});

describe('nextStep of a charge that needs attention', () => {
  const parked = (more: Partial<OpenCharge>) =>
    charge({ status: 'needs_attention', paymentIntentId: 'pi_1', problem: 'StripeKeyRefused', ...more });
  const givenUp = { by: 'workflow', reason: 'dunning is over', enrollment: 'cancel' } as const;
  const capture = {
    do: 'capture',
    order: { do: 'capture', by: 'operator', reason: null, amountMinor: 400 },
  } as const;
  const gaveUp = { do: 'cancel', as: 'uncollectible' } as const;
  const waits = { do: 'wait', until: null, for: 'operator' };

  it.each([
    [{ do: 'attempt' }, { do: 'attempt', why: 'resumed' }],
    [{ do: 'read' }, { do: 'read' }],
    [capture, capture],
    [gaveUp, gaveUp],
  ] as const)('does again what was refused once it is resumed, and not before: %j', (parkedAt, step) => {
    expect(nextStep(parked({ parkedAt }), now())).toEqual(waits);
    expect(nextStep(parked({ parkedAt, resumed: true }), now())).toEqual(step);
  });

  it.each([gaveUp, { do: 'attempt' }] as const)('tries nothing once dunning is over: %j', (parkedAt) => {
    expect(nextStep(parked({ parkedAt, givenUp }), now())).toEqual(waits);
    expect(nextStep(parked({ parkedAt, givenUp, resumed: true }), now())).toEqual(gaveUp);
  });

  it.each([{ do: 'read' }, gaveUp] as const)('does it again without a method, too: %j', (parkedAt) => {
    const without = now({ paymentMethodId: null });
    expect(nextStep(parked({ parkedAt, resumed: true }), without)).toEqual(parkedAt);
  });

  it('is canceled when somebody says so, also where giving it up was refused; where that was refused, waits', () => {
    const canceling = now({ canceling: true });
    const canceled = { do: 'cancel', as: 'canceled' } as const;
    expect(nextStep(parked({ parkedAt: gaveUp, givenUp, cancelTries: 1 }), canceling)).toEqual(canceled);
    expect(nextStep(parked({ parkedAt: canceled, cancelTries: 2 }), canceling)).toEqual(waits);
    expect(nextStep(parked({ parkedAt: canceled, cancelTries: 2, resumed: true }), canceling)).toEqual(
      canceled,
    );
  });

  it('goes by what older versions wrote, which is not what was refused', () => {
    expect(nextStep(parked({ resumed: true }), now())).toEqual({ do: 'attempt', why: 'resumed' });
    expect(nextStep(parked({ cancelTries: 1 }), now({ canceling: true }))).toEqual(waits);
  });
});
