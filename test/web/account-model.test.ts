import { describe, expect, it } from '@jest/globals';
import type { CustomerCharge, CustomerRefund } from '../../db/customer-charges.ts';
import type { CustomerEnrollment, CustomerPaymentMethod, CustomerSession } from '../../db/customer-view.ts';
import { type ChargeStatus, ENROLLMENT_STATUSES } from '../../domain/statuses.ts';
import { createRenderer } from '../../templates/renderer.ts';
import { type AccountFacts, accountModel } from '../../web/account-model.ts';
import { termsOf } from './rows.ts';

const NOW = Date.parse('2026-11-23T01:00:00.000Z');
const at = (seconds: number) => new Date(NOW + seconds * 1000);
const DAY = 86_400;

const method: CustomerPaymentMethod = {
  type: 'card',
  brand: 'visa',
  last4: '4242',
  expMonth: 11,
  expYear: 2030,
  savedAt: at(-40 * DAY),
  detachedAt: null,
};
const enrollment: CustomerEnrollment = {
  id: 'enr_0123456789abcdefghijklmnop',
  status: 'active',
  description: 'Coffee club',
  locale: 'en',
  terms: termsOf(),
  currency: 'jpy',
  returnUrl: null,
  nextChargeAt: at(30 * DAY),
  nextChargeAmountMinor: 1980,
  setupDeadlineAt: at(30 * DAY),
  pausedUntil: null,
  cancelAt: null,
  isCanceling: false,
  amountChange: null,
  endedAt: null,
  customerName: null,
  paymentMethod: method,
  stamp: '1.0.0.0',
};
const charge: CustomerCharge = {
  id: 'chg_0123456789abcdefghijklmnop_1',
  number: 1,
  description: null,
  amountMinor: 1980,
  currency: 'jpy',
  dueAt: at(-DAY),
  status: 'succeeded',
  attempts: 1,
  nextAttemptAt: null,
  capturedMinor: 1980,
  refundedMinor: 0,
  disputeStatus: null,
  takenMinor: 0,
  settledAt: at(-DAY),
  updatedAt: at(-DAY),
  told: null,
  decision: null,
  triesByHand24h: 0,
};
const session: CustomerSession = {
  id: 'cs_test_1',
  status: 'complete',
  url: null,
  expiresAt: at(DAY),
  completedAt: at(-10),
  refusedReason: null,
};

const say = createRenderer({ merchantName: 'Kissa' }).sayIn('en');

function model(facts: Partial<AccountFacts> = {}) {
  const all = {
    enrollment,
    charges: [],
    refunds: [],
    notices: [],
    session: null,
    tried: null,
    nowMs: NOW,
    ...facts,
  };
  return accountModel(all, 'en', say);
}

function unpaid(status: ChargeStatus, more: Partial<CustomerCharge> = {}): CustomerCharge {
  return { ...charge, status, capturedMinor: 0, settledAt: null, ...more };
}

