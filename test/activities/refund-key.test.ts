import { describe, expect, it } from '@jest/globals';
import { refundKey } from '../../activities/refund-key.ts';
import { isOwnIdempotencyKey } from '../../domain/ids.ts';

/** The longest ids that there are. */
const CHARGE = { enrollmentId: `enr_${'a'.repeat(26)}`, id: `chg_${'a'.repeat(26)}_999999999` };
const LONGEST = 255;
const base = refundKey(CHARGE, '', 0).length;

describe('refundKey', () => {
  it('is made of the key as it came while that fits, so that a refund under way keeps it', () => {
    expect(refundKey(CHARGE, 'order-1', 0)).toBe(
      `durable-billing/${CHARGE.enrollmentId}/${CHARGE.id}/refund-order-1`,
    );
    expect(refundKey(CHARGE, 'order-1', 2)).toBe(`${refundKey(CHARGE, 'order-1', 0)}/again-2`);
    const longest = 'k'.repeat(LONGEST - base);
    expect(refundKey(CHARGE, longest, 0)).toMatch(/\/refund-k+$/);
    expect(refundKey(CHARGE, `${longest}k`, 0)).not.toContain('kk');
  });

  it.each([0, 1, 10, 100])('is one of ours, fits, and is unlike all others, in round %i', (round) => {
    const keys = Array.from({ length: 255 }, (_, index) => refundKey(CHARGE, 'k'.repeat(index + 1), round));
    expect(Math.max(...keys.map(({ length }) => length))).toBeLessThanOrEqual(LONGEST);
    expect(new Set(keys).size).toBe(keys.length);
    expect(keys.every(isOwnIdempotencyKey)).toBe(true);
  });
});
