/**
 * Totals since the beginning, for counters: the sums of days that are weeks old are asked once a day and remembered, those
 * of the last weeks every ten minutes, and only the last minutes each time. Made once by each process of the API.
 */
import { type Kysely, sql } from 'kysely';
import {
  type AttemptFigure,
  attemptFigures,
  type LedgerFigures,
  ledgerFigures,
  type MoneyFigure,
} from './figures.ts';
import type { Database } from './schema.ts';

export interface RunningTotals extends LedgerFigures {
  attempts: AttemptFigure[];
}

/** What is older hardly changes: a bank debit is settled within two weeks, an Activity is not retried for so long. */
const OPEN_DAYS = 21;
const DAY_MS = 86_400_000;
/** What is older changes now and then: an outcome that is learned later, an Activity that was away for a while. */
const RECENT_MS = 600_000;
/** Of one statement: all that there is at once would one day take longer than a statement may. */
const SLICE_MS = 30 * DAY_MS;
/** Clocks of Workflows may be ahead of ours where time is skipped. */
const END_MS = Date.parse('9999-12-31T00:00:00Z');

/** Sums that are remembered: of all that was booked before `untilMs`. */
interface Known {
  closed: { untilMs: number; totals: RunningTotals };
  untilMs: number;
  totals: RunningTotals;
}

/**
 * @returns a function that answers with the totals as they are now; exact, except that what was booked with an instant
 * more than {@link RECENT_MS} ago is seen within about that time, and with one more than {@link OPEN_DAYS} days ago on the
 * next day. Only the first answer waits for what is remembered; later nobody waits while it is summed anew, and all that
 * came since the last time is summed instead
 */
export function createRunningTotals(db: Kysely<Database>): () => Promise<RunningTotals> {
  let known: Known | null = null;
  let asking: Promise<Known> | null = null;

  function ask(closedUntilMs: number, untilMs: number): Promise<Known> {
    asking ??= readKnown(db, known?.closed ?? null, closedUntilMs, untilMs)
      .then((answer) => {
        known = answer;
        return answer;
      })
      .finally(() => {
        asking = null;
      });
    return asking;
  }

  return async () => {
    const nowMs = Date.now();
    const closedUntilMs = (Math.floor(nowMs / DAY_MS) - OPEN_DAYS) * DAY_MS;
    const untilMs = (Math.floor(nowMs / RECENT_MS) - 1) * RECENT_MS;
    const before = known ?? (await ask(closedUntilMs, untilMs));
    if (before.untilMs !== untilMs) {
      // Asked for again by the next question, should it fail.
      ask(closedUntilMs, untilMs).catch(() => undefined);
    }
    return add(before.totals, await read(db, before.untilMs, END_MS));
  };
}

async function readKnown(
  db: Kysely<Database>,
  before: Known['closed'] | null,
  closedUntilMs: number,
  untilMs: number,
): Promise<Known> {
  const closed =
    before?.untilMs === closedUntilMs
      ? before
      : { untilMs: closedUntilMs, totals: await readFromTheBeginning(db, closedUntilMs) };
  const open = await read(db, closedUntilMs, untilMs);
  return { closed, untilMs, totals: add(closed.totals, open) };
}

async function read(db: Kysely<Database>, fromMs: number, untilMs: number): Promise<RunningTotals> {
  const period = { from: new Date(fromMs), until: new Date(untilMs) };
  return { ...(await ledgerFigures(db, period)), attempts: await attemptFigures(db, period) };
}

async function readFromTheBeginning(db: Kysely<Database>, untilMs: number): Promise<RunningTotals> {
  const { rows } = await sql<{ first: Date | null }>`
    select least((select min(at) from ledger_entries), (select min(attempted_at) from charge_attempts)) as first
  `.execute(db);
  let totals: RunningTotals = { collected: [], recovered: [], refunded: [], returned: [], attempts: [] };
  for (let from = rows[0]?.first?.getTime() ?? untilMs; from < untilMs; from += SLICE_MS) {
    totals = add(totals, await read(db, from, Math.min(from + SLICE_MS, untilMs)));
  }
  return totals;
}

function add(before: RunningTotals, since: RunningTotals): RunningTotals {
  return {
    collected: addMoney(before.collected, since.collected),
    recovered: addMoney(before.recovered, since.recovered),
    refunded: addMoney(before.refunded, since.refunded),
    returned: addMoney(before.returned, since.returned),
    attempts: addAttempts(before.attempts, since.attempts),
  };
}

function addMoney(before: MoneyFigure[], since: MoneyFigure[]): MoneyFigure[] {
  const currencies = [...new Set([...before, ...since].map(({ currency }) => currency))].sort();
  return currencies.map((currency) => {
    const parts = [...before, ...since].filter((figure) => figure.currency === currency);
    return {
      currency,
      charges: parts.reduce((sum, { charges }) => sum + charges, 0),
      amountMinor: parts.reduce((sum, { amountMinor }) => sum + amountMinor, 0),
    };
  });
}

function addAttempts(before: AttemptFigure[], since: AttemptFigure[]): AttemptFigure[] {
  const sums = new Map<string, AttemptFigure>();
  for (const figure of [...before, ...since]) {
    const key = `${figure.outcome}/${figure.declineCode}`;
    sums.set(key, { ...figure, attempts: figure.attempts + (sums.get(key)?.attempts ?? 0) });
  }
  return [...sums.values()];
}
