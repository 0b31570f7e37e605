import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  planRefund,
  REFUND_TABLE,
  type RefundMade,
  refundAfterReading,
  refundedMinor,
} from '../../domain/refunds.ts';

const charge = (
  refunds: RefundMade[] = [],
  given: { currency?: string; takenMinor?: number | null } = {},
) => ({
  capturedMinor: 1000,
  currency: 'usd',
  refunds,
  takenMinor: 0,
  ...given,
});
const codeOf = (result: ReturnType<typeof planRefund>) => ('refused' in result ? result.refused.code : null);

describe('refundAfterReading', () => {
  const STATUSES = [...Object.keys(REFUND_TABLE), 'brand_new_status'];
  const may = (known: string) => STATUSES.filter((seen) => refundAfterReading(known, seen) === seen);

  it.each([
    ['pending', STATUSES],
    ['requires_action', STATUSES],
    ['succeeded', ['succeeded', 'failed', 'canceled', 'brand_new_status']],
    ['failed', ['failed']],
    ['canceled', ['canceled']],
    ['brand_new_status', STATUSES],
  ])('after %s a later reading shows %j; anything else is older', (known, later) => {
    expect(may(known)).toEqual(later);
  });

  it('takes the first reading as it is', () => {
    expect(STATUSES.map((seen) => refundAfterReading(null, seen))).toEqual(STATUSES);
  });
});

describe('planRefund', () => {
  it('refunds all, a part, and all that is left', () => {
    expect(planRefund(charge(), null)).toEqual({ amountMinor: 1000 });
    expect(planRefund(charge(), 400)).toEqual({ amountMinor: 400 });
    expect(planRefund(charge([{ amountMinor: 400, status: 'succeeded' }]), null)).toEqual({
      amountMinor: 600,
    });
  });

  it.each([
    ['pending', 600],
    ['requires_action', 600],
    ['succeeded', 600],
    ['failed', 1000],
    ['canceled', 1000],
    ['brand_new_status', 600],
  ])('after one of 400 that is %s leaves %i', (status, left) => {
    const after = charge([{ amountMinor: 400, status }]);
    expect(planRefund(after, left)).toEqual({ amountMinor: left });
    expect(codeOf(planRefund(after, left + 1))).toBe('refund_too_large');
  });

  it('refuses when nothing is left, when disputed, and amounts that are none', () => {
    expect(codeOf(planRefund(charge([{ amountMinor: 1000, status: 'pending' }]), null))).toBe(
      'nothing_to_refund',
    );
    expect(codeOf(planRefund(charge([], { takenMinor: null }), 1))).toBe('charge_disputed');
    expect(codeOf(planRefund(charge([], { takenMinor: 1000 }), null))).toBe('nothing_to_refund');
    expect(planRefund(charge([], { takenMinor: 600 }), null)).toEqual({ amountMinor: 400 });
    for (const amount of [0, -1, 1.5, Number.NaN]) {
      expect(codeOf(planRefund(charge(), amount))).toBe('refund_amount_invalid');
    }
    expect(codeOf(planRefund(charge([], { currency: 'isk' }), 150))).toBe('refund_amount_invalid');
  });

  it('says the value and what was expected', () => {
    expect(planRefund(charge([{ amountMinor: 400, status: 'succeeded' }]), 601)).toEqual({
      refused: {
        code: 'refund_too_large',
        message: 'amount 601 (USD 6.01) is more than is left to refund, 600 (USD 6.00)',
      },
    });
  });

  it('never lets more go back than was captured, whatever becomes of the refunds', () => {
    const step = fc.record({
      amount: fc.option(fc.integer({ min: 1, max: 1200 })),
      status: fc.constantFrom('pending', 'succeeded', 'failed', 'canceled', 'requires_action'),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 20 }), (steps) => {
        const refunds: RefundMade[] = [];
        for (const { amount, status } of steps) {
          const planned = planRefund(charge(refunds), amount);
          if ('amountMinor' in planned) {
            refunds.push({ amountMinor: planned.amountMinor, status });
          }
          expect(refundedMinor(refunds)).toBeLessThanOrEqual(1000);
        }
      }),
    );
  });
});
