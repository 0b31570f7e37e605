/**
 * Many enrollments due at one instant, charged one after the other at the rate that Stripe allows, with and
 * without a spread of their due instants: how long the queue gets and how late the last one is.
 */
import { enrollmentId } from '../../domain/ids.ts';
import { spreadOffsetMs } from '../../domain/spread.ts';

export interface Herd {
  enrollments: number;
  /** Charges per second that may start. */
  perSecond: number;
  spreadHours: number;
}

export interface HerdSummary extends Herd {
  /** After the agreed instant. */
  lastHours: number;
  /** From a charge's own, spread instant until it is made. */
  medianLagS: number;
  p99LagS: number;
  /** At any instant, the charge that has just fallen due included when it has to wait. */
  mostWaiting: number;
  /** Charges that wait, at the end of each slice of the day. */
  waiting: readonly { hours: number; waiting: number }[];
}

const HOUR_S = 3600;
const SLICE_S = 300;

/** @param showHours how long the backlog is shown */
export function stampede(herd: Herd, showHours: number): HerdSummary {
  const due = dueSeconds(herd);
  const done = new Float64Array(due.length);
  const lags = new Float64Array(due.length);
  let free = 0;
  due.forEach((dueS, index) => {
    const startedS = Math.max(dueS, free);
    free = startedS + 1 / herd.perSecond;
    done[index] = startedS;
    lags[index] = startedS - dueS;
  });
  lags.sort();
  const waiting = Array.from({ length: (showHours * HOUR_S) / SLICE_S + 1 }, (_, slice) => {
    const atS = slice * SLICE_S;
    return { hours: atS / HOUR_S, waiting: countUntil(due, atS) - countUntil(done, atS) };
  });
  return {
    ...herd,
    lastHours: (done.at(-1) ?? 0) / HOUR_S,
    medianLagS: lags[Math.floor(lags.length / 2)] ?? 0,
    p99LagS: lags[Math.floor(lags.length * 0.99)] ?? 0,
    mostWaiting: mostWaiting(due, done),
    waiting,
  };
}

/** Only when one falls due do more wait than before: those due by then, less those that are made by then. */
function mostWaiting(due: Float64Array, done: Float64Array): number {
  let made = 0;
  let most = 0;
  due.forEach((dueS, index) => {
    while (made < done.length && (done[made] ?? 0) <= dueS) {
      made += 1;
    }
    // Of several at one instant the last one sees them all.
    most = Math.max(most, index + 1 - made);
  });
  return most;
}

/** Seconds after the agreed instant at which each enrollment is due, in order. */
function dueSeconds({ enrollments, spreadHours }: Herd): Float64Array {
  const windowMs = spreadHours * HOUR_S * 1000;
  return Float64Array.from({ length: enrollments }, (_, index) => {
    const id = enrollmentId(index.toString(36).padStart(26, '0'));
    return spreadOffsetMs(id, windowMs) / 1000;
  }).sort();
}

/** How many of the ordered instants have come. */
function countUntil(instants: Float64Array, atS: number): number {
  let from = 0;
  let until = instants.length;
  while (from < until) {
    const middle = (from + until) >>> 1;
    if ((instants[middle] ?? 0) <= atS) {
      from = middle + 1;
    } else {
      until = middle;
    }
  }
  return from;
}
