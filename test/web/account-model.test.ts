/** The account page as a whole; what its parts say is tested beside them, e.g. in status-words.test.ts. */
import { describe, expect, it } from '@jest/globals';
import type { CustomerEnrollment } from '../../db/customer-view.ts';
import { plannedCharge } from '../../domain/schedule.ts';
import { withPlaceInSpread } from '../../domain/spread.ts';
import type { RecurringSchedule } from '../../domain/terms.ts';
import { at, charge, DAY, disputed, enrollment, method, model, session, unpaid } from './account-facts.ts';
import { MONTHLY, termsOf } from './rows.ts';

describe('accountModel', () => {
  it('has a receipt exactly for charges of which money was taken', () => {
    const charges = [charge, unpaid('processing'), unpaid('succeeded', { capturedMinor: 1 })];
    expect(model({ charges }).charges.map(({ hasReceipt }) => hasReceipt)).toEqual([true, false, true]);
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

  it('says of a spread at what time this one is charged', () => {
    const terms = termsOf({ ...(MONTHLY as RecurringSchedule), localHour: 9, spread: { minutes: 600 } });
    const { schedule } = withPlaceInSpread(terms, enrollment.id);
    const due = plannedCharge(schedule, '2026-11-01T00:00:00.000Z', 1)?.dueAt ?? '';
    const time = new Date(due).toLocaleTimeString('en', { timeStyle: 'short', timeZone: 'Asia/Tokyo' });
    expect(time).not.toMatch(/^9:00/);
    expect(model({ enrollment: { ...enrollment, terms } }).agreement).toContain(
      `Payments are made at about ${time} (Japan Standard Time).`,
    );
  });

  describe('an open dispute', () => {
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
