/** The first schema. Immutable: a change to the tables is a new migration. */
import { type Kysely, sql } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table customers (
      id text primary key,
      reference text unique,
      email text,
      name text,
      stripe_customer_id text,
      created_at timestamptz not null default now()
    );

    create table enrollments (
      id text primary key,
      workflow_id text not null unique,
      customer_id text not null references customers (id),
      status text not null check (status in
        ('awaiting_payment_method', 'active', 'past_due', 'paused', 'completed', 'canceled', 'expired')),
      description text,
      locale text not null,
      terms jsonb not null,
      currency text not null,
      request_fingerprint text not null,
      return_url text,
      metadata jsonb not null default '{}',
      livemode boolean not null,
      default_payment_method_id text,
      next_charge_at timestamptz,
      next_charge_amount_minor bigint,
      setup_deadline_at timestamptz not null,
      started_at timestamptz,
      paused_until timestamptz,
      ended_at timestamptz,
      end_reason text,
      created_at timestamptz not null,
      updated_at timestamptz not null
    );
    create index enrollments_newest on enrollments (created_at desc, id desc);
    create index enrollments_by_status on enrollments (status, created_at desc, id desc);
    create index enrollments_by_customer on enrollments (customer_id, created_at desc, id desc);

    create table charges (
      id text primary key,
      enrollment_id text not null references enrollments (id),
      number integer not null check (number > 0),
      occurrence integer,
      origin text not null check (origin in ('schedule', 'api')),
      description text,
      amount_minor bigint not null check (amount_minor > 0),
      currency text not null,
      due_at timestamptz not null,
      status text not null check (status in
        ('scheduled', 'requires_payment_method', 'requires_confirmation', 'requires_action', 'requires_capture',
         'processing', 'succeeded', 'canceled', 'uncollectible', 'needs_attention')),
      payment_intent_id text unique,
      attempts integer not null default 0,
      next_attempt_at timestamptz,
      captured_minor bigint not null default 0 check (captured_minor between 0 and amount_minor),
      refunded_minor bigint not null default 0 check (refunded_minor between 0 and captured_minor),
      dispute_status text,
      last_code text,
      last_decline_code text,
      status_reason text,
      settled_at timestamptz,
      created_at timestamptz not null,
      updated_at timestamptz not null,
      unique (enrollment_id, number)
    );

    create index charges_open on charges (enrollment_id)
      where status in ('requires_payment_method', 'requires_confirmation', 'requires_action');

    create table charge_attempts (
      charge_id text not null references charges (id),
      attempt integer not null check (attempt > 0),
      enrollment_id text not null references enrollments (id),
      idempotency_key text not null unique,
      payment_method_id text not null,
      payment_intent_id text,
      outcome text not null,
      code text,
      decline_code text,
      advice_code text,
      network_decline_code text,
      stripe_charge_id text,
      stripe_request_id text,
      decision text,
      decision_reason text,
      attempted_at timestamptz not null,
      primary key (charge_id, attempt)
    );

    create table payment_methods (
      id text primary key,
      enrollment_id text not null references enrollments (id),
      stripe_customer_id text not null,
      type text not null,
      brand text,
      last4 text,
      exp_month integer,
      exp_year integer,
      fingerprint text,
      setup_intent_id text not null,
      checkout_session_id text not null,
      mandate_id text,
      saved_at timestamptz not null,
      detached_at timestamptz
    );
    create index payment_methods_by_enrollment on payment_methods (enrollment_id, saved_at desc);

    create table checkout_sessions (
      id text primary key,
      enrollment_id text not null references enrollments (id),
      status text not null check (status in ('open', 'complete', 'expired')),
      url text,
      setup_intent_id text,
      expires_at timestamptz not null,
      created_at timestamptz not null,
      completed_at timestamptz,
      refused_reason text
    );
    create index checkout_sessions_by_enrollment on checkout_sessions (enrollment_id, created_at desc);
    create index checkout_sessions_by_setup_intent on checkout_sessions (setup_intent_id);

    create table notifications (
      id text primary key,
      enrollment_id text not null references enrollments (id),
      charge_id text references charges (id),
      kind text not null,
      locale text not null,
      data jsonb not null,
      created_at timestamptz not null,
      mailed_at timestamptz,
      mail_message_id text,
      mail_attempts integer not null default 0,
      next_mail_at timestamptz not null default now(),
      mail_error text,
      read_at timestamptz
    );
    create index notifications_to_mail on notifications (next_mail_at) where mailed_at is null;
    create index notifications_by_enrollment on notifications (enrollment_id, created_at desc);

    create table stripe_events (
      id text primary key,
      type text not null,
      api_version text,
      livemode boolean not null,
      object_id text,
      enrollment_id text,
      payload jsonb not null,
      stripe_created_at timestamptz not null,
      received_at timestamptz not null default now(),
      deliveries integer not null default 1,
      signalled_at timestamptz,
      ignored_reason text,
      signal_attempts integer not null default 0,
      next_signal_at timestamptz not null default now(),
      last_error text
    );
    create index stripe_events_pending on stripe_events (next_signal_at)
      where signalled_at is null and ignored_reason is null;
    create index stripe_events_by_enrollment on stripe_events (enrollment_id, received_at desc);

    create table enrollment_events (
      seq bigint generated always as identity primary key,
      key text not null unique,
      enrollment_id text not null references enrollments (id),
      charge_id text references charges (id),
      at timestamptz not null,
      what text not null,
      who text not null,
      why text,
      details jsonb not null default '{}'
    );
    create index enrollment_events_by_enrollment on enrollment_events (enrollment_id, seq);

    create table ledger_entries (
      seq bigint generated always as identity primary key,
      key text not null unique,
      enrollment_id text not null references enrollments (id),
      charge_id text not null references charges (id),
      kind text not null check (kind in ('payment', 'refund', 'refund_failed', 'dispute', 'dispute_reversed')),
      amount_minor bigint not null,
      currency text not null,
      stripe_object_id text not null,
      at timestamptz not null
    );
    create index ledger_entries_by_charge on ledger_entries (charge_id);
    create function refuse_ledger_change() returns trigger language plpgsql as $$
      begin raise exception 'ledger_entries is append-only'; end $$;
    create trigger ledger_entries_append_only before update or delete on ledger_entries
      for each row execute function refuse_ledger_change();

    create table api_keys (
      id text primary key,
      name text not null,
      hash text not null unique,
      scopes text[] not null,
      created_at timestamptz not null default now(),
      last_used_at timestamptz,
      revoked_at timestamptz
    );
  `.execute(db);
}
