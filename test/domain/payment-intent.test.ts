import { describe, expect, it } from '@jest/globals';
import {
  cancelDecision,
  isFinal,
  mayFollow,
  PAYMENT_INTENT_STATUSES,
  PAYMENT_INTENT_TABLE,
  type PaymentIntentStatus,
  readPaymentIntentStatus,
} from '../../domain/payment-intent.ts';
import { BANK_DEBITS } from '../../domain/payment-methods.ts';

const PAIRS = PAYMENT_INTENT_STATUSES.flatMap((from) =>
  PAYMENT_INTENT_STATUSES.map((to) => [from, to] as const),
);

describe('the PaymentIntent table', () => {
  it('has a row for each of the seven statuses and for nothing else', () => {
    expect(Object.keys(PAYMENT_INTENT_TABLE).sort()).toEqual([...PAYMENT_INTENT_STATUSES].sort());
    expect(PAYMENT_INTENT_STATUSES).toHaveLength(7);
  });

  it('ends in succeeded and canceled only', () => {
    expect(PAYMENT_INTENT_STATUSES.filter(isFinal)).toEqual(['succeeded', 'canceled']);
  });

  it('can be canceled from every status before processing and succeeded', () => {
    const canceled = PAYMENT_INTENT_STATUSES.filter((status) =>
      PAYMENT_INTENT_TABLE[status].actions.includes('cancel'),
    );
    expect(canceled).toEqual([
      'requires_payment_method',
      'requires_confirmation',
      'requires_action',
      'requires_capture',
    ]);
    for (const status of [...canceled, 'processing' as const]) {
      expect(PAYMENT_INTENT_TABLE[status].next).toContain('canceled');
    }
  });

  it('goes back to requires_payment_method when a try fails, so that it can be tried again', () => {
    for (const status of ['requires_confirmation', 'requires_action', 'processing'] as const) {
      expect(PAYMENT_INTENT_TABLE[status].next).toContain('requires_payment_method');
    }
  });

  it('never takes a step to itself, and a later look can show at least what one step can', () => {
    for (const status of PAYMENT_INTENT_STATUSES) {
      const { next, later } = PAYMENT_INTENT_TABLE[status];
      expect(next).not.toContain(status);
      expect(next.filter((to) => !later.includes(to))).toEqual([]);
    }
  });
});

describe('mayFollow', () => {
  /** Older truths: what a late event may still say and nobody may believe. */
  const STALE: readonly (readonly [PaymentIntentStatus, PaymentIntentStatus])[] = [
    ['requires_capture', 'requires_payment_method'],
    ['requires_capture', 'requires_confirmation'],
    ['requires_capture', 'requires_action'],
    ...PAIRS.filter(([from, to]) => (from === 'succeeded' || from === 'canceled') && from !== to),
  ];

  it.each(PAIRS)('from %s to %s', (from, to) => {
    const stale = STALE.some(([known, seen]) => known === from && seen === to);
    expect(mayFollow(from, to)).toBe(!stale);
  });
});

describe('readPaymentIntentStatus', () => {
  it.each(PAYMENT_INTENT_STATUSES)('reads %s as itself', (status) => {
    expect(readPaymentIntentStatus(status)).toBe(status);
  });

  it.each([
    ['requires_source', 'requires_payment_method'],
    ['requires_source_action', 'requires_action'],
  ])('reads the old name %s as %s', (legacy, status) => {
    expect(readPaymentIntentStatus(legacy)).toBe(status);
  });

  it.each(['requires_reauthorization', 'expired', '', 'constructor', 'Succeeded'])(
    "says that '%s' is unknown instead of guessing",
    (text) => {
      expect(readPaymentIntentStatus(text)).toBe('unknown');
    },
  );
});

describe('cancelDecision', () => {
  it.each([
    ['requires_payment_method', { kind: 'cancel', releasesFunds: false }],
    ['requires_confirmation', { kind: 'cancel', releasesFunds: false }],
    ['requires_action', { kind: 'cancel', releasesFunds: false }],
    ['requires_capture', { kind: 'cancel', releasesFunds: true }],
    ['processing', { kind: 'wait' }],
    ['succeeded', { kind: 'refund_only' }],
    ['canceled', { kind: 'already_canceled' }],
  ] as const)('of a card in %s is %j', (status, expected) => {
    expect(cancelDecision(status, 'card')).toEqual(expected);
    expect(cancelDecision(status, null)).toEqual(expected);
  });

  it.each(BANK_DEBITS)('of %s in processing is tried, since Stripe may allow it', (type) => {
    expect(cancelDecision('processing', type)).toEqual({ kind: 'try_cancel' });
    expect(cancelDecision('requires_action', type)).toEqual({ kind: 'cancel', releasesFunds: false });
    expect(cancelDecision('succeeded', type)).toEqual({ kind: 'refund_only' });
  });

  it('is tried for every debit that Stripe names, and for no other method', () => {
    expect([...BANK_DEBITS].sort()).toEqual(
      [
        'acss_debit',
        'au_becs_debit',
        'bacs_debit',
        'nz_bank_account',
        'sepa_debit',
        'us_bank_account',
      ].sort(),
    );
    expect(cancelDecision('processing', 'konbini')).toEqual({ kind: 'wait' });
  });
});