describe('accountModel', () => {
  it.each([
    ['succeeded', {}, 'Paid', 'good'],
    ['succeeded', { refundedMinor: 500 }, 'Paid, ¥500 returned', 'good'],
    ['succeeded', { refundedMinor: 1980 }, 'Returned', 'quiet'],
    ['succeeded', { capturedMinor: 1000 }, 'Paid: ¥1,000', 'good'],
    ['succeeded', { disputeStatus: 'needs_response' }, 'Questioned at the bank', 'wait'],
    ['succeeded', { disputeStatus: 'won' }, 'Paid', 'good'],
    ['succeeded', { disputeStatus: 'lost' }, 'Returned', 'quiet'],
    ['succeeded', { disputeStatus: 'prevented', takenMinor: 1980 }, 'Returned', 'quiet'],
    ['succeeded', { disputeStatus: 'prevented', takenMinor: 500 }, 'Paid, ¥500 returned', 'good'],
    ['succeeded', { disputeStatus: 'prevented', refundedMinor: 1980 }, 'Returned', 'quiet'],
    ['succeeded', { disputeStatus: 'prevented' }, 'Settled at the bank', 'quiet'],
    ['scheduled', { dueAt: at(DAY) }, 'Planned', 'quiet'],
    ['scheduled', {}, 'Being made', 'wait'],
    ['requires_payment_method', {}, 'Not paid yet', 'bad'],
    ['requires_payment_method', { updatedAt: at(-50 * DAY) }, 'Not paid yet', 'bad'],
    ['requires_confirmation', {}, 'Being made', 'wait'],
    ['requires_action', {}, 'Needs your confirmation', 'bad'],
    ['requires_capture', {}, 'Reserved, not taken yet', 'wait'],
    ['processing', {}, 'On its way', 'wait'],
    ['canceled', {}, 'Not charged', 'quiet'],
    ['uncollectible', {}, 'Not paid, no more tries', 'bad'],
    ['needs_attention', {}, 'We are looking into it', 'wait'],
  ] as const)('words a charge that is %s %j as %s', (status, more, text, tone) => {
    const one = status === 'succeeded' ? { ...charge, ...more } : unpaid(status, more);
    expect(model({ charges: [one] }).charges[0]).toMatchObject({ text, tone });
  });

  it('has a receipt exactly for charges of which money was taken', () => {
    const charges = [charge, unpaid('processing'), unpaid('succeeded', { capturedMinor: 1 })];
    expect(model({ charges }).charges.map(({ hasReceipt }) => hasReceipt)).toEqual([true, false, true]);
  });

  it.each(ENROLLMENT_STATUSES)('has words for an enrollment that is %s', (status) => {
    const { status: words } = model({ enrollment: { ...enrollment, status, endedAt: at(-DAY) } });
    expect(words.label).not.toBe('');
    expect(words.text).not.toMatch(/on \.|by \./);
  });

  it('says until when it is paused, if that is known, and that nothing is charged now', () => {
    const paused = { ...enrollment, status: 'paused' as const, nextChargeAt: at(-DAY) };
    expect(model({ enrollment: paused }).status.text).not.toContain('start again');
    const until = model({ enrollment: { ...paused, pausedUntil: at(9 * DAY) } });
    expect(until.status.text).toContain('They start again on December 2, 2026.');
    expect(until).toMatchObject({
      next: null,
      noNext: 'No new one while payments are paused. They start again on December 2, 2026.',
      isWaiting: false,
    });
  });

  it('says of a pause that what is unpaid is collected all the same', () => {
    const paused = { ...enrollment, status: 'paused' as const, nextChargeAt: null };
    const declined = unpaid('requires_payment_method', { nextAttemptAt: at(DAY) });
    const open = model({ enrollment: paused, charges: [declined] });
    expect(open.status.text).toBe(
      'A payment of ¥1,980 has not been made yet. Below you see how to settle it. No other payments are being taken at the moment.',
    );
    expect(open.problems[0]?.paragraphs.join()).toContain('We will try again by ourselves');
    const until = { ...paused, pausedUntil: at(9 * DAY) };
    expect(model({ enrollment: until, charges: [declined, declined] }).status.text).toMatch(
      /^2 payments, ¥3,960 in all, .* No other payments .* They start again on December 2, 2026\.$/,
    );
    expect(model({ enrollment: paused, charges: [unpaid('processing')] }).status.text).toBe(
      'No new payments are being taken at the moment.',
    );
    const disputed = { ...charge, disputeStatus: 'under_review' };
    expect(model({ enrollment: paused, charges: [disputed, declined] }).status.text).not.toContain('settle');
  });

  it.each(['completed', 'canceled', 'expired'] as const)('offers nothing to do once it is %s', (status) => {
    const charges = [unpaid('requires_payment_method')];
    const over = model({ enrollment: { ...enrollment, status }, charges });
    expect(over).toMatchObject({
      methodAction: null,
      canCancel: false,
      problems: [],
      next: null,
      isWaiting: false,
    });
  });

  it('asks first for a payment method when there is none', () => {
    const waiting = { ...enrollment, status: 'awaiting_payment_method' as const, paymentMethod: null };
    const { methodAction, method: saved } = model({ enrollment: waiting });
    expect(methodAction).toEqual({ label: 'Save a payment method', isMain: true });
    expect(saved).toBeNull();
  });

  it('counts a card as good until the end of its month', () => {
    const november = { ...enrollment, paymentMethod: { ...method, expYear: 2026 } };
    expect(model({ enrollment: november }).method).toMatchObject({
      name: 'Visa ending in 4242',
      expiry: '11/26',
      isExpired: false,
    });
    const later = Date.parse('2026-12-01T00:00:00Z');
    expect(model({ enrollment: november, nowMs: later }).method?.isExpired).toBe(true);
    const december = { ...enrollment, paymentMethod: { ...method, expMonth: 12, expYear: 2026 } };
    expect(model({ enrollment: december, nowMs: Date.parse('2026-12-31T00:00:00Z') }).method?.isExpired).toBe(
      false,
    );
  });

  it.each([
    [{ type: 'card', brand: 'newcard', last4: '1111' }, 'Card ending in 1111'],
    [{ type: 'sepa_debit', brand: null, last4: '3000' }, 'Bank account ending in 3000'],
    [{ type: 'link', brand: null, last4: null }, 'Link'],
    [{ type: 'klarna', brand: null, last4: null }, 'Klarna'],
    [{ type: 'nz_bank_account', brand: null, last4: '0010' }, 'Bank account ending in 0010'],
    [{ type: 'kr_card', brand: null, last4: '1234' }, 'Card ending in 1234'],
    [{ type: 'of_tomorrow', brand: null, last4: null }, 'Payment method'],
  ])('names a method that is no usual card: %j', (differing, name) => {
    const paymentMethod = { ...method, ...differing, expMonth: null, expYear: null };
    expect(model({ enrollment: { ...enrollment, paymentMethod } }).method).toMatchObject({
      name,
      expiry: null,
    });
  });

  describe('a method that was removed', () => {
    const removed = { ...enrollment, paymentMethod: { ...method, detachedAt: at(-60) } };
    const onDemand = { nextChargeAt: null, terms: termsOf({ type: 'on_demand' }) };

    it.each([
      ['a payment is planned', {}],
      ['it is charged on demand', onDemand],
      ['it is paused', { status: 'paused' as const, nextChargeAt: null }],
      ['its card has expired as well', { paymentMethod: { ...removed.paymentMethod, expYear: 2025 } }],
    ])('is said and asked for when %s', (_name, more) => {
      const page = model({ enrollment: { ...removed, ...more } });
      expect(page.method?.isRemoved).toBe(true);
      expect(page.nudge?.title).toBe('Your payment method can no longer be charged');
      expect(page.status.text).not.toContain('nothing you need to do');
    });

    it.each([
      ['the agreement ends first', { cancelAt: enrollment.nextChargeAt }],
      ['it is being canceled', { isCanceling: true }],
      ['it is over', { status: 'completed' as const }],
    ])('is not asked for when %s', (_name, more) => {
      expect(model({ enrollment: { ...removed, ...more } }).nudge).toBeNull();
    });

    it('is asked for beside a problem of ours, and not twice beside one of the customer', () => {
      const looking = [unpaid('needs_attention')];
      expect(model({ enrollment: removed, charges: looking }).nudge?.title).toContain(
        'can no longer be charged',
      );
      const declined = [unpaid('requires_payment_method')];
      expect(model({ enrollment: { ...removed, status: 'past_due' }, charges: declined }).nudge).toBeNull();
    });
  });

  describe('a cancel at the end of the period', () => {
    const ending = { ...enrollment, cancelAt: at(DAY), nextChargeAt: at(DAY) };
    const late = { ...ending, cancelAt: at(-DAY), nextChargeAt: at(-DAY) };
    const pastDue = { status: 'past_due' as const };
    const declined = unpaid('requires_payment_method', { nextAttemptAt: at(2 * DAY) });

    it('names its day while nothing stands in the way', () => {
      expect(model({ enrollment: ending }).status).toMatchObject({
        label: 'Ends on November 24, 2026',
        text: 'You have canceled. Everything stays as it is until November 24, 2026; then the agreement ends and nothing more is charged.',
      });
    });

    it('promises no day that what is unpaid may outlast', () => {
      const { status } = model({ enrollment: { ...ending, ...pastDue }, charges: [declined] });
      expect(status.text).toMatch(
        /^A payment of ¥1,980 .* ends on November 24, 2026, or as soon as this is settled if that is later\.$/,
      );
    });

    it('promises no day, and no end of payments, that a payment held back by a dispute may outlast', () => {
      const held = { ...ending, nextChargeAt: at(-DAY) };
      const disputed = [{ ...charge, disputeStatus: 'needs_response' }];
      const page = model({ enrollment: held, charges: disputed });
      expect(page.status.text).toBe(
        'A payment has fallen due, and it waits until the question at your bank is settled. You have canceled: the agreement ends on November 24, 2026, or as soon as everything is settled if that is later.',
      );
      expect(page.next).toMatchObject({ isHeld: true });
      // What is not due before the end is not made, disputed or not.
      expect(model({ enrollment: ending, charges: disputed }).status.text).toMatch(/nothing more is charged/);
    });

    it('does not promise that nothing more is charged in a pause before which a dispute may have held a payment back', () => {
      const paused = { ...ending, status: 'paused' as const, nextChargeAt: null };
      for (const disputeStatus of ['needs_response', 'lost', 'won']) {
        const page = model({ enrollment: paused, charges: [{ ...charge, disputeStatus }] });
        expect(page.status.text).toBe(
          'You have canceled: the agreement ends on November 24, 2026, and no new payments are being taken. A payment that fell due while one was being questioned at the bank may still be made; if so, the agreement ends once that is settled.',
        );
      }
      expect(model({ enrollment: paused, charges: [charge] }).status.text).toMatch(/nothing more is charged/);
    });

    it('is made as soon as everything is settled, once its day has passed', () => {
      expect(model({ enrollment: { ...late, ...pastDue }, charges: [declined] }).status).toEqual({
        label: 'Ending',
        text: 'A payment of ¥1,980 has not been made yet. Below you see how to settle it. You have canceled: the agreement ends as soon as this is settled.',
        tone: 'bad',
      });
      expect(model({ enrollment: late, charges: [unpaid('processing')] }).status).toEqual({
        label: 'Ending',
        text: 'You have canceled: the agreement ends as soon as everything is settled.',
        tone: 'wait',
      });
    });
  });

  describe('the line under the heading', () => {
    const givenUp = unpaid('uncollectible', { settledAt: at(-DAY) });
    const contact = 'A payment was not made, and we no longer try it. Please contact Kissa about it.';
    const notAll =
      'Not all agreed payments were made: please contact Kissa about it. Nothing more will be charged.';
    const expiring = { ...enrollment, paymentMethod: { ...method, expYear: 2025 } };
    const refundThat = (status: string): CustomerRefund => ({
      id: 're_1',
      chargeNumber: 1,
      chargeDescription: null,
      amountMinor: 1980,
      currency: 'jpy',
      status,
      createdAt: at(-DAY),
    });

    it.each<[string, Partial<AccountFacts>, string]>([
      ['is paid', { charges: [charge] }, 'Everything is in order. There is nothing you need to do.'],
      [
        'goes back to an account that must be told',
        { refunds: [refundThat('requires_action')] },
        'All payments so far are in order.',
      ],
      ['did not get back', { refunds: [refundThat('failed')] }, 'All payments so far are in order.'],
      [
        'is on its way back',
        { refunds: [refundThat('pending')] },
        'Everything is in order. There is nothing you need to do.',
      ],
      [
        'is looked into',
        { charges: [unpaid('needs_attention')] },
        'We are looking into a payment, see below.',
      ],
      ['was given up last', { charges: [givenUp, charge] }, contact],
      ['was given up last, and the card expires', { enrollment: expiring, charges: [givenUp] }, contact],
      [
        'was given up before',
        { charges: [charge, givenUp] },
        'Not every earlier payment was made. The newest one went through.',
      ],
      [
        'was given up, in a pause',
        { enrollment: { ...enrollment, status: 'paused' }, charges: [givenUp] },
        `${contact} No new payments are being taken at the moment.`,
      ],
      [
        'was given up, at the end',
        { enrollment: { ...enrollment, status: 'completed' }, charges: [charge, givenUp] },
        notAll,
      ],
      [
        'was forgiven, at the end',
        { enrollment: { ...enrollment, status: 'completed' }, charges: [charge, unpaid('canceled')] },
        'The agreement has come to its end. Nothing more will be charged.',
      ],
      [
        'is paid, at the end',
        { enrollment: { ...enrollment, status: 'completed' }, charges: [charge] },
        'All agreed payments are made. Nothing more will be charged.',
      ],
    ])('is true when a payment %s', (_name, facts, text) => {
      expect(model(facts).status.text).toBe(text);
    });
  });

  describe('an open dispute', () => {
    const disputed = { ...charge, disputeStatus: 'needs_response' };
    const due = { ...enrollment, nextChargeAt: at(-14 * DAY) };

    it('holds back a payment that has fallen due: it is not being made, and nothing reloads for it', () => {
      const page = model({ enrollment: due, charges: [disputed], session });
      expect(page).toMatchObject({
        next: { isNow: false, isHeld: true, amountMinor: 1980 },
        isWaiting: false,
      });
      expect(page.status.text).toBe(
        'One of your payments is being questioned at the bank. Until that is settled, nothing more is taken.',
      );
      expect(page.banner?.text).toBe('Thank you. There is nothing more to do.');
    });

    it('leaves the day of a payment that is not due yet, and one that is over holds nothing back', () => {
      expect(model({ charges: [disputed] }).next).toMatchObject({ isNow: false, isHeld: false });
      const won = [{ ...disputed, disputeStatus: 'won' }];
      expect(model({ enrollment: due, charges: won })).toMatchObject({
        next: { isNow: true, isHeld: false },
        isWaiting: true,
      });
    });

    it('keeps a payment method that was saved just now from being tried', () => {
      const saved = { ...enrollment, paymentMethod: { ...method, savedAt: at(-5) } };
      const declined = unpaid('requires_payment_method', { updatedAt: at(-300) });
      const page = model({
        enrollment: { ...saved, status: 'past_due' },
        charges: [disputed, declined, unpaid('scheduled')],
        session,
      });
      expect(page.charges.map(({ text }) => text)).not.toContain('Being made');
      expect(page.isWaiting).toBe(false);
      expect(page.banner?.text).toBe('Thank you. There is nothing more to do.');
    });

    it('asks for no settling of what is past due, and says that it waits', () => {
      const charges = [disputed, unpaid('requires_payment_method')];
      const text = 'One of your payments is being questioned at the bank.';
      for (const cancelAt of [null, enrollment.nextChargeAt]) {
        const { status } = model({ enrollment: { ...enrollment, status: 'past_due', cancelAt }, charges });
        expect(status.text).not.toContain('how to settle');
        expect(status.text.includes(text)).toBe(cancelAt === null);
      }
    });
  });

  describe('a card that has expired', () => {
    const expired = { ...enrollment, nextChargeAt: null, paymentMethod: { ...method, expYear: 2025 } };

    it.each<[string, Partial<CustomerEnrollment>, boolean]>([
      ['it is charged on demand', { terms: termsOf({ type: 'on_demand' }) }, true],
      ['it is paused', { status: 'paused' }, true],
      ['nothing is planned any more', {}, false],
    ])('is said and asked for, if a payment may come: %s', (_name, more, isAsked) => {
      const page = model({ enrollment: { ...expired, ...more } });
      expect(page.nudge?.title).toBe(isAsked ? 'Your card has expired' : undefined);
      expect(page.status.text.includes('nothing you need to do')).toBe(!isAsked);
    });
  });

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

  describe('banner after Checkout', () => {
    it.each<[string, Partial<AccountFacts>, string | null, boolean]>([
      [
        'is not known to be complete',
        { session: { ...session, status: 'open', url: 'https://checkout.stripe.com/c/pay/cs_test_1' } },
        'takes a few seconds',
        true,
      ],
      [
        'is complete while its bank account is being proven',
        { session: { ...session, status: 'open', url: null } },
        'Two small deposits are on their way',
        false,
      ],
      [
        'was refused',
        { session: { ...session, refusedReason: 'other customer' } },
        'choose a payment method again',
        false,
      ],
      ['has expired', { session: { ...session, status: 'expired' } }, null, false],
      ['was completed ten minutes ago', { session: { ...session, completedAt: at(-601) } }, null, false],
      [
        'was refused ten minutes ago',
        { session: { ...session, completedAt: at(-601), refusedReason: 'other customer' } },
        null,
        false,
      ],
      [
        'was completed almost ten minutes ago',
        { session: { ...session, completedAt: at(-599) } },
        'There is nothing more to do.',
        false,
      ],
      [
        'was completed long ago, and a payment is made at this moment',
        { session: { ...session, completedAt: at(-50 * DAY) }, charges: [unpaid('requires_confirmation')] },
        null,
        true,
      ],
      [
        'is complete and the page asks for something else',
        { session, enrollment: { ...enrollment, paymentMethod: { ...method, expYear: 2025 } } },
        'Thank you. Please also see the note below.',
        false,
      ],
      ['is complete and nothing is due', { session }, 'There is nothing more to do.', false],
      [
        'is complete and the first charge is due',
        { session, enrollment: { ...enrollment, nextChargeAt: at(-1) } },
        'Your payment of ¥1,980 is being made now.',
        true,
      ],
      [
        'is complete and the charge went through',
        { session, charges: [{ ...charge, settledAt: at(-5) }] },
        'Your payment of ¥1,980 went through.',
        false,
      ],
      [
        'is complete and the only payment went through, which completes the agreement',
        {
          session,
          enrollment: { ...enrollment, status: 'completed' },
          charges: [{ ...charge, settledAt: at(-5) }],
        },
        'Your payment of ¥1,980 went through.',
        false,
      ],
      [
        'is complete and an older charge is paid',
        { session, charges: [charge] },
        'nothing more to do',
        false,
      ],
      [
        'is complete and the charge was declined',
        { session, charges: [unpaid('requires_payment_method', { updatedAt: at(-5) })] },
        'has not gone through',
        false,
      ],
      [
        'is complete and it was canceled since',
        { session, enrollment: { ...enrollment, status: 'canceled' } },
        null,
        false,
      ],
    ])('when the session %s', (_name, facts, text, isWaiting) => {
      const { banner, isWaiting: waits } = model(facts);
      if (text === null) {
        expect(banner).toBeNull();
      } else {
        expect(banner?.text).toContain(text);
      }
      expect(waits).toBe(isWaiting);
    });
  });

  describe('banner after a try', () => {
    const tried = (of: CustomerCharge, charges = [of]): Partial<AccountFacts> => ({
      enrollment: { ...enrollment, status: charges.length > 1 ? 'past_due' : 'active' },
      charges,
      tried: { charge: of, attempt: { before: 0 }, ageMs: 5_000, refused: null },
    });

    it.each<[string, Partial<AccountFacts>, string]>([
      ['went through', tried(charge), 'Your payment of ¥1,980 went through. There is nothing more to do.'],
      [
        'went through, and another one waits',
        tried(charge, [charge, unpaid('requires_payment_method')]),
        'Your payment of ¥1,980 went through.',
      ],
      [
        'is only reserved',
        tried(unpaid('requires_capture')),
        'Your bank has reserved ¥1,980. It is taken later. There is nothing more to do.',
      ],
    ])('says no more than is so when the payment %s', (_name, facts, text) => {
      expect(model(facts).banner).toEqual({ title: 'Thank you', text, tone: 'good' });
    });
  });

  it('leaves out a message of a kind that it has no words for', () => {
    const data = {
      amountMinor: 1,
      currency: 'jpy',
      description: null,
      chargeNumber: null,
      dueAt: null,
      nextAttemptAt: null,
      nextChargeAt: null,
      reason: null,
      timeZone: 'UTC',
    };
    const notices = ['of_tomorrow', 'charge_failed'].map((kind) => ({
      id: kind,
      kind,
      data,
      createdAt: at(0),
      isRead: false,
    }));
    expect(model({ notices }).notices.map(({ id }) => id)).toEqual(['charge_failed']);
  });

  it('name no next payment that the end of the agreement comes before', () => {
    const data = {
      amountMinor: 1980,
      currency: 'jpy',
      description: null,
      chargeNumber: 1,
      dueAt: at(-DAY).toISOString(),
      nextAttemptAt: null,
      nextChargeAt: at(30 * DAY).toISOString(),
      reason: null,
      timeZone: 'UTC',
    };
    const notices = [{ id: 'ntf_1', kind: 'charge_succeeded', data, createdAt: at(0), isRead: false }];
    const named = (of: Partial<CustomerEnrollment>) =>
      model({ notices, enrollment: { ...enrollment, ...of } }).notices.some(({ words }) =>
        words.paragraphs.some((paragraph) => paragraph.includes('next payment')),
      );
    expect(named({})).toBe(true);
    expect(named({ cancelAt: at(60 * DAY) })).toBe(true);
    expect(named({ cancelAt: at(30 * DAY) })).toBe(false);
    expect(named({ isCanceling: true })).toBe(false);
    expect(named({ status: 'canceled', endedAt: at(0) })).toBe(false);
  });
});
