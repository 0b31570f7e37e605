/**
 * Adds up what is over, so that figures of any period are read from sums by hour and the rows of the last minutes
 * (`db/summed-figures.ts`). Called again and again by the API, and once to the end by `npm run migrate`. Nobody else writes
 * the sums; who writes money or attempts notes what comes late (migrations 0019 and 0020).
 *
 * No row is counted twice and none is left out. A row before `next_until` that was not noted as late was written before the
 * instant that `next_until` follows from, by a transaction that had its number by then: it is there once all with a lower
 * number than that of `next_after` are over. A row that was noted, and is there when its time is summed, is in that sum,
 * whose statement takes the note away; one that comes later is added by its note.
 */
import { type Kysely, type RawBuilder, sql, type Transaction } from 'kysely';
import type { Database } from './schema.ts';
import { attemptRows, moneyRows } from './summed-figures.ts';

/** Of one statement, where much is to be summed: a million charges take it two seconds. */
const SLICE = sql.raw(`interval '6 hours'`);
/** So far apart the transactions of processes that sum at one instant may have begun. */
const APART = sql.raw(`interval '10 seconds'`);
const STEPS_UNTIL_WORD = 100;

/**
 * One step. Safe to call from several processes at once: one does it, the others do nothing.
 * @param onClockSetBack told when the database's clock was set back, so that sums are made anew from here on
 * @returns whether there is more to be summed at once
 * @throws database errors unchanged; nothing is changed then
 */
export async function sumFigures(db: Kysely<Database>, onClockSetBack = () => {}): Promise<boolean> {
  const came = await db.transaction().execute(takeStep);
  if (came === 'clock_set_back') {
    onClockSetBack();
  }
  return came !== 'done';
}

async function takeStep(trx: Transaction<Database>): Promise<'done' | 'more' | 'clock_set_back'> {
  const step = await nextStep(trx);
  if (step === null) {
    return 'done';
  }
  if (step.isAhead) {
    await beginAnew(trx);
    return 'clock_set_back';
  }
  if (step.from < step.until) {
    await sumRows(trx, step.from, step.until);
  }
  await addLate(trx, step.until);
  await addDeclined(trx);
  await sql`update figure_sums set until = ${step.until}::timestamptz`.execute(trx);
  if (step.isLast) {
    await lookAhead(trx);
  }
  return step.isLast ? 'done' : 'more';
}

/**
 * All that is over, for the first time after an upgrade: of a million charges a month a second for each week.
 * @param say told how far it is, where it takes longer
 */
export async function sumAllFigures(db: Kysely<Database>, say: (text: string) => void): Promise<void> {
  // The first step only finds how far the others may go.
  await sumFigures(db);
  for (let steps = 1; await sumFigures(db); steps++) {
    if (steps % STEPS_UNTIL_WORD === 0) {
      const { rows } = await sql<{ until: Date }>`select until from figure_sums`.execute(db);
      say(`Summed figures until ${rows[0]?.until.toISOString()} so far.`);
    }
  }
}

interface Step {
  /** Instants as PostgreSQL writes them, to the microsecond. */
  from: string;
  until: string;
  /** Whether all has been summed that may be. */
  isLast: boolean;
  /** More is summed, or about to be, than has become old: what is written now as recent would be in no sum. */
  isAhead: boolean;
}

/** @returns null while another process is at it */
async function nextStep(trx: Transaction<Database>): Promise<Step | null> {
  const { rows } = await sql<Step>`
    with known as materialized (select until, next_until, next_after from figure_sums for update skip locked),
    may as (
      select until as done,
        case when next_after < pg_snapshot_xmin(pg_current_snapshot()) then next_until else until end as until,
        greatest(until, next_until) > clock_timestamp() - late_after() + ${APART} as ahead
      from known
    ), step as (
      select case when done > '-infinity' or until = '-infinity' then done else least(until,
        (select min(at) from ledger_entries), (select min(attempted_at) from charge_attempts)) end as done, until, ahead
      from may
    )
    select done::text as "from", least(until, done + ${SLICE})::text as until, until <= done + ${SLICE} as "isLast",
      ahead as "isAhead"
    from step`.execute(trx);
  return rows[0] ?? null;
}

