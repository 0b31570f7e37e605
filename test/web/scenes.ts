/** States of an enrollment that a customer may see, as rows; each is looked at by axe and in pictures. */
import type { Kysely } from 'kysely';
import type { Database } from '../../db/schema.ts';
import {
  daysAhead,
  MONTHLY,
  type Seed,
  seedCharge,
  seedCheckoutSession,
  seedEnrollment,
  seedNotification,
  seedPaymentMethod,
  termsOf,
} from './rows.ts';

export type SceneName =
  | 'awaiting'
  | 'active'
  | 'saved'
  | 'past_due'
  | 'confirm'
  | 'installments'
  | 'canceled';

export interface Scene {
  enrollmentId: string;
  /** What is added to the customer's path to see it. */
  path: string;
}

type Seeder = (db: Kysely<Database>, locale: 'en' | 'ja') => Promise<Scene>;

function about(locale: 'en' | 'ja', seed: Seed = {}): Seed {
  const description = locale === 'ja' ? '珈琲定期便（毎月200g）' : 'Coffee club, 200 g every month';
  return { locale, description, return_url: 'https://shop.example/thanks', ...seed };
}

const next = { next_charge_at: '2026-12-23T01:00:00.000Z', next_charge_amount_minor: 1980 };

export const SCENES: Readonly<Record<SceneName, Seeder>> = {
  async awaiting(db, locale) {
    const id = await seedEnrollment(db, about(locale, { status: 'awaiting_payment_method' }));
    return { enrollmentId: id, path: '/account' };
  },

  async active(db, locale) {
    const id = await seedEnrollment(db, about(locale, next));
    await seedPaymentMethod(db, id);
    await seedCharge(db, id, { number: 1, due_at: '2026-09-23T01:00:00.000Z', refunded_minor: 1980 });
    await seedCharge(db, id, { number: 2, due_at: '2026-10-23T01:00:00.000Z', refunded_minor: 500 });
    await seedCharge(db, id, { number: 3, due_at: '2026-11-23T01:00:00.000Z' });
    const told = { nextChargeAt: next.next_charge_at };
    await seedNotification(db, id, 'charge_refunded', { amountMinor: 500 }, { createdAt: daysAhead(-9) });
    await seedNotification(db, id, 'charge_succeeded', told, { createdAt: daysAhead(-1) });
    return { enrollmentId: id, path: '/account' };
  },

  async saved(db, locale) {
    const id = await seedEnrollment(db, about(locale, { ...next, next_charge_at: daysAhead(-0.0001) }));
    const session = await seedCheckoutSession(db, id, { status: 'complete', completed_at: daysAhead(0) });
    await seedPaymentMethod(db, id, { saved_at: daysAhead(0), checkout_session_id: session.id });
    return { enrollmentId: id, path: `/account?checkout=${session.id}` };
  },

  async past_due(db, locale) {
    const id = await seedEnrollment(db, about(locale, { ...next, status: 'past_due' }));
    await seedPaymentMethod(db, id, { brand: 'mastercard', last4: '0341', exp_month: 10, exp_year: 2026 });
    await seedCharge(db, id, { number: 1, due_at: '2026-10-23T01:00:00.000Z' });
    const chargeId = await seedCharge(db, id, {
      number: 2,
      due_at: '2026-11-23T01:00:00.000Z',
      status: 'requires_payment_method',
      next_attempt_at: '2026-11-25T01:00:00.000Z',
      attempts: 1,
    });
    const told = { reason: 'expired_card' as const, nextAttemptAt: '2026-11-25T01:00:00.000Z' };
    await seedNotification(db, id, 'charge_failed', told, { chargeId });
    return { enrollmentId: id, path: '/account' };
  },

  async confirm(db, locale) {
    const id = await seedEnrollment(db, about(locale, { ...next, status: 'past_due' }));
    await seedPaymentMethod(db, id);
    const chargeId = await seedCharge(db, id, { status: 'requires_payment_method', attempts: 1 });
    const told = { reason: 'authentication_required' as const };
    await seedNotification(db, id, 'authentication_required', told, { chargeId });
    return { enrollmentId: id, path: '/account' };
  },

  async installments(db, locale) {
    const schedule = {
      type: 'installments' as const,
      amountsMinor: [33_400, 33_300, 33_300],
      interval: MONTHLY.type === 'recurring' ? MONTHLY.interval : { unit: 'month' as const, count: 1 },
      startsAt: null,
      timeZone: 'America/New_York',
      localHour: null,
    };
    const terms = termsOf(schedule, { currency: 'usd' });
    const id = await seedEnrollment(
      db,
      about(locale, { ...next, next_charge_amount_minor: 33_300, terms, description: null }),
    );
    await seedPaymentMethod(db, id, {
      type: 'us_bank_account',
      brand: null,
      last4: '6789',
      exp_month: null,
      exp_year: null,
    });
    await seedCharge(db, id, { number: 1, amount_minor: 33_400, currency: 'usd' });
    await seedCharge(db, id, { number: 2, amount_minor: 33_300, currency: 'usd', status: 'processing' });
    return { enrollmentId: id, path: '/account' };
  },

  async canceled(db, locale) {
    const id = await seedEnrollment(db, about(locale, { status: 'canceled', ended_at: daysAhead(-1) }));
    await seedPaymentMethod(db, id);
    await seedCharge(db, id);
    return { enrollmentId: id, path: '/account' };
  },
};
