/**
 * The tables as Kysely sees them. Instants are `timestamptz`, read as Date; amounts are `bigint` in minor
 * units, read as number (the pool's type parser refuses what is not a safe integer).
 *
 * Who writes: a row of `enrollments`, `charges`, `charge_attempts`, `payment_methods`, `checkout_sessions`,
 * `notifications`, `enrollment_events` and `ledger_entries` is written by that enrollment's Activities only;
 * `customers` and `stripe_events` by the API (Activities fill in what Stripe told of a customer), as are
 * `stripe_event_redeliveries`, which the command line writes too; `api_keys` by the command line; `backfills` by
 * `npm run migrate`. The tables of sums (migrations 0019 to 0023) and `charges.last_declined_at` are not
 * here: triggers write them, and `db/sum-figures.ts`.
 */
import type { ColumnType, Generated, Insertable, Selectable } from 'kysely';
import type { ChargeStatus, EnrollmentStatus } from '../domain/statuses.ts';
import type { Terms } from '../domain/terms.ts';

type Instant = ColumnType<Date, Date | string, Date | string>;
type NullableInstant = ColumnType<Date | null, Date | string | null | undefined, Date | string | null>;
type CreatedAt = ColumnType<Date, Date | string | undefined, never>;
type Json<T> = ColumnType<T, string, string>;

/** Contact details: the only table with personal data, so that histories, ids and logs need none. */
export interface CustomersTable {
  id: string;
  reference: string | null;
  email: string | null;
  name: string | null;
  stripe_customer_id: string | null;
  /** One more for each time that a request wrote the e-mail or the name, taken back with what it wrote. */
  details_version: Generated<number>;
  created_at: CreatedAt;
}

export interface EnrollmentsTable {
  id: string;
  workflow_id: string;
  customer_id: string;
  status: EnrollmentStatus;
  description: string | null;
  locale: string;
  terms: Json<Terms>;
  currency: string;
  /** sha256 of the request that created it; the same Idempotency-Key with another one is refused. */
  request_fingerprint: string;
  return_url: string | null;
  metadata: Json<Record<string, string>>;
  livemode: boolean;
  default_payment_method_id: string | null;
  next_charge_at: NullableInstant;
  next_charge_amount_minor: number | null;
  setup_deadline_at: Instant;
  started_at: NullableInstant;
  paused_until: NullableInstant;
  /** A cancel at the end of the period takes effect then. */
  cancel_at: NullableInstant;
  ended_at: NullableInstant;
  end_reason: string | null;
  /** What Stripe refused when it could not be set up; its creator hears it on every repeat. */
  setup_refusal: ColumnType<string | null, string | null | undefined, string | null>;
  created_at: Instant;
  updated_at: Instant;
}

export interface ChargesTable {
  id: string;
  enrollment_id: string;
  number: number;
  /** Place in the schedule: charged once. Null for a charge besides it. */
  occurrence: number | null;
  origin: 'schedule' | 'api';
  /** Idempotency-Key of the caller who asked for it; null when nobody did. */
  request_key: ColumnType<string | null, string | null | undefined, string | null>;
  description: string | null;
  amount_minor: number;
  currency: string;
  due_at: Instant;
  status: ChargeStatus;
  payment_intent_id: string | null;
  attempts: number;
  next_attempt_at: NullableInstant;
  /** Until when it waits for its customer; null while nobody is waited for. */
  give_up_at: NullableInstant;
  captured_minor: number;
  refunded_minor: number;
  dispute_status: string | null;
  last_code: string | null;
  last_decline_code: string | null;
  /** Why it needs attention, or what dunning decided last; for operators. */
  status_reason: string | null;
  /** Why what came in after a cancel does not go back yet; null when nothing is refused. */
  refund_refused: ColumnType<string | null, string | null | undefined, string | null>;
  settled_at: NullableInstant;
  created_at: Instant;
  updated_at: Instant;
}

