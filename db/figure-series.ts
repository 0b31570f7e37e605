/**
 * Figures over a period for the operators' page: money by bucket of time, what became of declined charges, how fast
 * webhooks arrive, and the charges behind each number. Writes nothing; each query walks an index of 0009 or the rows of
 * one charge. Buckets are UTC.
 */
import { type Kysely, type RawBuilder, sql } from 'kysely';
import type { ChargeStatus } from '../domain/statuses.ts';
import { type Period, REFUND_REFUSED, WAITING } from './figures.ts';
import type { Database } from './schema.ts';

export type Bucket = 'hour' | 'day' | 'month';

export interface SeriesPoint {
  /** Beginning of the bucket. */
  at: Date;
  currency: string;
  charges: number;
  amountMinor: number;
  /** The part of it that had been declined before. */
  recoveredCharges: number;
  recoveredMinor: number;
}

const WAS_DECLINED = sql<boolean>`exists (
  select from charge_attempts as attempt
  where attempt.charge_id = ledger_entries.charge_id and attempt.outcome = 'declined')`;

/** Payments by bucket and currency; buckets without any are left out. */
export async function collectedSeries(
  db: Kysely<Database>,
  { from, until }: Period,
  bucket: Bucket,
): Promise<SeriesPoint[]> {
  const { rows } = await sql<SeriesPoint>`
    select bucket at time zone 'UTC' as at, currency, count(*) as charges,
           sum(amount_minor)::bigint as "amountMinor",
           count(*) filter (where was_declined) as "recoveredCharges",
           coalesce(sum(amount_minor) filter (where was_declined), 0)::bigint as "recoveredMinor"
    from (
      select date_trunc(${bucket}, at at time zone 'UTC') as bucket, currency, amount_minor,
             ${WAS_DECLINED} as was_declined
      from ledger_entries
      where at >= ${from} and at < ${until} and kind = 'payment'
    ) as payment
    group by bucket, currency
    order by bucket, currency
  `.execute(db);
  return rows;
}

export interface FunnelRow {
  currency: string;
  /** Charges with a decline in the period. */
  declined: number;
  declinedMinor: number;
  /** Those that were tried again. */
  retried: number;
  recovered: number;
  recoveredMinor: number;
  /** Neither paid nor given up. */
  open: number;
  openMinor: number;
  /** Uncollectible or canceled. */
  givenUp: number;
  givenUpMinor: number;
}

/** The charges that were declined in a period, and what has become of them by now. */
export async function dunningFunnel(db: Kysely<Database>, { from, until }: Period): Promise<FunnelRow[]> {
  const { rows } = await sql<FunnelRow>`
    select charges.currency,
           count(*) as declined, sum(amount_minor)::bigint as "declinedMinor",
           count(*) filter (where attempts > 1) as retried,
           count(*) filter (where ${RECOVERED}) as recovered,
           coalesce(sum(amount_minor) filter (where ${RECOVERED}), 0)::bigint as "recoveredMinor",
           count(*) filter (where ${OPEN}) as open,
           coalesce(sum(amount_minor) filter (where ${OPEN}), 0)::bigint as "openMinor",
           count(*) filter (where ${GIVEN_UP}) as "givenUp",
           coalesce(sum(amount_minor) filter (where ${GIVEN_UP}), 0)::bigint as "givenUpMinor"
    from (
      select distinct charge_id from charge_attempts
      where attempted_at >= ${from} and attempted_at < ${until} and outcome = 'declined'
    ) as declined
    join charges on charges.id = declined.charge_id
    group by charges.currency
    order by charges.currency
  `.execute(db);
  return rows;
}

const RECOVERED = sql<boolean>`status = 'succeeded'`;
const GIVEN_UP = sql<boolean>`status in ('uncollectible', 'canceled')`;
const OPEN = sql<boolean>`status not in ('succeeded', 'uncollectible', 'canceled')`;

export interface WebhookLag {
  webhooks: number;
  /** Seconds from arrival until the Workflow had it; null without any. */
  medianSeconds: number | null;
  p95Seconds: number | null;
  longestSeconds: number | null;
}

