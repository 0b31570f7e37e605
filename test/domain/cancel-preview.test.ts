import { describe, expect, it } from '@jest/globals';
import {
  type ChargeAtCancel,
  type ChargeFate,
  previewCancel,
  type ScheduleAtCancel,
} from '../../domain/cancel-preview.ts';
import { CHARGE_STATUSES } from '../../domain/charge-states.ts';
import { type ChargeStatus, SETTLED_CHARGE } from '../../domain/statuses.ts';

const next = { occurrence: 3, dueAt: '2027-04-01T00:00:00.000Z', amountMinor: 1000 };
const charge = (status: ChargeStatus, paymentMethodType: string | null = 'card', amountMinor = 500) => ({
  id: `chg_${status}`,
  status,
  amountMinor,
  paymentMethodType,
});
const at = (charges: ChargeAtCancel[], lateSuccess: 'keep' | 'refund' = 'refund', balanceMinor = 0) => ({
  charges,
  balanceMinor,
  currency: 'jpy',
  lateSuccess,
});
const ahead: ScheduleAtCancel = { owed: [], next, endsAt: next.dueAt };
const fateOf = (status: ChargeStatus, type?: string) =>
  previewCancel('now', at([charge(status, type)]), ahead).charges[0]?.fate ?? null;

describe('a cancel now', () => {
  const FATES: Record<ChargeStatus, ChargeFate | null> = {
    scheduled: 'never_attempted',
    requires_payment_method: 'canceled',
    requires_confirmation: 'canceled',
    requires_action: 'canceled',
    requires_capture: 'held_funds_released',
    processing: 'outcome_awaited',
    succeeded: null,
    canceled: null,
    uncollectible: null,
    needs_attention: 'canceled',
  };

  it.each(CHARGE_STATUSES)('says what becomes of a charge that is %s', (status) => {
    expect(fateOf(status)).toBe(FATES[status]);
  });

  it('tries to cancel a bank debit on its way', () => {
    expect(fateOf('processing', 'sepa_debit')).toBe('canceled_if_the_bank_allows');
    const preview = previewCancel('now', at([charge('processing', 'sepa_debit', 700)]), ahead);
    expect(preview.mayStillSucceedMinor).toBe(700);
  });

  it('leaves nothing owed, stops the schedule, and says what may still succeed', () => {
    const charges = [
      charge('requires_payment_method'),
      charge('processing', 'card', 700),
      charge('succeeded'),
    ];
    expect(previewCancel('now', at(charges, 'keep'), ahead)).toEqual({
      takesEffectAt: null,
      nextChargeStopped: next,
      charges: [
        { id: 'chg_requires_payment_method', amountMinor: 500, fate: 'canceled' },
        { id: 'chg_processing', amountMinor: 700, fate: 'outcome_awaited' },
      ],
      stillOwedMinor: 0,
      mayStillSucceedMinor: 700,
      lateSuccess: 'keep',
    });
  });
});

describe('a cancel while charges of the schedule have fallen due and are held back', () => {
  const owed = [
    { occurrence: 1, dueAt: '2027-02-01T00:00:00.000Z', amountMinor: 900 },
    { occurrence: 2, dueAt: '2027-03-01T00:00:00.000Z', amountMinor: 900 },
  ];

  it('stops the first of them when it is canceled now', () => {
    const preview = previewCancel('now', at([]), { ...ahead, owed });
    expect(preview).toMatchObject({ nextChargeStopped: owed[0], takesEffectAt: null, stillOwedMinor: 0 });
  });

  it('leaves all of them owed, and stops the one after them, at the end of the period', () => {
    const preview = previewCancel('at_period_end', at([charge('requires_action')]), { ...ahead, owed });
    expect(preview).toMatchObject({
      nextChargeStopped: next,
      takesEffectAt: next.dueAt,
      stillOwedMinor: 2_300,
    });
  });

  it.each([
    [-1_000, 0, 800, 1_000],
    [-2_000, 0, 0, 800],
    [300, 1_200, 900, 1_000],
  ])('lets a balance of %d meet one after another', (balanceMinor, first, second, third) => {
    const schedule = { ...ahead, owed };
    const later = previewCancel('at_period_end', at([], 'refund', balanceMinor), schedule);
    expect(later).toMatchObject({
      stillOwedMinor: first + second,
      nextChargeStopped: { ...next, amountMinor: third },
    });
    expect(previewCancel('now', at([], 'refund', balanceMinor), schedule).nextChargeStopped).toEqual({
      ...owed[0],
      amountMinor: first,
    });
  });
});

describe('a cancel at the end of the period', () => {
  it('leaves open charges to go on, says what stays owed, and when it takes effect', () => {
    const charges = [charge('requires_payment_method'), charge('requires_action'), charge('processing')];
    const preview = previewCancel('at_period_end', at(charges), ahead);
    expect(preview.takesEffectAt).toBe(next.dueAt);
    expect(preview.charges.map(({ fate }) => fate)).toEqual(['goes_on', 'goes_on', 'goes_on']);
    expect(preview.stillOwedMinor).toBe(1000);
    expect(preview.mayStillSucceedMinor).toBe(0);
  });

  it('is at once when nothing would come any more, and never asks about settled charges', () => {
    const settled = SETTLED_CHARGE.map((status) => charge(status));
    expect(previewCancel('at_period_end', at(settled), { owed: [], next: null, endsAt: null })).toMatchObject(
      {
        takesEffectAt: null,
        nextChargeStopped: null,
        charges: [],
        stillOwedMinor: 0,
      },
    );
  });
});
