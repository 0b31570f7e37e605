/** What comes of a charge, in one statement that is built once. Called by the charge Activities only. */
import type { Kysely } from 'kysely';
import { PAST_DUE_CHARGE } from '../domain/statuses.ts';
import { attemptSave, chargeSave } from './charges.ts';
import { type EnrollmentChange, touchIfLeft, withEnrollment } from './enrollments.ts';
import { type NoticeRow, notificationInsert } from './notifications.ts';
import type { Database, NewCharge, NewChargeAttempt } from './schema.ts';
import { statement } from './statement.ts';
import { type FactRow, factRowsTold, type MovementRow, movementBooked } from './timeline.ts';

export type ChargeOutcomeRows = {
  charge: NewCharge;
  attempt: NewChargeAttempt | null;
  /** One at least. */
  facts: readonly FactRow[];
  movement: MovementRow | null;
  notice: NoticeRow | null;
};

/**
 * Writes the rows and changes the enrollment, all or none; safe to repeat. When another transaction has changed the
 * enrollment meanwhile, its row follows a moment later. Database errors are thrown.
 */
export async function writeChargeOutcome(
  db: Kysely<Database>,
  rows: ChargeOutcomeRows,
  change: Pick<EnrollmentChange, 'at' | 'next'>,
): Promise<void> {
  const { at, next } = change;
  const { enrollment_id: enrollmentId, status, occurrence = null } = rows.charge;
  const isPastDue = PAST_DUE_CHARGE.some((pastDue) => pastDue === status);
  const planned = { at, plans: next !== undefined, next: next ?? null, occurrence };
  const touched = await written(db, { ...rows, enrollmentId, isPastDue, ...planned });
  await touchIfLeft(db, enrollmentId, changeOf(planned), touched);
}

type Planned = {
  at: string;
  plans: boolean;
  next: { dueAt: string; amountMinor: number } | null;
  /** Of the charge. */
  occurrence: number | null;
};
type Values = ChargeOutcomeRows & Planned & { enrollmentId: string; isPastDue: boolean };

function changeOf({ at, plans, next, occurrence }: Planned): EnrollmentChange {
  return plans ? { at, next, ...(occurrence === null ? {} : { plannedAfter: occurrence }) } : { at };
}

const written = statement((db, { charge, attempt, facts, movement, notice, ...of }: Values) => {
  const writes = [
    chargeSave(db, charge),
    ...(attempt === null ? [] : [attemptSave(db, attempt)]),
    factRowsTold(db, facts),
    ...(movement === null ? [] : [movementBooked(db, movement)]),
    ...(notice === null ? [] : [notificationInsert(db, notice)]),
  ];
  const own = { id: charge.id, isPastDue: of.isPastDue, attempts: charge.attempts };
  return withEnrollment(db, of.enrollmentId, changeOf(of), writes, own).compile(db);
});