export interface ChargeAttemptsTable {
  charge_id: string;
  attempt: number;
  enrollment_id: string;
  idempotency_key: string;
  payment_method_id: string;
  payment_intent_id: string | null;
  outcome: string;
  code: string | null;
  decline_code: string | null;
  advice_code: string | null;
  network_decline_code: string | null;
  stripe_charge_id: string | null;
  stripe_request_id: string | null;
  decision: string | null;
  decision_reason: string | null;
  attempted_at: Instant;
}

export interface PaymentMethodsTable {
  id: string;
  enrollment_id: string;
  stripe_customer_id: string;
  type: string;
  brand: string | null;
  last4: string | null;
  exp_month: number | null;
  exp_year: number | null;
  fingerprint: string | null;
  setup_intent_id: string;
  checkout_session_id: string;
  mandate_id: string | null;
  saved_at: Instant;
  /** When it was found to be of no use: detached, or its mandate has ended. */
  detached_at: NullableInstant;
}

export interface CheckoutSessionsTable {
  id: string;
  enrollment_id: string;
  status: 'open' | 'complete' | 'expired';
  url: string | null;
  setup_intent_id: string | null;
  expires_at: Instant;
  created_at: Instant;
  completed_at: NullableInstant;
  /** Why a completed session was not used, e.g. a SetupIntent of another customer. */
  refused_reason: string | null;
}

export interface NotificationsTable {
  id: string;
  enrollment_id: string;
  charge_id: string | null;
  kind: string;
  locale: string;
  /** What the template needs: amounts, dates, counts; no personal data, no link. */
  data: Json<Record<string, string | number | null>>;
  created_at: Instant;
  mailed_at: NullableInstant;
  mail_message_id: string | null;
  /** Times that sending was tried; the next time is not before `next_mail_at`. */
  mail_attempts: Generated<number>;
  next_mail_at: ColumnType<Date, Date | string | undefined, Date | string>;
  mail_error: string | null;
  read_at: NullableInstant;
}

/** Inbox of webhooks. A row is done when `signalled_at` or `ignored_reason` is set. */
export interface StripeEventsTable {
  id: string;
  type: string;
  api_version: string | null;
  livemode: boolean;
  object_id: string | null;
  enrollment_id: string | null;
  payload: Json<unknown>;
  stripe_created_at: Instant;
  received_at: CreatedAt;
  deliveries: Generated<number>;
  signalled_at: NullableInstant;
  ignored_reason: string | null;
  signal_attempts: Generated<number>;
  next_signal_at: Instant;
  last_error: string | null;
}

/** One refund of a charge, whoever made it, as Stripe's list had it last. */
export interface RefundsTable {
  id: string;
  charge_id: string;
  enrollment_id: string;
  amount_minor: number;
  currency: string;
  /** Stripe's: `pending`, `requires_action`, `succeeded`, `failed`, `canceled`. */
  status: string;
  failure_reason: string | null;
  /** Null when it was not asked for here, e.g. made in the Dashboard. */
  requested_by: string | null;
  /** The caller's Idempotency-Key; null when it was not asked for here. */
  request_key: string | null;
  /** Whether the request named no amount; null when it was not asked for here, or before that was kept. */
  asked_for_all: boolean | null;
  reason: string | null;
  created_at: Instant;
  updated_at: Instant;
}

export interface DisputesTable {
  id: string;
  charge_id: string;
  enrollment_id: string;
  amount_minor: number;
  currency: string;
  /** Stripe's, e.g. `needs_response`. */
  status: string;
  reason: string;
  evidence_due_at: NullableInstant;
  created_at: Instant;
  updated_at: Instant;
}

/** Timeline: what happened to an enrollment, who did it, and why. */
export interface EnrollmentEventsTable {
  /** Position in the timeline; assigned by the database. */
  seq: Generated<number>;
  /** The Workflow's own name of the fact: an Activity retried writes it once. */
  key: string;
  enrollment_id: string;
  charge_id: string | null;
  at: Instant;
  what: string;
  who: string;
  why: string | null;
  details: Json<Record<string, string | number | boolean | null>>;
}

