/** Refunds and disputes by their Stripe ids, and a cancel that takes effect later. */
import { type Kysely, sql } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    alter table enrollments add column cancel_at timestamptz;

    create table refunds (
      id text primary key,
      charge_id text not null references charges (id),
      enrollment_id text not null references enrollments (id),
      amount_minor bigint not null check (amount_minor > 0),
      currency text not null,
      status text not null,
      failure_reason text,
      requested_by text,
      reason text,
      created_at timestamptz not null,
      updated_at timestamptz not null
    );
    create index refunds_by_charge on refunds (charge_id, created_at);

    create table disputes (
      id text primary key,
      charge_id text not null references charges (id),
      enrollment_id text not null references enrollments (id),
      amount_minor bigint not null,
      currency text not null,
      status text not null,
      reason text not null,
      evidence_due_at timestamptz,
      created_at timestamptz not null,
      updated_at timestamptz not null
    );
    create index disputes_by_enrollment on disputes (enrollment_id, created_at);
  `.execute(db);
}
