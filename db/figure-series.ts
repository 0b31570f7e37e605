/**
 * Figures over a period for the operators' page: money by bucket of time, what became of declined charges, how fast
 * webhooks arrive, and the charges behind each number. Writes nothing; each query reads sums by hour, or walks an index by
 * time for as many rows as it shows. Buckets are UTC.
 */
import { type Kysely, type RawBuilder, sql } from 'kysely';
import type { ChargeStatus } from '../domain/statuses.ts';
import { REFUND_REFUSED, UNANSWERED, WAITING } from './figures.ts';
import type { Database } from './schema.ts';
import { declined, money, ONE_DECLINE, type Period } from './summed-figures.ts';

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

/** Payments by bucket and currency; buckets without any are left out. */
export async function collectedSeries(
  db: Kysely<Database>,
  period: Period,
  bucket: Bucket,
): Promise<SeriesPoint[]> {
  const { rows } = await sql<SeriesPoint>`
    select date_trunc(${bucket}, at, 'UTC') as at, currency,
           coalesce(${sumOf('entries', 'payment')}, 0)::bigint as charges,
           coalesce(${sumOf('amount_minor', 'payment')}, 0)::bigint as "amountMinor",
           coalesce(${sumOf('entries', 'recovered')}, 0)::bigint as "recoveredCharges",
           coalesce(${sumOf('amount_minor', 'recovered')}, 0)::bigint as "recoveredMinor"
    from (${money(period)}) as moved
    where kind in ('payment', 'recovered')
    group by 1, currency
    having ${sumOf('entries', 'payment')} > 0
    order by 1, currency
  `.execute(db);
  return rows;
}

function sumOf(column: 'entries' | 'amount_minor', kind: 'payment' | 'recovered'): RawBuilder<number> {
  return sql`sum(${sql.ref(column)}) filter (where kind = ${sql.lit(kind)})`;
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

/** The charges that were declined since an instant, the beginning of an hour, and what has become of them by now. */
export async function dunningFunnel(db: Kysely<Database>, since: Pick<Period, 'from'>): Promise<FunnelRow[]> {
  const sumOf = (column: 'charges' | 'amount_minor', which: RawBuilder<boolean>) =>
    sql`coalesce(sum(${sql.ref(column)}) filter (where ${which}), 0)::bigint`;
  const { rows } = await sql<FunnelRow>`
    select currency,
           sum(charges)::bigint as declined, sum(amount_minor)::bigint as "declinedMinor",
           ${sumOf('charges', sql`was_retried`)} as retried,
           ${sumOf('charges', sql`became = 'recovered'`)} as recovered,
           ${sumOf('amount_minor', sql`became = 'recovered'`)} as "recoveredMinor",
           ${sumOf('charges', sql`became = 'open'`)} as open,
           ${sumOf('amount_minor', sql`became = 'open'`)} as "openMinor",
           ${sumOf('charges', sql`became = 'given_up'`)} as "givenUp",
           ${sumOf('amount_minor', sql`became = 'given_up'`)} as "givenUpMinor"
    from (${declined(since)}) as declined
    group by currency
    having sum(charges) > 0
    order by currency
  `.execute(db);
  return rows;
}

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

/** Those of {@link waitingFigures}, the oldest first. */
export function waitingCharges(db: Kysely<Database>, limit: number): Promise<ListedCharge[]> {
  return listed(
    db,
    sql`select id from (
          (select id, due_at from charges where ${WAITING} order by due_at limit ${limit})
          union all select id, due_at from charges where ${UNANSWERED}) as waiting
        order by due_at limit ${limit}`,
  );
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
  const recovered = asked.of === 'recovered' ? sql`cross join lateral (${ONE_DECLINE}) as declined` : sql``;
  return listed(
    db,
    sql`select charge_id as id from ledger_entries ${recovered}
        where at >= ${from} and at < ${until} and kind in ${kinds} and currency = ${asked.currency}
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