/**
 * What may be summed once those are over who write now: by the beginning of this transaction, whose number is drawn later.
 * What was to be waited for stays, unless it is of another server, of which this one is a copy.
 */
async function lookAhead(trx: Transaction<Database>): Promise<void> {
  await sql`
    update figure_sums set next_until = greatest(until, now() - late_after()), next_after = pg_current_xact_id()
    where next_after is null or next_after < pg_snapshot_xmin(pg_current_snapshot())
      or next_after > pg_current_xact_id()`.execute(trx);
}

/** Declined charges stay: of them each change is noted, whenever it was. */
async function beginAnew(trx: Transaction<Database>): Promise<void> {
  await sql`update figure_sums set until = '-infinity', next_until = null, next_after = null`.execute(trx);
  await sql`delete from summed_money`.execute(trx);
  await sql`delete from summed_attempts`.execute(trx);
  await lookAhead(trx);
}

/** A snapshot each: what it sees of the rows, it sees of their notes too. */
async function sumRows(trx: Transaction<Database>, from: string, until: string): Promise<void> {
  const [first, end] = [sql`${from}::timestamptz`, sql`${until}::timestamptz`];
  await sql`
    with counted as (delete from late_money where at >= ${first} and at < ${end}),
    rows as (${moneyRows(first, end)})
    ${moneyAdded(sql`rows`)}`.execute(trx);
  await sql`
    with counted as (delete from late_attempts where at >= ${first} and at < ${end}),
    rows as (${attemptRows(first, end)})
    ${attemptsAdded(sql`rows`)}`.execute(trx);
}

async function addLate(trx: Transaction<Database>, until: string): Promise<void> {
  await sql`with late as (delete from late_money where at < ${until}::timestamptz returning *)
    ${moneyAdded(sql`late`)}`.execute(trx);
  await sql`with late as (delete from late_attempts where at < ${until}::timestamptz returning *)
    ${attemptsAdded(sql`late`)}`.execute(trx);
}

/** Of a declined charge all is noted: what it was is taken from the sums, what it is added. */
async function addDeclined(trx: Transaction<Database>): Promise<void> {
  await sql`
    with noted as (delete from noted_declined returning *)
    insert into summed_declined
      select ${HOUR}, currency, became, was_retried, sum(charges), sum(amount_minor) from noted
      group by ${HOUR}, currency, became, was_retried
    on conflict (hour, currency, became, was_retried) do update
    set charges = summed_declined.charges + excluded.charges,
      amount_minor = summed_declined.amount_minor + excluded.amount_minor`.execute(trx);
}

const HOUR = sql`date_trunc('hour', at, 'UTC')`;

function moneyAdded(rows: RawBuilder<unknown>): RawBuilder<unknown> {
  return sql`
    insert into summed_money
      select coalesce(${HOUR}, '-infinity'), kind, currency, sum(entries), sum(amount_minor) from ${rows}
      group by grouping sets ((${HOUR}, kind, currency), (kind, currency))
    on conflict (hour, kind, currency) do update set entries = summed_money.entries + excluded.entries,
      amount_minor = summed_money.amount_minor + excluded.amount_minor`;
}

function attemptsAdded(rows: RawBuilder<unknown>): RawBuilder<unknown> {
  return sql`
    insert into summed_attempts
      select coalesce(${HOUR}, '-infinity'), outcome, code, sum(attempts) from ${rows}
      group by grouping sets ((${HOUR}, outcome, code), (outcome, code))
    on conflict (hour, outcome, code) do update set attempts = summed_attempts.attempts + excluded.attempts`;
}