/** Webhooks that came in during the period and have reached their Workflow. */
export async function webhookLag(db: Kysely<Database>, { from, until }: Period): Promise<WebhookLag> {
  const { rows } = await sql<WebhookLag>`
    select count(*) as webhooks,
           percentile_cont(0.5) within group (order by lag)::float8 as "medianSeconds",
           percentile_cont(0.95) within group (order by lag)::float8 as "p95Seconds",
           max(lag)::float8 as "longestSeconds"
    from (
      select extract(epoch from signalled_at - received_at) as lag
      from stripe_events
      where received_at >= ${from} and received_at < ${until} and signalled_at is not null
    ) as delivered
  `.execute(db);
  return rows[0] ?? { webhooks: 0, medianSeconds: null, p95Seconds: null, longestSeconds: null };
}

/** A charge behind a number. */
export interface ListedCharge {
  id: string;
  enrollmentId: string;
  workflowId: string;
  number: number;
  currency: string;
  amountMinor: number;
  status: ChargeStatus;
  attempts: number;
  dueAt: Date;
  lastCode: string | null;
  reason: string | null;
}

/** Charges that wait, the oldest first. */
export function waitingCharges(db: Kysely<Database>, limit: number): Promise<ListedCharge[]> {
  return listed(db, sql`select id from charges where ${WAITING} order by due_at limit ${limit}`);
}

/** Those of {@link attentionFigures}, the oldest first. */
export function attentionCharges(db: Kysely<Database>, limit: number): Promise<ListedCharge[]> {
  return listed(
    db,
    sql`select id from (
          select id, due_at from charges where ${WAITING} and status = 'needs_attention'
          union all select id, due_at from charges where ${REFUND_REFUSED}) as attention
        order by due_at limit ${limit}`,
  );
}

/** What the numbers of a period are made of. */
export type PaidOrDeclined =
  | { of: 'collected' | 'recovered' | 'refunded'; currency: string }
  | { of: 'declined'; code: string | null };

/** Charges behind a number of a period, those of the newest movements or attempts first. */
export function chargesBehind(
  db: Kysely<Database>,
  { from, until }: Period,
  asked: PaidOrDeclined,
  limit: number,
): Promise<ListedCharge[]> {
  if (asked.of === 'declined') {
    const code = asked.code === null ? sql`` : sql`and coalesce(decline_code, code) = ${asked.code}`;
    return listed(
      db,
      sql`select charge_id as id from charge_attempts
          where attempted_at >= ${from} and attempted_at < ${until} and outcome = 'declined' ${code}
          order by attempted_at desc limit ${limit}`,
    );
  }
  const kinds = asked.of === 'refunded' ? sql`('refund', 'refund_failed')` : sql`('payment')`;
  const recovered = asked.of === 'recovered' ? sql`and ${WAS_DECLINED}` : sql``;
  return listed(
    db,
    sql`select charge_id as id from ledger_entries
        where at >= ${from} and at < ${until} and kind in ${kinds} and currency = ${asked.currency} ${recovered}
        order by at desc limit ${limit}`,
  );
}

/** @param ids a query of charges' ids, bounded; its order is kept, a charge is listed once */
async function listed(db: Kysely<Database>, ids: RawBuilder<unknown>): Promise<ListedCharge[]> {
  const { rows } = await sql<ListedCharge>`
    select charges.id, charges.enrollment_id as "enrollmentId", enrollments.workflow_id as "workflowId",
           charges.number, charges.currency, charges.amount_minor as "amountMinor", charges.status,
           charges.attempts, charges.due_at as "dueAt",
           coalesce(charges.last_decline_code, charges.last_code) as "lastCode",
           coalesce(charges.refund_refused, charges.status_reason) as reason
    from (select id, min(place) as place from (select id, row_number() over () as place from (${ids}) as found)
          as placed group by id) as found
    join charges on charges.id = found.id
    join enrollments on enrollments.id = charges.enrollment_id
    order by found.place
  `.execute(db);
  return rows;
}
