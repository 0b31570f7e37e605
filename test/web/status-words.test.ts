/** The line under the heading of the account page: how the enrollment stands, and what is promised of it. */
import { describe, expect, it } from '@jest/globals';
import type { CustomerRefund } from '../../db/customer-charges.ts';
import { ENROLLMENT_STATUSES } from '../../domain/statuses.ts';
import type { AccountFacts } from '../../web/account-model.ts';
import { at, charge, DAY, disputed, enrollment, method, model, unpaid } from './account-facts.ts';

describe('statusModel', () => {
  it.each(ENROLLMENT_STATUSES)('has words for an enrollment that is %s', (status) => {
    const { status: words } = model({ enrollment: { ...enrollment, status, endedAt: at(-DAY) } });
    expect(words.label).not.toBe('');
    expect(words.text).not.toMatch(/on \.|by \./);
  });

  it('says until when it is paused, if that is known, and that nothing is charged now', () => {
    const paused = { ...enrollment, status: 'paused' as const, nextChargeAt: at(-DAY) };
    expect(model({ enrollment: paused }).status.text).not.toContain('The pause ends');
    const until = model({ enrollment: { ...paused, pausedUntil: at(9 * DAY) } });
    expect(until.status.text).toContain('The pause ends on December 2, 2026.');
    expect(until).toMatchObject({
      next: null,
      noNext: 'No new one while payments are paused. The pause ends on December 2, 2026.',
      isWaiting: false,
    });
  });

  it.each([
    ['en', 'The pause ends on December 2, 2026.', 'start again'],
    ['ja', '停止期間は2026年12月2日に終わります。', '再開'],
  ] as const)(
    'promises no payment after a pause, which may outlast the schedule (%s)',
    (locale, end, again) => {
      const paused = {
        ...enrollment,
        status: 'paused' as const,
        pausedUntil: at(9 * DAY),
        nextChargeAt: null,
      };
      for (const charges of [[], [unpaid('requires_payment_method', { nextAttemptAt: at(DAY) })]]) {
        const { status, noNext } = model({ enrollment: paused, charges }, locale);
        for (const text of [status.text, noNext]) {
          expect(text).toContain(end);
          expect(text).not.toContain(again);
        }
      }
    },
  );

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
      /^2 payments, ¥3,960 in all, .* No other payments .* The pause ends on December 2, 2026\.$/,
    );
    expect(model({ enrollment: paused, charges: [unpaid('processing')] }).status.text).toBe(
      'No new payments are being taken at the moment.',
    );
    const disputed = { ...charge, disputeStatus: 'under_review' };
    expect(model({ enrollment: paused, charges: [disputed, declined] }).status.text).not.toContain('settle');
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
    ['is looked into', { charges: [unpaid('needs_attention')] }, 'We are looking into a payment, see below.'],
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
