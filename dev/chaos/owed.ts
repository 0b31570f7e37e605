/**
 * What a customer of a chaos run owes: one charge for each due instant, but for those that fell into a pause. Called by
 * the verdict; pure, and reckoned without the product's own rules, so that a mistake of theirs cannot hide in it.
 */
import { DateTime } from 'luxon';

/** From the timeline of an enrollment, in its order. Instants are ISO 8601, UTC, by the Workflow's clock. */
export interface Told {
  what: string;
  at: string;
}

export interface Billed {
  /** Where the schedule begins; null when no payment method was saved. */
  startedAt: string | null;
  timeline: readonly Told[];
  /** Due instants of the charges of the schedule that Stripe has the money of. */
  paidDueAt: readonly string[];
}

/** Nothing that falls due later is charged. */
const CANCELED = ['enrollment.cancel_accepted', 'enrollment.canceled'];

/** The due instants of a monthly schedule, the first at its start, the day of it kept over shorter months. */
export function monthlyDue(startedAt: string, periods: number, timeZone: string): string[] {
  const start = DateTime.fromISO(startedAt, { zone: timeZone });
  return Array.from({ length: periods }, (_, months) => start.plus({ months }).toJSDate().toISOString());
}

/** What is wrong with the charges of one enrollment, in sentences; `endsEarly`: later ones may be missing. */
export function wronglyBilled(
  { startedAt, timeline, paidDueAt }: Billed,
  { periods, timeZone, endsEarly }: { periods: number; timeZone: string; endsEarly: boolean },
): string[] {
  const due = startedAt === null ? [] : monthlyDue(startedAt, periods, timeZone);
  const paid = new Set(paidDueAt);
  const found: string[] = [];
  const canceledAt = timeline
    .filter(({ what }) => CANCELED.includes(what))
    .map(({ at }) => at)
    .sort()[0];
  if (paidDueAt.length > paid.size) {
    found.push(`was charged ${paidDueAt.length} times for ${paid.size} due instants`);
  }
  for (const instant of paid) {
    if (!due.includes(instant)) {
      found.push(`was charged for ${instant}, when nothing is due`);
    } else if (isInPause(instant, timeline)) {
      found.push(`was charged for ${instant}, which fell into a pause`);
    } else if (canceledAt !== undefined && canceledAt < instant) {
      found.push(`was charged for ${instant}, after the cancel of ${canceledAt}`);
    }
  }
  const missing = due.filter((instant) => !paid.has(instant) && !isInPause(instant, timeline));
  if (!endsEarly && (missing.length > 0 || startedAt === null)) {
    found.push(
      startedAt === null
        ? 'never began to be billed'
        : `was not charged for ${missing.join(', ')}, which fell into no pause`,
    );
  }
  return found;
}

/** What is due at the very instant at which a pause begins or ends is owed. */
function isInPause(instant: string, timeline: readonly Told[]): boolean {
  let pausedAt: string | null = null;
  for (const { what, at } of timeline) {
    if (what === 'enrollment.paused') {
      pausedAt ??= at;
    } else if (what === 'enrollment.resumed' && pausedAt !== null) {
      if (pausedAt < instant && instant < at) {
        return true;
      }
      pausedAt = null;
    }
  }
  return pausedAt !== null && pausedAt < instant;
}

/** What the company was promised to be done to one enrollment, and what came of it at Stripe. */
export interface Promised {
  /** The cancel was answered with 2xx. */
  canceled: boolean;
  /** Of its row; null when there is none. */
  status: string | null;
  /** Of each refund that was asked for: its charge, and whether it was answered with 2xx. */
  refunds: readonly { chargeId: string; accepted: boolean }[];
  /** What Stripe took for each charge, in minor units, by its id. */
  taken: ReadonlyMap<string, number>;
  /** What went back of each. */
  givenBack: ReadonlyMap<string, number>;
}

/** What was answered with 2xx and not done, or done and never asked for, in sentences; who refunds, refunds all of it. */
export function brokenPromises({ canceled, status, refunds, taken, givenBack }: Promised): string[] {
  const found: string[] = [];
  if (canceled && status !== 'canceled') {
    found.push(`is ${status ?? 'without a row'}, and its cancel was accepted`);
  }
  for (const { chargeId, accepted } of refunds) {
    const minor = givenBack.get(chargeId) ?? 0;
    const promisedMinor = taken.get(chargeId) ?? 0;
    if (accepted && (minor !== promisedMinor || minor === 0)) {
      found.push(`got ${minor} back of ${chargeId}, and a refund of all ${promisedMinor} was accepted`);
    }
  }
  for (const [chargeId, minor] of givenBack) {
    // A payment that succeeds after the cancel goes back by itself.
    if (status !== 'canceled' && minor !== 0 && !refunds.some((asked) => asked.chargeId === chargeId)) {
      found.push(`got ${minor} back of ${chargeId}, which nobody asked for`);
    }
  }
  return found;
}
