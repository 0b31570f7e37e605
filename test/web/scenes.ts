/** States of an enrollment that a customer may see, as rows; each is looked at by axe and in pictures. */
import type { Kysely } from 'kysely';
import type { Database } from '../../db/schema.ts';
import type { CancelPreview } from '../../domain/cancel-preview.ts';
import {
  daysAhead,
  MONTHLY,
  type Seed,
  seedAttempt,
  seedCharge,
  seedCheckoutSession,
  seedEnrollment,
  seedFact,
  seedNotification,
  seedPaymentMethod,
  seedRefund,
  termsOf,
} from './rows.ts';

export type SceneName =
  | 'awaiting'
  | 'active'
  | 'saved'
  | 'past_due'
  | 'try_again'
  | 'tries_used_up'
  | 'confirm'
  | 'confirm_unfinished'
  | 'checking'
  | 'refunds'
  | 'expiring'
  | 'removed'
  | 'disputed'
  | 'paused'
  | 'ending'
  | 'ending_paused'
  | 'canceling'
  | 'installments'
  | 'completed'
  | 'canceled'
  | 'cancel'
  | 'cancel_past_due'
  | 'receipt'
  | 'unknown';

export interface Scene {
  enrollmentId: string;
  /** What is added to the customer's path to see it. */
  path: string;
  /** What the Workflow says of a cancel. */
  preview?: Partial<CancelPreview>;
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
    const until = '2099-12-09T01:00:00.000Z';
    const chargeId = await seedCharge(db, id, {
      status: 'requires_payment_method',
      give_up_at: until,
      attempts: 1,
    });
    await seedAttempt(db, id, chargeId, { decision: 'authenticate' });
    const told = {
      reason: 'authentication_required' as const,
      giveUpAt: until,
      afterGivingUp: 'cancel' as const,
    };
    await seedNotification(db, id, 'authentication_required', told, { chargeId });
    return { enrollmentId: id, path: '/account' };
  },

  async try_again(db, locale) {
    const { enrollmentId, chargeId } = await declinedSoftly(db, locale, 1);
    const tried = new URLSearchParams({ tried: chargeId, before: '1', at: String(nowS()) });
    return { enrollmentId, path: `/account?${tried}` };
  },

  async tries_used_up(db, locale) {
    const { enrollmentId, chargeId } = await declinedSoftly(db, locale, 5);
    const refused = { tried: chargeId, before: '6', at: String(nowS()), refused: 'too_many_tries' };
    return { enrollmentId, path: `/account?${new URLSearchParams(refused)}` };
  },

  async confirm_unfinished(db, locale) {
    const id = await seedEnrollment(db, about(locale, { ...next, status: 'past_due' }));
    await seedPaymentMethod(db, id);
    const chargeId = await seedCharge(db, id, {
      status: 'requires_action',
      attempts: 2,
      updated_at: daysAhead(0),
    });
    await seedAttempt(db, id, chargeId, { attempt: 2, outcome: 'requires_action', decision: null });
    return { enrollmentId: id, path: '/account' };
  },

  async checking(db, locale) {
    const id = await seedEnrollment(db, about(locale, { ...next, status: 'past_due' }));
    await seedPaymentMethod(db, id);
    const chargeId = await seedCharge(db, id, {
      status: 'requires_action',
      attempts: 2,
      updated_at: daysAhead(0),
    });
    return { enrollmentId: id, path: `/account?tried=${chargeId}&confirmed=2&at=${nowS()}` };
  },

  async refunds(db, locale) {
    const id = await seedEnrollment(db, about(locale, next));
    await seedPaymentMethod(db, id);
    const first = await seedCharge(db, id, {
      number: 1,
      due_at: '2026-09-23T01:00:00.000Z',
      refunded_minor: 1980,
    });
    const second = await seedCharge(db, id, {
      number: 2,
      due_at: '2026-10-23T01:00:00.000Z',
      refunded_minor: 500,
    });
    await seedRefund(db, id, first, { amount_minor: 1980, status: 'succeeded', created_at: daysAhead(-20) });
    await seedRefund(db, id, second, { amount_minor: 300, status: 'failed', created_at: daysAhead(-9) });
    await seedRefund(db, id, second, { amount_minor: 500 });
    await seedNotification(db, id, 'refund_failed', { amountMinor: 300 }, { chargeId: second });
    return { enrollmentId: id, path: '/account' };
  },

  async expiring(db, locale) {
    const id = await seedEnrollment(db, about(locale, { ...next, next_charge_at: daysAhead(100) }));
    const soon = new Date(Date.now() + 40 * 86_400_000);
    await seedPaymentMethod(db, id, { exp_month: soon.getUTCMonth() + 1, exp_year: soon.getUTCFullYear() });
    await seedCharge(db, id);
    return { enrollmentId: id, path: '/account' };
  },

  async removed(db, locale) {
    const onDemand = termsOf({ type: 'on_demand' });
    const id = await seedEnrollment(db, about(locale, { terms: onDemand }));
    await seedPaymentMethod(db, id, { detached_at: daysAhead(-1) });
    await seedCharge(db, id);
    await seedNotification(db, id, 'payment_method_needed', { amountMinor: null, dueAt: null });
    return { enrollmentId: id, path: '/account' };
  },

  async disputed(db, locale) {
    const id = await seedEnrollment(db, about(locale, { ...next, next_charge_at: daysAhead(-14) }));
    await seedPaymentMethod(db, id);
    await seedCharge(db, id, { due_at: daysAhead(-44), dispute_status: 'under_review' });
    return { enrollmentId: id, path: '/account' };
  },

  async paused(db, locale) {
    const pausedUntil = '2099-01-15T01:00:00.000Z';
    const id = await seedEnrollment(db, about(locale, { status: 'paused', paused_until: pausedUntil }));
    await seedPaymentMethod(db, id);
    await seedCharge(db, id);
    return { enrollmentId: id, path: '/account' };
  },

  async ending(db, locale) {
    const cancelAt = '2099-12-23T01:00:00.000Z';
    const ending = { ...next, next_charge_at: cancelAt, cancel_at: cancelAt };
    const id = await seedEnrollment(db, about(locale, ending));
    await seedPaymentMethod(db, id);
    await seedCharge(db, id);
    return { enrollmentId: id, path: '/account' };
  },

  async ending_paused(db, locale) {
    const paused = { status: 'paused' as const, cancel_at: '2099-12-23T01:00:00.000Z' };
    const id = await seedEnrollment(db, about(locale, paused));
    await seedPaymentMethod(db, id);
    await seedCharge(db, id, { dispute_status: 'lost' });
    return { enrollmentId: id, path: '/account' };
  },

  async canceling(db, locale) {
    const id = await seedEnrollment(db, about(locale, next));
    await seedPaymentMethod(db, id, {
      type: 'sepa_debit',
      brand: null,
      last4: '3000',
      exp_month: null,
      exp_year: null,
    });
    await seedCharge(db, id, { status: 'processing' });
    await seedFact(db, id, { what: 'enrollment.cancel_accepted' });
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

  async completed(db, locale) {
    const id = await seedEnrollment(db, about(locale, { status: 'completed', ended_at: daysAhead(-1) }));
    await seedPaymentMethod(db, id);
    await seedCharge(db, id);
    await seedNotification(db, id, 'enrollment_completed', { amountMinor: null, dueAt: null });
    return { enrollmentId: id, path: '/account' };
  },

  async cancel(db, locale) {
    const { enrollmentId } = await SCENES.active(db, locale);
    return { enrollmentId, path: '/cancel', preview: { nextChargeStopped: STOPPED } };
  },

  async cancel_past_due(db, locale) {
    const { enrollmentId } = await SCENES.past_due(db, locale);
    const charges = [{ id: `chg_${enrollmentId.slice(4)}_2`, amountMinor: 1980, fate: 'canceled' as const }];
    return { enrollmentId, path: '/cancel', preview: { charges, stillOwedMinor: 1980 } };
  },

  async receipt(db, locale) {
    const { enrollmentId } = await SCENES.refunds(db, locale);
    const chargeId = `chg_${enrollmentId.slice(4)}_2`;
    const of = { enrollment_id: enrollmentId, charge_id: chargeId, currency: 'jpy' };
    const moved = [
      { ...of, kind: 'refund' as const, amount_minor: -500, at: '2026-11-24T01:00:00.000Z' },
      { ...of, kind: 'dispute' as const, amount_minor: -1480, at: '2026-11-25T01:00:00.000Z' },
      { ...of, kind: 'dispute_reversed' as const, amount_minor: 1480, at: '2026-11-28T01:00:00.000Z' },
    ].map((entry) => ({
      ...entry,
      key: `${entry.kind}/${chargeId}`,
      stripe_object_id: `${entry.kind}_${chargeId}`,
    }));
    await db.insertInto('ledger_entries').values(moved).execute();
    return { enrollmentId, path: `/charges/${chargeId}/receipt` };
  },

  async unknown(db, locale) {
    return { enrollmentId: await seedEnrollment(db, about(locale)), path: `/nothing?lang=${locale}` };
  },
};

const STOPPED = { occurrence: 4, dueAt: '2026-12-23T01:00:00.000Z', amountMinor: 1980 };

function nowS(): number {
  return Math.floor(Date.now() / 1000);
}

/** Not enough money: tried again by itself, and by hand so many times. */
async function declinedSoftly(db: Kysely<Database>, locale: 'en' | 'ja', triesByHand: number) {
  const id = await seedEnrollment(db, about(locale, { ...next, status: 'past_due' }));
  await seedPaymentMethod(db, id);
  const attempts = triesByHand + 1;
  const retry = '2099-11-25T01:00:00.000Z';
  const chargeId = await seedCharge(db, id, {
    status: 'requires_payment_method',
    attempts,
    next_attempt_at: retry,
    updated_at: daysAhead(0),
  });
  await seedAttempt(db, id, chargeId, { attempt: attempts });
  for (let attempt = 2; attempt <= attempts; attempt++) {
    await seedFact(db, id, { what: 'charge.declined', charge_id: chargeId, details: { attempt } });
  }
  const told = { reason: 'insufficient_funds' as const, nextAttemptAt: retry };
  await seedNotification(db, id, 'charge_failed', told, { chargeId });
  return { enrollmentId: id, chargeId };
}
