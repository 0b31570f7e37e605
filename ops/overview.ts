/**
 * All figures of the operators' page for one window, from the database. Asked once for all who look at the same time.
 * Amounts of different currencies are never added up.
 */
import type { Kysely } from 'kysely';
import {
  attentionCharges,
  collectedSeries,
  dunningFunnel,
  type FunnelRow,
  type ListedCharge,
  type SeriesPoint,
  type WebhookLag,
  waitingCharges,
  webhookLag,
} from '../db/figure-series.ts';
import {
  type AttemptFigure,
  attemptFigures,
  attentionFigures,
  type LedgerFigures,
  ledgerFigures,
  type MoneyFigure,
  type QueueFigures,
  queueFigures,
  type WaitingFigure,
  waitingFigures,
} from '../db/figures.ts';
import type { Database } from '../db/schema.ts';
import { bucketsOf, WINDOWS, type WindowName } from './windows.ts';

export interface Overview {
  window: WindowName;
  from: Date;
  /** When it was asked. */
  at: Date;
  buckets: Date[];
  ledger: LedgerFigures;
  series: SeriesPoint[];
  attempts: AttemptFigure[];
  funnel: FunnelRow[];
  waiting: WaitingFigure[];
  oldest: ListedCharge[];
  attention: ListedCharge[];
  needAttention: MoneyFigure[];
  lag: WebhookLag;
  queues: QueueFigures;
}

/** Rows of each list on the page. */
const MOST_LISTED = 10;
/** Webhooks are many, and how fast they were last month helps nobody. */
const LAG_MS = 24 * 3_600_000;
/** Clocks of Workflows may be a little ahead of ours. */
const AHEAD_MS = 3_600_000;

/** The period that a window's numbers are of: from its first bucket to now. */
export function periodOf(window: WindowName, nowMs: number) {
  const [from = new Date(nowMs)] = bucketsOf(window, nowMs);
  return { from, until: new Date(nowMs + AHEAD_MS) };
}

export function createOverviews(db: Kysely<Database>): (window: WindowName) => Promise<Overview> {
  /** By a clock that is never set back: the page would stand still until the other one has caught up. */
  const kept = new Map<WindowName, { askedAtMs: number; overview: Promise<Overview> }>();
  return (window) => {
    const askedAtMs = performance.now();
    const last = kept.get(window);
    if (last !== undefined && askedAtMs - last.askedAtMs < WINDOWS[window].freshForMs) {
      return last.overview;
    }
    const overview = readOverview(db, window, Date.now());
    kept.set(window, { askedAtMs, overview });
    overview.catch(() => kept.delete(window));
    return overview;
  };
}

export async function readOverview(
  db: Kysely<Database>,
  window: WindowName,
  nowMs: number,
): Promise<Overview> {
  const period = periodOf(window, nowMs);
  const [ledger, series, attempts, funnel, waiting, oldest, attention, needAttention, lag, queues] =
    await Promise.all([
      ledgerFigures(db, period),
      collectedSeries(db, period, WINDOWS[window].bucket),
      attemptFigures(db, period),
      dunningFunnel(db, period),
      waitingFigures(db),
      waitingCharges(db, MOST_LISTED),
      attentionCharges(db, MOST_LISTED),
      attentionFigures(db),
      webhookLag(db, { ...period, from: new Date(nowMs - LAG_MS) }),
      queueFigures(db),
    ]);
  return {
    window,
    from: period.from,
    at: new Date(nowMs),
    buckets: bucketsOf(window, nowMs),
    ledger,
    series,
    attempts,
    funnel,
    waiting,
    oldest,
    attention,
    needAttention,
    lag,
    queues,
  };
}
