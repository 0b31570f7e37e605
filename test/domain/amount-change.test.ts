import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { creditableMinor, loweredRaises, settle, settleAtOnce } from '../../domain/amount-change.ts';

const paid = { occurrence: 0, dueAt: '2027-04-01T00:00:00.000Z', amountMinor: 3000 };
const endsAt = '2027-05-01T00:00:00.000Z';
const at = (toMinor: number, now: string, balanceMinor = 0, period = { paid, endsAt }) =>
  settleAtOnce(toMinor, 'usd', period, now, balanceMinor);

describe('settleAtOnce', () => {
  it('charges the difference for the rest of the period', () => {
    expect(at(6000, '2027-04-11T00:00:00Z')).toEqual({ chargeMinor: 2000, balanceMinor: 0 });
  });

  it('keeps a credit for the charges to come', () => {
    expect(at(1500, '2027-04-11T00:00:00Z')).toEqual({ chargeMinor: 0, balanceMinor: -1000 });
  });

  it('keeps what is too little for Stripe', () => {
    expect(at(3060, '2027-04-11T00:00:00Z')).toEqual({ chargeMinor: 0, balanceMinor: 40 });
  });

  it('meets a balance from before', () => {
    expect(at(6000, '2027-04-11T00:00:00Z', -500)).toEqual({ chargeMinor: 1500, balanceMinor: 0 });
  });

  it('costs nothing once the period is over', () => {
    expect(at(6000, '2027-05-16T00:00:00Z')).toEqual({ chargeMinor: 0, balanceMinor: 0 });
  });

  it.each([
    ['in a trial', { paid: null, endsAt }],
    ['when nothing comes after', { paid, endsAt: null }],
  ])('costs nothing %s', (_, period) => {
    const settled = settleAtOnce(6000, 'usd', period, '2027-04-11T00:00:00Z', 70);
    expect(settled).toEqual({ chargeMinor: 0, balanceMinor: 70 });
  });
});

describe('settle', () => {
  it.each([
    [1000, -400, { chargeMinor: 600, balanceMinor: 0 }],
    [1000, -980, { chargeMinor: 0, balanceMinor: 20 }],
    [1000, -1000, { chargeMinor: 0, balanceMinor: 0 }],
    [1000, -2500, { chargeMinor: 0, balanceMinor: -1500 }],
    [1000, 49, { chargeMinor: 1049, balanceMinor: 0 }],
    [99_999_999, 1, { chargeMinor: 99_999_999, balanceMinor: 1 }],
  ])('of %i with a balance of %i is %j', (owed, balance, expected) => {
    expect(settle(owed, 'usd', balance)).toEqual(expected);
  });

  it('charges over the years what was owed, to the unit', () => {
    const amounts = fc.array(fc.integer({ min: -5000, max: 5000 }), { maxLength: 60 });
    fc.assert(
      fc.property(amounts, (owed) => {
        let balance = 0;
        let charged = 0;
        for (const amount of owed) {
          const settled = settle(amount, 'usd', balance);
          expect(settled.chargeMinor === 0 || settled.chargeMinor >= 50).toBe(true);
          charged += settled.chargeMinor;
          balance = settled.balanceMinor;
        }
        expect(charged + balance).toBe(owed.reduce((sum, amount) => sum + amount, 0));
        expect(balance).toBeLessThan(50);
      }),
    );
  });
});

describe('creditableMinor', () => {
  const kept = (keptMinor: number, amountMinor = 980) => ({ amountMinor, keptMinor });

  it.each([
    ['all of what was paid', [{ minor: 980, received: kept(980) }], 980],
    ['all of what no charge pays for', [{ minor: 980, received: null }], 980],
    ['what the balance paid for besides', [{ minor: 980, received: kept(490, 490) }], 980],
    ['a part that was captured', [{ minor: 980, received: kept(100) }], 100],
    ['nothing of what went back', [{ minor: 980, received: kept(0) }], 0],
    ['nothing where more went than came', [{ minor: 980, received: kept(-20) }], 0],
    [
      'a raise by what is left of its own charge',
      [
        { minor: 980, received: kept(980) },
        { minor: 2_020, received: kept(505, 1_010) },
      ],
      1_990,
    ],
    [
      'what a credit paid for besides a charge that went back',
      [{ minor: 3_000, received: kept(0, 100), creditMinor: 2_900 }],
      2_900,
    ],
    [
      'as much of a raise as a credit and its charge have paid for',
      [{ minor: 2_000, received: kept(100, 700), creditMinor: 300 }],
      800,
    ],
    [
      'all of what a credit and a charge that stays have paid for',
      [{ minor: 3_000, received: kept(100, 100), creditMinor: 2_900 }],
      3_000,
    ],
  ])('is %s', (_, parts, expected) => {
    expect(creditableMinor(parts, 'jpy')).toBe(expected);
  });

  it('is whole grains of the currency, of amounts that leave the safe integers when multiplied', () => {
    const part = { minor: 999_999_999_900, received: kept(999_999_999_800, 999_999_999_900) };
    expect(creditableMinor([part], 'idr')).toBe(999_999_999_800);
    expect(creditableMinor([{ minor: 1_000, received: kept(333, 1_000) }], 'isk')).toBe(300);
  });
});

describe('loweredRaises', () => {
  const raises = [
    { chargeId: 'one', byMinor: 500 },
    { chargeId: 'two', byMinor: 300 },
  ];

  it.each([
    [0, [500, 300]],
    [200, [500, 100]],
    [300, [500]],
    [700, [100]],
    [5_000, []],
  ])('takes %i off the newest first', (lowerByMinor, left) => {
    expect(loweredRaises(raises, lowerByMinor).map(({ byMinor }) => byMinor)).toEqual(left);
  });
});
