/**
 * Writes of `enrollments`. Called by Activities only: the Workflow decides, they write.
 *
 * The order of locks, for every transaction that writes an enrollment and what belongs to it: its customer, then one
 * charge, then what only grows (attempts, timeline, ledger, notifications), and the enrollment's row last, held for the
 * shortest time. Nobody who holds the enrollment's row waits for another row of it, so nobody waits in a circle. Rows
 * that refer to an enrollment take only its key (`for key share`), which no write here conflicts with.
 */
import { type Kysely, sql } from 'kysely';
import { ENDED, PAST_DUE_CHARGE } from '../domain/statuses.ts';
import type { PlannedCharge } from '../domain/terms.ts';
import { knownCustomer } from './customers.ts';
import type { Customer, Database, NewEnrollment } from './schema.ts';
import { statement } from './statement.ts';
import { type FactRow, factRowsTold, goneOn } from './timeline.ts';
import { type Part, parts } from './together.ts';

/**
 * Inserts the row of a new enrollment with the first facts of it, once; a repeat changes nothing.
 * @returns its customer
 * @throws Error when there is no such customer
 */
export async function writeEnrollment(
  db: Kysely<Database>,
  rows: { enrollment: NewEnrollment; facts: readonly FactRow[] },
): Promise<Customer> {
  return knownCustomer(rows.enrollment.customer_id, await inserted(db, rows));
}

const inserted = statement(
  (db, { enrollment, facts }: { enrollment: NewEnrollment; facts: readonly FactRow[] }) => {
    const { written, areDone } = parts([
      db
        .insertInto('enrollments')
        .values(enrollment)
        .onConflict((conflict) => conflict.doNothing()),
      factRowsTold(db, facts),
    ]);
    const customer = db
      .selectFrom('customers')
      .selectAll()
      .where('id', '=', enrollment.customer_id)
      .where(areDone);
    return sql<Customer>`with ${written} ${customer}`.compile(db);
  },
);

export interface EnrollmentChange {
  /** ISO 8601, UTC: the Workflow's time. */
  at: string;
  /** Absent: unchanged. Null: there is no next charge. With `startedAt`, it is the first one: written at the start alone. */
  next?: Pick<PlannedCharge, 'dueAt' | 'amountMinor'> | null;
  /** After which occurrence `next` was planned, when it is written only unless the schedule has gone on since. */
  plannedAfter?: number;
  paymentMethodId?: string;
  startedAt?: string;
  /** ISO 8601: paused until then; null: until somebody resumes it. False: it is not paused any more. */
  pausedUntil?: string | null | false;
  /** When a cancel at the end of the period takes effect; null: there is none any more. */
  cancelAt?: string | null;
}

/**
 * Writes what changed, and derives `active` or `past_due` from the charges as they stand in this transaction:
 * several charges of one enrollment may change at the same time, and none may overwrite what another told. So the row is
 * locked first, by a statement of its own: the next one then sees what the transaction before has committed, while a
 * statement that had waited for the lock would see the charges as they were when it began. Call it last, in a transaction.
 * An ended enrollment keeps its status, and a paused one unless the change ends the pause. Safe to call twice.
 */
export async function touchEnrollment(
  db: Kysely<Database>,
  id: string,
  change: EnrollmentChange,
): Promise<void> {
  // Not `for update`, which would wait for every transaction that has inserted a row referring to this one.
  await db.selectFrom('enrollments').select('id').where('id', '=', id).forNoKeyUpdate().execute();
  await enrollmentChange(db, id, change, null).execute();
}

/** A charge as the statement writes it that changes its enrollment too. */
export interface ChangedCharge {
  id: string;
  /** In dunning, or waiting for the customer. */
  isPastDue: boolean;
  /** So far, this one included. */
  attempts: number;
}

/**
 * {@link touchEnrollment} together with writes that belong to it, as one statement. A statement sees the rows as they
 * were when it began: hence it is told what it writes of a charge, and leaves the enrollment alone when another
 * transaction has changed it since. Its answer is for {@link touchIfLeft}, which touches the enrollment once more then.
 * Safe to repeat when the writes are.
 * @param own the charge that the first of the writes saves; null when none does. What that write leaves alone, because
 *   the row knows better, is not told of the enrollment either
 */
export function withEnrollment(
  db: Kysely<Database>,
  id: string,
  change: EnrollmentChange,
  writes: readonly Part[],
  own: ChangedCharge | null,
) {
  const { written, areDone } = parts(writes);
  const asItWas = sql<boolean>`xmin = (select before.xmin from enrollments as before where before.id = ${id})`;
  // Only when the parts are done: the enrollment's row is the last that is locked.
  const touch = enrollmentChange(db, id, change, own).where(areDone).where(asItWas).returning('id');
  return sql<{ id: string }>`with ${written} ${touch}`;
}

/** Touches the enrollment by itself when {@link withEnrollment} has left it alone: then its answer has no row. */
export async function touchIfLeft(
  db: Kysely<Database>,
  id: string,
  change: EnrollmentChange,
  answer: readonly { id: string }[],
): Promise<void> {
  if (answer.length === 0) {
    await db.transaction().execute((trx) => touchEnrollment(trx, id, change));
  }
}

