/** Rows as Activities and the API would have written them, each with a default for what a test does not care about. */
import { randomBytes } from 'node:crypto';
import type { Kysely } from 'kysely';
import { insertNotification } from '../../db/notifications.ts';
import type {
  Database,
  NewCharge,
  NewChargeAttempt,
  NewCheckoutSession,
  NewEnrollment,
  NewPaymentMethod,
  NewRefund,
  NewTimelineEntry,
} from '../../db/schema.ts';
import { chargeId, enrollmentWorkflowId } from '../../domain/ids.ts';
import type { NotificationData, NotificationKind } from '../../domain/notifications.ts';
import {
  DEFAULT_DUNNING,
  DEFAULT_SETUP_DEADLINE_DAYS,
  type Schedule,
  type Terms,
} from '../../domain/terms.ts';

export const MONTHLY: Schedule = {
  type: 'recurring',
  amountMinor: 1980,
  interval: { unit: 'month', count: 1 },
  startsAt: null,
  timeZone: 'Asia/Tokyo',
  localHour: 10,
  trialDays: 0,
  endsAt: null,
  maxCharges: null,
};

export function termsOf(schedule: Schedule = MONTHLY, overrides: Partial<Terms> = {}): Terms {
  return {
    currency: 'jpy',
    schedule,
    captureMethod: 'automatic',
    dunning: DEFAULT_DUNNING,
    lateSuccess: 'refund',
    catchUp: 'charge_all',
    setupDeadlineDays: DEFAULT_SETUP_DEADLINE_DAYS,
    ...overrides,
  };
}

/** Days from now, ISO 8601. */
export function daysAhead(days: number): string {
  return new Date(Date.now() + days * 86_400_000).toISOString();
}

export function newEnrollmentId(): string {
  return `enr_${randomBytes(13).toString('hex')}`;
}

export type Seed = Partial<Omit<NewEnrollment, 'terms' | 'metadata'>> & {
  terms?: Terms;
  customer?: { name?: string | null; email?: string | null };
};

/** A customer and an enrollment, `active` unless told otherwise. @returns the enrollment's id */
export async function seedEnrollment(db: Kysely<Database>, seed: Seed = {}): Promise<string> {
  const { terms = termsOf(), customer = {}, ...columns } = seed;
  const id = columns.id ?? newEnrollmentId();
  const customerId = `cst_${id.slice(4)}`;
  await db
    .insertInto('customers')
    .values({ id: customerId, email: 'aoi@example.jp', name: 'Aoi Sato', ...customer })
    .execute();
  const now = new Date().toISOString();
  await db
    .insertInto('enrollments')
    .values({
      workflow_id: enrollmentWorkflowId(id),
      customer_id: customerId,
      status: 'active',
      description: 'Coffee club, monthly',
      locale: 'en',
      currency: terms.currency,
      request_fingerprint: 'f'.repeat(64),
      livemode: false,
      setup_deadline_at: daysAhead(30),
      created_at: now,
      updated_at: now,
      ...columns,
      id,
      terms: JSON.stringify(terms),
      metadata: '{}',
    })
    .execute();
  return id;
}

export async function seedCharge(
  db: Kysely<Database>,
  enrollmentId: string,
  columns: Partial<NewCharge> = {},
): Promise<string> {
  const number = columns.number ?? 1;
  const id = chargeId(enrollmentId, number);
  const due = columns.due_at ?? daysAhead(-1);
  const isPaid = (columns.status ?? 'succeeded') === 'succeeded';
  await db
    .insertInto('charges')
    .values({
      id,
      enrollment_id: enrollmentId,
      number,
      origin: 'schedule',
      amount_minor: 1980,
      currency: 'jpy',
      due_at: due,
      status: 'succeeded',
      captured_minor: isPaid ? (columns.amount_minor ?? 1980) : 0,
      refunded_minor: 0,
      attempts: isPaid ? 1 : 0,
      settled_at: isPaid ? due : null,
      created_at: due,
      updated_at: due,
      ...columns,
    })
    .execute();
  return id;
}

