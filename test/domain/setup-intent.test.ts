import { describe, expect, it } from '@jest/globals';
import {
  readSetupIntentStatus,
  refuseSetupIntent,
  SETUP_INTENT_STATUSES,
  SETUP_INTENT_TABLE,
  type SetupIntentFound,
  setupMayFollow,
} from '../../domain/setup-intent.ts';

describe('the SetupIntent table', () => {
  it('has a row for each of the six statuses, without a capture and with two ends', () => {
    expect(Object.keys(SETUP_INTENT_TABLE).sort()).toEqual([...SETUP_INTENT_STATUSES].sort());
    expect(SETUP_INTENT_STATUSES).toHaveLength(6);
    const ends = SETUP_INTENT_STATUSES.filter((status) => SETUP_INTENT_TABLE[status].next.length === 0);
    expect(ends).toEqual(['succeeded', 'canceled']);
  });

  it('lets a payment method be used after succeeded only', () => {
    const used = SETUP_INTENT_STATUSES.filter((s) =>
      SETUP_INTENT_TABLE[s].actions.includes('use_payment_method'),
    );
    expect(used).toEqual(['succeeded']);
  });

  it('shows later what one step can lead to, and its ends for good', () => {
    for (const status of SETUP_INTENT_STATUSES) {
      const { next, later } = SETUP_INTENT_TABLE[status];
      expect(next.filter((to) => !later.includes(to))).toEqual([]);
      expect(setupMayFollow(status, status)).toBe(true);
    }
    expect(setupMayFollow('succeeded', 'requires_action')).toBe(false);
    expect(setupMayFollow('canceled', 'succeeded')).toBe(false);
    expect(setupMayFollow('requires_action', 'requires_payment_method')).toBe(true);
  });
});

describe('readSetupIntentStatus', () => {
  it.each([
    ...SETUP_INTENT_STATUSES.map((status) => [status, status]),
    ['requires_source', 'requires_payment_method'],
    ['requires_source_action', 'requires_action'],
    ['requires_capture', 'unknown'],
    ['toString', 'unknown'],
  ])("reads '%s' as %s", (text, status) => {
    expect(readSetupIntentStatus(text)).toBe(status);
  });
});

describe('refuseSetupIntent', () => {
  const found: SetupIntentFound = {
    id: 'seti_1',
    status: 'succeeded',
    livemode: false,
    customerId: 'cus_1',
    paymentMethodId: 'pm_1',
    enrollmentId: 'enr_1',
  };
  const expected = { livemode: false, enrollmentId: 'enr_1', customerId: 'cus_1' };

  it('accepts the one that belongs here', () => {
    expect(refuseSetupIntent(found, expected)).toBeNull();
  });

  it.each([
    ['without a Customer', { customerId: null }],
    ['without metadata', { enrollmentId: null }],
  ])('accepts one %s', (_, difference) => {
    expect(refuseSetupIntent({ ...found, ...difference }, expected)).toBeNull();
  });

  it('accepts one with a Customer when the enrollment has none yet', () => {
    expect(refuseSetupIntent(found, { ...expected, customerId: null })).toBeNull();
  });

  it.each([
    [{ livemode: true }, 'setup_intent_other_mode', 'seti_1 is of live mode; expected test mode'],
    [
      { customerId: 'cus_2' },
      'setup_intent_other_customer',
      'seti_1 belongs to the Customer cus_2; expected cus_1',
    ],
    [{ enrollmentId: 'enr_2' }, 'setup_intent_other_enrollment', 'seti_1 belongs to enr_2; expected enr_1'],
    [{ status: 'processing' }, 'setup_intent_not_succeeded', 'seti_1 is processing; expected succeeded'],
    [{ status: 'brand_new' }, 'setup_intent_not_succeeded', 'seti_1 is brand_new; expected succeeded'],
    [{ paymentMethodId: null }, 'setup_intent_without_payment_method', 'seti_1 has no payment method'],
  ])('refuses one with %j', (difference, code, message) => {
    expect(refuseSetupIntent({ ...found, ...difference }, expected)).toEqual({ code, message });
  });
});