/** Money moved; append-only. Positive towards the merchant, negative away from it. */
export interface LedgerEntriesTable {
  seq: Generated<number>;
  /** The Stripe object that moved it, once for each kind. */
  key: string;
  enrollment_id: string;
  charge_id: string;
  kind: 'payment' | 'refund' | 'refund_failed' | 'dispute' | 'dispute_reversed';
  amount_minor: number;
  currency: string;
  stripe_object_id: string;
  at: Instant;
}

export interface ApiKeysTable {
  id: string;
  name: string;
  hash: string;
  scopes: string[];
  created_at: CreatedAt;
  last_used_at: NullableInstant;
  revoked_at: NullableInstant;
  /** From then on it is refused; null: good until it is revoked. */
  expires_at: NullableInstant;
}

/** Webhooks that somebody had delivered once more. */
export interface StripeEventRedeliveriesTable {
  seq: Generated<number>;
  stripe_event_id: string;
  at: CreatedAt;
  /** `operator`, or `api:<key id>`. */
  who: string;
  why: string | null;
}

/** Sweeps for what webhooks should have told. */
export interface SweepCursorsTable {
  name: string;
  /** By Stripe's clock: everything older has been looked at. */
  swept_until: Instant;
  swept_at: ColumnType<Date, Date | string | undefined, Date | string>;
  /** How many events sweeps have found that never came in. */
  found: Generated<number>;
}

/** When the next request may be sent to somebody who limits their rate; by the database's clock, lost in a crash. */
export interface RequestTurnsTable {
  name: string;
  next_at: Instant;
}

/** What a migration has left to be done in slices (`db/redact-kept-events.ts`). */
export interface BackfillsTable {
  name: string;
  /** The last key that is done; empty before the first. */
  place: Generated<string>;
  finished_at: NullableInstant;
}

export interface Database {
  customers: CustomersTable;
  enrollments: EnrollmentsTable;
  charges: ChargesTable;
  charge_attempts: ChargeAttemptsTable;
  payment_methods: PaymentMethodsTable;
  checkout_sessions: CheckoutSessionsTable;
  notifications: NotificationsTable;
  stripe_events: StripeEventsTable;
  stripe_event_redeliveries: StripeEventRedeliveriesTable;
  refunds: RefundsTable;
  disputes: DisputesTable;
  enrollment_events: EnrollmentEventsTable;
  ledger_entries: LedgerEntriesTable;
  api_keys: ApiKeysTable;
  sweep_cursors: SweepCursorsTable;
  request_turns: RequestTurnsTable;
  backfills: BackfillsTable;
}

export type Customer = Selectable<CustomersTable>;
export type NewCustomer = Insertable<CustomersTable>;
export type Enrollment = Selectable<EnrollmentsTable>;
export type NewEnrollment = Insertable<EnrollmentsTable>;
export type Charge = Selectable<ChargesTable>;
export type NewCharge = Insertable<ChargesTable>;
export type NewChargeAttempt = Insertable<ChargeAttemptsTable>;
export type PaymentMethod = Selectable<PaymentMethodsTable>;
export type NewPaymentMethod = Insertable<PaymentMethodsTable>;
export type CheckoutSession = Selectable<CheckoutSessionsTable>;
export type NewCheckoutSession = Insertable<CheckoutSessionsTable>;
export type Notification = Selectable<NotificationsTable>;
export type StripeEventRow = Selectable<StripeEventsTable>;
export type Refund = Selectable<RefundsTable>;
export type NewRefund = Insertable<RefundsTable>;
export type Dispute = Selectable<DisputesTable>;
export type NewDispute = Insertable<DisputesTable>;
export type TimelineEntry = Selectable<EnrollmentEventsTable>;
export type NewTimelineEntry = Insertable<EnrollmentEventsTable>;
export type NewLedgerEntry = Insertable<LedgerEntriesTable>;
export type ApiKey = Selectable<ApiKeysTable>;
export type Redelivery = Selectable<StripeEventRedeliveriesTable>;
