/** Reads PostgreSQL's side of the books, in pages of enrollments. Called by `check.ts`; changes nothing. */
import { type Kysely, sql } from 'kysely';
import type { Database } from '../db/schema.ts';
import { liftTimeLimit } from '../db/time-limit.ts';
import type { ChargeRow, DisputeRow, EnrollmentRow, PendingEvent } from './books.ts';
import { groupBy } from './group-by.ts';

const PAGE = 500;
/** Ids in one statement: some hundred kilobytes. */
const IDS_AT_ONCE = 10_000;

/** All enrollments with their charges, or those that are named. */
export async function readEnrollments(
  db: Kysely<Database>,
  only: readonly string[] | null,
): Promise<EnrollmentRow[]> {
  const found: EnrollmentRow[] = [];
  let after = '';
  for (;;) {
    const rows = await db
      .selectFrom('enrollments')
      .select(['id', 'status', 'currency', 'next_charge_at', 'cancel_at', 'paused_until', 'created_at'])
      .where('id', '>', after)
      .$if(only !== null, (query) => query.where((eb) => eb('id', '=', eb.fn.any(eb.val(only ?? [])))))
      .orderBy('id')
      .limit(PAGE)
      .execute();
    const charges = await db.transaction().execute(async (trx) => {
      await liftTimeLimit(trx);
      return readCharges(
        trx,
        rows.map(({ id }) => id),
      );
    });
    for (const row of rows) {
      found.push({
        id: row.id,
        status: row.status,
        currency: row.currency,
        nextChargeAt: row.next_charge_at?.toISOString() ?? null,
        cancelAt: row.cancel_at?.toISOString() ?? null,
        pausedUntil: row.paused_until?.toISOString() ?? null,
        createdAt: row.created_at.toISOString(),
        charges: charges.get(row.id) ?? [],
      });
    }
    const last = rows.at(-1);
    if (last === undefined || rows.length < PAGE) {
      return found;
    }
    after = last.id;
  }
}

async function readCharges(db: Kysely<Database>, enrollmentIds: string[]): Promise<Map<string, ChargeRow[]>> {
  if (enrollmentIds.length === 0) {
    return new Map();
  }
  const rows = await db
    .selectFrom('charges as c')
    .where((eb) => eb('c.enrollment_id', '=', eb.fn.any(eb.val(enrollmentIds))))
    .select([
      'c.id',
      'c.enrollment_id',
      'c.status',
      'c.status_reason',
      'c.refund_refused',
      'c.payment_intent_id',
      'c.amount_minor',
      'c.currency',
      'c.captured_minor',
      'c.refunded_minor',
      'c.next_attempt_at',
      sql<string>`(select coalesce(sum(l.amount_minor), 0) from ledger_entries l
        where l.charge_id = c.id and l.kind = 'payment')`.as('paid'),
      sql<string>`(select coalesce(-sum(l.amount_minor), 0) from ledger_entries l
        where l.charge_id = c.id and l.kind in ('refund', 'refund_failed'))`.as('given_back'),
      sql<string>`(select coalesce(sum(r.amount_minor), 0) from refunds r
        where r.charge_id = c.id and r.requested_by = 'workflow')`.as('late_refund'),
      sql<DisputeRow[]>`(select coalesce(json_agg(json_build_object('id', d.id, 'status', d.status,
        'movedBy', (select coalesce(json_agg(split_part(l.key, '/', 2)), '[]') from ledger_entries l
          where l.charge_id = c.id and l.stripe_object_id = d.id))), '[]') from disputes d where d.enrollment_id = c.enrollment_id and d.charge_id = c.id)`.as(
        'disputes',
      ),
      sql<ChargeRow['attempts']>`(select coalesce(json_agg(json_build_object(
        'attempt', a.attempt, 'outcome', a.outcome, 'decision', a.decision) order by a.attempt), '[]')
        from charge_attempts a where a.charge_id = c.id)`.as('attempts_made'),
      sql<{ id: string; kind: string }[]>`(select coalesce(json_agg(json_build_object(
        'id', n.id, 'kind', n.kind)), '[]') from notifications n where n.charge_id = c.id)`.as('notices'),
    ])
    .orderBy('c.number')
    .execute();
  const charges = rows.map((row) => ({
    id: row.id,
    enrollmentId: row.enrollment_id,
    status: row.status,
    statusReason: row.status_reason,
    refundRefused: row.refund_refused,
    paymentIntentId: row.payment_intent_id,
    amountMinor: row.amount_minor,
    currency: row.currency,
    capturedMinor: row.captured_minor,
    refundedMinor: row.refunded_minor,
    lateRefundMinor: Number(row.late_refund),
    disputes: row.disputes,
    nextAttemptAt: row.next_attempt_at?.toISOString() ?? null,
    // numeric arrives as text
    ledgerPaidMinor: Number(row.paid),
    ledgerRefundedMinor: Number(row.given_back),
    attempts: row.attempts_made,
    notices: row.notices.map(({ id, kind }) => ({ kind, attempt: attemptOf(id) })),
  }));
  return groupBy(charges, ({ enrollmentId }) => enrollmentId);
}

/** Which of these enrollments have no row. */
export async function withoutRow(db: Kysely<Database>, ids: readonly string[]): Promise<string[]> {
  const unknown: string[] = [];
  for (let from = 0; from < ids.length; from += IDS_AT_ONCE) {
    const { rows } = await sql<{ id: string }>`
      select id from unnest(${ids.slice(from, from + IDS_AT_ONCE)}::text[]) as asked (id)
      where not exists (select from enrollments where enrollments.id = asked.id)`.execute(db);
    unknown.push(...rows.map(({ id }) => id));
  }
  return unknown;
}

/** `ntf_…_<charge>_<attempt>_<kind>` names the attempt that it tells of. */
function attemptOf(notificationId: string): number | null {
  const number = /^ntf_[0-9a-z]+_\d+_(\d+)_[a-z_]+$/.exec(notificationId)?.[1];
  return number === undefined ? null : Number(number);
}

/** Accepted webhooks that are not done. */
export async function readPendingEvents(db: Kysely<Database>): Promise<PendingEvent[]> {
  const rows = await db
    .selectFrom('stripe_events')
    .select(['id', 'type', 'received_at', 'signal_attempts', 'last_error'])
    .where('signalled_at', 'is', null)
    .where('ignored_reason', 'is', null)
    .orderBy('received_at')
    .execute();
  return rows.map((row) => ({
    id: row.id,
    type: row.type,
    receivedAt: row.received_at.toISOString(),
    attempts: row.signal_attempts,
    lastError: row.last_error,
  }));
}