/** Over the row before the change. What was under way at the end may be written after it, and brings nothing back. */
const HAS_ENDED = sql<boolean>`status in (${sql.join(ENDED.map((status) => sql.lit(status)))})`;

function enrollmentChange(
  db: Kysely<Database>,
  id: string,
  change: EnrollmentChange,
  own: ChangedCharge | null,
) {
  return db
    .updateTable('enrollments')
    .set((eb) => ({
      updated_at: change.at,
      status: sql`case when ${HAS_ENDED} then status
        when status = 'awaiting_payment_method' and ${sql.lit(change.paymentMethodId === undefined)} then status
        when ${pauseAfter(change)} then 'paused'
        when ${isPastDue(id, own)} then 'past_due'
        else 'active' end`,
      ...(change.next === undefined
        ? {}
        : {
            // While it is paused, and when it has ended, nothing is to come, whatever is planned.
            next_charge_at: sql<Date | null>`case when ${pauseAfter(change)} or ${HAS_ENDED} then null
              when ${isOlderPlan(id, change, own)} then next_charge_at
              else ${change.next?.dueAt ?? null}::timestamptz end`,
            next_charge_amount_minor: sql<
              number | null
            >`case when ${pauseAfter(change)} or ${HAS_ENDED} then null
              when ${isOlderPlan(id, change, own)} then next_charge_amount_minor
              else ${change.next?.amountMinor ?? null}::bigint end`,
          }),
      ...(change.pausedUntil === undefined ? {} : { paused_until: change.pausedUntil || null }),
      ...(change.cancelAt === undefined ? {} : { cancel_at: change.cancelAt }),
      ...(change.paymentMethodId === undefined
        ? {}
        : { default_payment_method_id: defaultMethod(change.paymentMethodId, change.at) }),
      ...(change.startedAt === undefined
        ? {}
        : { started_at: eb.fn.coalesce('started_at', eb.val(change.startedAt)) }),
    }))
    .where('id', '=', id);
}

/**
 * The method, as an expression over the rows before the change. One whose row was there keeps no newer one from being the
 * default: it is written once more then, by a try that was given up for dead.
 */
function defaultMethod(id: string, at: string) {
  return sql<string>`case when exists (select 1 from payment_methods where id = ${id})
      and exists (select 1 from payment_methods where id = default_payment_method_id and saved_at > ${at}::timestamptz)
    then default_payment_method_id else ${id} end`;
}

/** Whether a charge of the enrollment is in dunning or waits for the customer, as an expression. */
function isPastDue(id: string, own: ChangedCharge | null) {
  const pastDue = sql`select 1 from charges where enrollment_id = ${id}
    and status in (${sql.join(PAST_DUE_CHARGE.map((status) => sql.lit(status)))})`;
  if (own === null) {
    return sql`exists (${pastDue})`;
  }
  const isSaved = sql`exists (select 1 from part_0)`;
  return own.isPastDue
    ? sql`(${isSaved} or exists (${pastDue}))`
    : sql`exists (${pastDue} and (id <> ${own.id} or not ${isSaved}))`;
}

/**
 * Whether what is to come is known better than by this change, as an expression over the rows before it: another reading of
 * the first method has started the schedule, or it has gone on since a try of an Activity that writes late, given up for
 * dead. The first word of an attempt cannot be late, and is not asked about what has happened in all the years.
 */
function isOlderPlan(
  id: string,
  { at, startedAt, plannedAfter }: EnrollmentChange,
  own: ChangedCharge | null,
) {
  if (startedAt !== undefined) {
    return sql`started_at is not null`;
  }
  if (plannedAfter === undefined) {
    return sql.lit(false);
  }
  const later = goneOn(id, { occurrence: plannedAfter, at });
  return own === null
    ? later
    : sql`case when exists (select 1 from charges where id = ${own.id} and attempts < ${own.attempts})
        then false else ${later} end`;
}

/** Whether the row is to say `paused`, as an expression over the row before the change. */
function pauseAfter({ pausedUntil }: EnrollmentChange) {
  if (pausedUntil === undefined) {
    return sql`status = 'paused'`;
  }
  return sql.lit(pausedUntil !== false);
}

/** Writes the end of an enrollment. Safe to call twice; an end is never changed into another one. */
export async function endEnrollment(
  db: Kysely<Database>,
  id: string,
  end: { status: (typeof ENDED)[number]; at: string; reason: string | null; setupRefusal?: string },
): Promise<void> {
  await db
    .updateTable('enrollments')
    .set({
      status: end.status,
      ended_at: end.at,
      end_reason: end.reason,
      setup_refusal: end.setupRefusal ?? null,
      next_charge_at: null,
      next_charge_amount_minor: null,
      cancel_at: null,
      paused_until: null,
      updated_at: end.at,
    })
    .where('id', '=', id)
    .where('status', 'not in', [...ENDED])
    .execute();
}
