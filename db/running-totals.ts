/**
 * Totals since the beginning, for counters: the sums of closed months-old days are asked once a day and remembered,
 * the last weeks are asked each time. Made once by each process of the API.
 */
import type { Kysely } from 'kysely';
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
const BEGINNING = new Date(0);
/** Clocks of Workflows may be ahead of ours where time is skipped. */
const END = new Date('9999-12-31T00:00:00Z');

/**
 * @returns a function that answers with the totals as they are now; exact, except that what was booked with an instant
 * more than {@link OPEN_DAYS} days ago is seen on the next day
 */
export function createRunningTotals(db: Kysely<Database>): () => Promise<RunningTotals> {
  let closed: { until: number; totals: Promise<RunningTotals> } | null = null;
  const read = async (from: Date, until: Date): Promise<RunningTotals> => ({
    ...(await ledgerFigures(db, { from, until })),
    attempts: await attemptFigures(db, { from, until }),
  });

  return async () => {
    const until = (Math.floor(Date.now() / DAY_MS) - OPEN_DAYS) * DAY_MS;
    if (closed === null || closed.until !== until) {
      const asked = { until, totals: read(BEGINNING, new Date(until)) };
      closed = asked;
      asked.totals.catch(() => {
        closed = closed === asked ? null : closed;
      });
    }
    const [before, since] = await Promise.all([closed.totals, read(new Date(until), END)]);
    return {
      collected: addMoney(before.collected, since.collected),
      recovered: addMoney(before.recovered, since.recovered),
      refunded: addMoney(before.refunded, since.refunded),
      returned: addMoney(before.returned, since.returned),
      attempts: addAttempts(before.attempts, since.attempts),
    };
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
