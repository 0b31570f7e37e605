/** What the account page says of a charge that did not go through, and what it offers to do about it. */
import { describe, expect, it } from '@jest/globals';
import type { CustomerCharge } from '../../db/customer-charges.ts';
import type { CustomerEnrollment } from '../../db/customer-view.ts';
import type { Locale } from '../../domain/format.ts';
import { at, DAY, enrollment, method, model, unpaid } from './account-facts.ts';
import { MONTHLY, termsOf } from './rows.ts';

describe('problems', () => {
  const pastDue = { ...enrollment, status: 'past_due' as const };

  it('tells reason, next try and way out of a declined charge', () => {
    const declined = unpaid('requires_payment_method', {
      nextAttemptAt: at(DAY),
      told: { kind: 'charge_failed', reason: 'insufficient_funds' },
    });
    const [problem] = model({ enrollment: pastDue, charges: [declined] }).problems;
    expect(problem?.title).toBe('Your payment of ¥1,980 did not go through');
    expect(problem?.paragraphs.slice(1, 3)).toEqual([
      'There was not enough money available for it.',
      'We will try again by ourselves on November 24, 2026 at 10:00 AM GMT+9.',
    ]);
    expect(problem?.actions).toEqual([{ way: 'method', label: 'Choose a payment method' }]);
  });

  describe('until when the customer is waited for', () => {
    const by = 'December 3, 2026 at 10:00 AM GMT+9';
    const said = (
      more: Partial<CustomerCharge>,
      of: Partial<CustomerEnrollment> = {},
      locale: Locale = 'en',
    ) => {
      const charges = [unpaid('requires_payment_method', { giveUpAt: at(10 * DAY), ...more })];
      return model({ enrollment: { ...pastDue, ...of }, charges }, locale).problems[0]?.paragraphs.at(-1);
    };
    const then = (afterLastTry: 'cancel' | 'pause' | 'keep_active') => ({
      terms: termsOf(MONTHLY, { dunning: { retryAfterDays: [1], afterLastTry } }),
    });
    const unless = `If this payment has not been made by ${by}, `;

    it.each([
      ['cancel', {}, 'the agreement ends.'],
      ['pause', {}, 'your payments are paused.'],
      ['keep_active', {}, 'we stop trying to take it. Later payments go on as agreed.'],
      ['cancel', { cancelAt: at(20 * DAY) }, 'the agreement ends.'],
      ['pause', { cancelAt: at(20 * DAY) }, 'we stop trying to take it.'],
      ['keep_active', { cancelAt: at(20 * DAY) }, 'we stop trying to take it.'],
      ['pause', { status: 'paused' }, 'we stop trying to take it.'],
    ] as const)('is said with what follows by the terms: %s %j', (afterLastTry, of, end) => {
      expect(said({ decision: 'ask_customer' }, { ...then(afterLastTry), ...of })).toBe(`${unless}${end}`);
      expect(said({ decision: 'authenticate' }, { ...then(afterLastTry), ...of })).toBe(`${unless}${end}`);
    });

    it('is said in Japanese, and not once it is over or where nobody is waited for', () => {
      expect(said({}, then('cancel'), 'ja')).toMatch(/までにお支払いがない場合、ご契約は終了します。$/);
      expect(said({ giveUpAt: at(-60) })).not.toContain('If this payment');
      expect(said({ giveUpAt: null, nextAttemptAt: at(DAY) })).not.toContain('If this payment');
    });
  });

  it('says declined where no reason was told, or one that has no words', () => {
    for (const told of [
      null,
      { kind: 'charge_failed', reason: null },
      { kind: 'x', reason: 'stolen_card' },
    ]) {
      const charges = [unpaid('requires_payment_method', { told })];
      const [problem] = model({ enrollment: pastDue, charges }).problems;
      expect(problem?.paragraphs[1]).toContain('The bank declined the payment.');
    }
  });

  it('asks to confirm where the bank wants it', () => {
    const told = { kind: 'authentication_required', reason: 'authentication_required' };
    const charges = [unpaid('requires_payment_method', { told }), unpaid('requires_action')];
    const { problems } = model({ enrollment: pastDue, charges });
    const ways = [
      { way: 'confirm', label: 'Confirm with your bank' },
      { way: 'method', label: 'Choose a payment method' },
    ];
    expect(problems.map(({ actions }) => actions)).toEqual([ways, ways]);
    expect(problems[1]?.paragraphs[1]).toContain('did not finish');
  });

  it.each<[string, Partial<CustomerCharge>]>([
    ['tried again', { decision: 'retry', nextAttemptAt: at(DAY) }],
    ['confirmed', { decision: 'authenticate' }],
  ])('offers only another method once the saved one is removed, where it could be %s', (_name, more) => {
    const removed = { ...pastDue, paymentMethod: { ...method, detachedAt: at(-60) } };
    const charges = [unpaid('requires_payment_method', more)];
    const [problem] = model({ enrollment: removed, charges }).problems;
    expect(problem?.title).toBe('Your payment of ¥1,980 did not go through');
    expect(problem?.actions.map(({ way }) => way)).toEqual(['method']);
    expect(problem?.paragraphs.slice(2)).toEqual([
      'Your saved payment method can no longer be charged.',
      'Choose another payment method to settle it now. You pay the amount only once.',
    ]);
  });

  it('announces no try for a moment that has passed', () => {
    const charges = [unpaid('requires_payment_method', { nextAttemptAt: at(-1) })];
    const [problem] = model({ enrollment: pastDue, charges }).problems;
    expect(problem?.paragraphs[2]).toBe('We are about to try again by ourselves.');
  });

  it('promises no waiting to who has begun to confirm: a try that was planned before comes all the same', () => {
    const [problem] = model({ enrollment: pastDue, charges: [unpaid('requires_action')] }).problems;
    expect(problem?.paragraphs.join(' ')).not.toContain('Nothing is taken');
    expect(problem?.paragraphs[2]).toBe(
      'Press the button and follow your bank’s steps; then you come back here. You pay the amount only once.',
    );
  });

  it('asks nothing of the customer for a defect of ours', () => {
    const [problem] = model({ charges: [unpaid('needs_attention')] }).problems;
    expect(problem).toMatchObject({ actions: [], title: 'We are looking into your payment of ¥1,980' });
  });

  it('waits two minutes for the try with a method that was saved after the decline', () => {
    const charges = [unpaid('requires_payment_method', { updatedAt: at(-300) })];
    const saved = (seconds: number) => ({ ...pastDue, paymentMethod: { ...method, savedAt: at(seconds) } });
    expect(model({ enrollment: saved(-60), charges })).toMatchObject({ problems: [], isWaiting: true });
    expect(model({ enrollment: saved(-121), charges }).problems).toHaveLength(1);
    expect(model({ enrollment: saved(-301), charges }).problems).toHaveLength(1);
  });
});
