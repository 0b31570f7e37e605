/** The timeline of an enrollment, and the ledger of money moved. Written by Activities, each fact once. */
import { type Kysely, sql } from 'kysely';
import type { Database, NewLedgerEntry } from './schema.ts';

export interface TimelineFact {
  /** The Workflow's own name of the fact, unique within the enrollment, e.g. `chg_…/attempt-2`. */
  key: string;
  chargeId?: string | null;
  /** ISO 8601, UTC. */
  at: string;
  what: string;
  /** `workflow`, `customer`, `operator`, `stripe`, `api:<key id>` or `operator:<name> (api:<key id>)`. */
  who: string;
  why?: string | null;
  details?: Record<string, string | number | boolean | null>;
}

/**
 * Inserts each fact once; a repeat with the same key changes nothing.
 * @returns how many of them were new
 */
export async function tell(
  db: Kysely<Database>,
  enrollmentId: string,
  facts: TimelineFact[],
): Promise<number> {
  if (facts.length === 0) {
    return 0;
  }
  const { numInsertedOrUpdatedRows } = await factsTold(db, enrollmentId, facts).executeTakeFirstOrThrow();
  return Number(numInsertedOrUpdatedRows);
}

/** When a fact of that key was told to have happened; null when there is none. */
export async function toldAt(db: Kysely<Database>, enrollmentId: string, key: string): Promise<Date | null> {
  const row = await db
    .selectFrom('enrollment_events')
    .select('at')
    .where('key', '=', `${enrollmentId}/${key}`)
    .executeTakeFirst();
  return row?.at ?? null;
}

/** A plan of the schedule: after which occurrence it was made, and when. */
export interface PlanMade {
  occurrence: number;
  /** ISO 8601, UTC. */
  at: string;
}

/** As a literal: the index of migration 0026 is over it, and a plan that is made for any text does not use that. */
export const CANCEL_ACCEPTED = sql.lit('enrollment.cancel_accepted');

/** Whether the schedule has gone on since a plan was made: by a command that changes it, or with a charge of a later occurrence. */
export async function hasGoneOn(
  db: Kysely<Database>,
  enrollmentId: string,
  plan: PlanMade,
): Promise<boolean> {
  const { rows } = await sql<{ found: boolean }>`select ${goneOn(enrollmentId, plan)} as found`.execute(db);
  return rows[0]?.found === true;
}

/** {@link hasGoneOn} as an expression. */
export function goneOn(enrollmentId: string, { occurrence, at }: PlanMade) {
  const commands = sql`select 1 from enrollment_events where enrollment_id = ${enrollmentId}
    and starts_with(key, ${enrollmentId}::text || '/command-') and at > ${at}::timestamptz
    and (starts_with(what, 'schedule.') or what in ('enrollment.paused', 'enrollment.resumed'))`;
  const charges = sql`select 1 from charges where enrollment_id = ${enrollmentId} and occurrence > ${occurrence}`;
  return sql<boolean>`(exists (${commands}) or exists (${charges}))`;
}

/** {@link tell} as a statement; of one fact at least. */
export function factsTold(db: Kysely<Database>, enrollmentId: string, facts: TimelineFact[]) {
  return factRowsTold(db, factRows(enrollmentId, facts));
}

export type FactRow = ReturnType<typeof factRows>[number];

export function factRows(enrollmentId: string, facts: readonly TimelineFact[]) {
  return facts.map((fact) => ({
    key: `${enrollmentId}/${fact.key}`,
    enrollment_id: enrollmentId,
    charge_id: fact.chargeId ?? null,
    at: fact.at,
    what: fact.what,
    who: fact.who,
    why: fact.why ?? null,
    details: JSON.stringify(fact.details ?? {}),
  }));
}

/** {@link factsTold}, of rows. */
export function factRowsTold(db: Kysely<Database>, rows: readonly FactRow[]) {
  return db
    .insertInto('enrollment_events')
    .values(rows)
    .onConflict((conflict) => conflict.column('key').doNothing());
}

/**
 * Inserts one movement of money, once for each `kind` and Stripe object.
 * @param movedBy what moved it, when one object can move money more than once, e.g. a balance transaction's id
 * @returns whether it was new
 */
export async function bookMovement(
  db: Kysely<Database>,
  entry: Omit<NewLedgerEntry, 'key'>,
  movedBy = entry.stripe_object_id,
): Promise<boolean> {
  const inserted = await movementBooked(db, movementRow(entry, movedBy)).returning('seq').executeTakeFirst();
  return inserted !== undefined;
}

export type MovementRow = ReturnType<typeof movementRow>;

export function movementRow(entry: Omit<NewLedgerEntry, 'key'>, movedBy = entry.stripe_object_id) {
  return { ...entry, key: `${entry.kind}/${movedBy}` };
}

/** {@link bookMovement} as a statement, of its row. */
export function movementBooked(db: Kysely<Database>, row: MovementRow) {
  return db
    .insertInto('ledger_entries')
    .values(row)
    .onConflict((conflict) => conflict.column('key').doNothing());
}