/** A saved card, made the enrollment's default. */
export async function seedPaymentMethod(
  db: Kysely<Database>,
  enrollmentId: string,
  columns: Partial<NewPaymentMethod> = {},
): Promise<string> {
  const id = columns.id ?? `pm_${randomBytes(8).toString('hex')}`;
  await db
    .insertInto('payment_methods')
    .values({
      stripe_customer_id: 'cus_1',
      type: 'card',
      brand: 'visa',
      last4: '4242',
      exp_month: 4,
      exp_year: 2031,
      setup_intent_id: `seti_${id.slice(3)}`,
      checkout_session_id: `cs_test_${id.slice(3)}`,
      saved_at: daysAhead(-40),
      ...columns,
      id,
      enrollment_id: enrollmentId,
    })
    .execute();
  await db
    .updateTable('enrollments')
    .set({ default_payment_method_id: id })
    .where('id', '=', enrollmentId)
    .execute();
  return id;
}

export async function seedCheckoutSession(
  db: Kysely<Database>,
  enrollmentId: string,
  columns: Partial<NewCheckoutSession> = {},
): Promise<{ id: string; url: string }> {
  const id = columns.id ?? `cs_test_${randomBytes(12).toString('hex')}`;
  const url = `https://checkout.stripe.com/c/pay/${id}`;
  await db
    .insertInto('checkout_sessions')
    .values({
      status: 'open',
      url,
      expires_at: daysAhead(1),
      created_at: daysAhead(0),
      ...columns,
      id,
      enrollment_id: enrollmentId,
    })
    .execute();
  return { id, url };
}

export async function seedNotification(
  db: Kysely<Database>,
  enrollmentId: string,
  kind: NotificationKind,
  data: Partial<NotificationData> = {},
  columns: { chargeId?: string; createdAt?: string; locale?: string } = {},
): Promise<string> {
  const id = `ntf_${randomBytes(8).toString('hex')}`;
  await insertNotification(db, {
    id,
    enrollmentId,
    chargeId: columns.chargeId ?? null,
    kind,
    locale: columns.locale ?? 'en',
    data: {
      amountMinor: 1980,
      currency: 'jpy',
      description: 'Coffee club, monthly',
      chargeNumber: 1,
      dueAt: daysAhead(-1),
      nextAttemptAt: null,
      nextChargeAt: null,
      reason: null,
      timeZone: 'Asia/Tokyo',
      ...data,
    },
    createdAt: columns.createdAt ?? daysAhead(0),
  });
  return id;
}

/** The last attempt of a charge, with what was decided on its decline. */
export async function seedAttempt(
  db: Kysely<Database>,
  enrollmentId: string,
  chargeId: string,
  columns: Partial<NewChargeAttempt> = {},
): Promise<void> {
  const attempt = columns.attempt ?? 1;
  await db
    .insertInto('charge_attempts')
    .values({
      idempotency_key: `${chargeId}/${attempt}`,
      payment_method_id: 'pm_1',
      outcome: 'declined',
      decision: 'retry',
      attempted_at: daysAhead(0),
      ...columns,
      charge_id: chargeId,
      enrollment_id: enrollmentId,
      attempt,
    })
    .execute();
}

/** An entry of the timeline. */
export async function seedFact(
  db: Kysely<Database>,
  enrollmentId: string,
  fact: Partial<Omit<NewTimelineEntry, 'details'>> & {
    what: string;
    details?: Record<string, number | null>;
  },
): Promise<void> {
  const { details = {}, ...columns } = fact;
  await db
    .insertInto('enrollment_events')
    .values({
      key: `${enrollmentId}/${randomBytes(8).toString('hex')}`,
      at: daysAhead(0),
      who: 'customer',
      ...columns,
      enrollment_id: enrollmentId,
      details: JSON.stringify(details),
    })
    .execute();
}

export async function seedRefund(
  db: Kysely<Database>,
  enrollmentId: string,
  chargeId: string,
  columns: Partial<NewRefund> = {},
): Promise<void> {
  await db
    .insertInto('refunds')
    .values({
      id: `re_${randomBytes(8).toString('hex')}`,
      amount_minor: 500,
      currency: 'jpy',
      status: 'pending',
      created_at: daysAhead(-1),
      updated_at: daysAhead(-1),
      ...columns,
      charge_id: chargeId,
      enrollment_id: enrollmentId,
    })
    .execute();
}
