/**
 * When which amount falls due. Called by Activities and the API, never by Workflows: the answer depends on the
 * host's time-zone data, so a Workflow keeps what an Activity answered.
 */
import { calendarPlace, firstPlace } from './calendar.ts';
import { epochMs, instantOf, isoInstant, wallClockAt } from './local-time.ts';
import {
  amountOf,
  countLeftOut,
  intervalsLate,
  NO_CHANGES,
  notLeftOut,
  postpone,
  rest,
  type ScheduleChanges,
  withoutPast,
} from './schedule-changes.ts';
import type { PlannedCharge, Schedule, Terms } from './terms.ts';

export interface Plan {
  /** Overdue charges that are to be collected, oldest first; at most {@link MOST_DUE_AT_ONCE}. */
  due: PlannedCharge[];
  /** The charge after those, null when the schedule is over. Overdue itself only when `due` was cut. */
  next: PlannedCharge | null;
  /** How many overdue charges the catch-up rule gives up, for the timeline. */
  passedOver: number;
}

/** Overdue charges in one plan; the rest follows from `next`, so years of downtime cost no more than days. */
export const MOST_DUE_AT_ONCE = 100;

/** A charge this late is still on time for the rule `skip`, unless the charge after it is due as well. */
export const ON_TIME_MS = 24 * 3_600_000;

/**
 * The instant that every due instant is computed from: when the method was saved, or the agreed start if that
 * is later, plus the trial. A start that has passed by then counts as now: nobody owes for a time before they
 * could pay.
 * @param savedAt ISO 8601 instant
 * @returns ISO 8601, UTC
 * @throws RangeError for an unknown time zone or an unreadable instant
 */
export function anchorOf(schedule: Schedule, savedAt: string): string {
  const start = agreedStart(schedule);
  const base = isoInstant(Math.max(epochMs(savedAt), start === null ? 0 : epochMs(start)));
  if (schedule.type !== 'recurring' || schedule.trialDays === 0) {
    return base;
  }
  const trialEnd = wallClockAt(base, schedule.timeZone).plus({ days: schedule.trialDays });
  return isoInstant(instantOf(trialEnd, schedule.timeZone));
}

/**
 * The charge at one place of the schedule's calendar; whether it was skipped is not asked here.
 * @param occurrence counted from 0
 * @returns null beyond the end, the count or the list of amounts, and always for `on_demand`
 * @throws RangeError for an unknown time zone or an unreadable instant
 */
export function plannedCharge(
  schedule: Schedule,
  anchorAt: string,
  occurrence: number,
  changes: ScheduleChanges = NO_CHANGES,
): PlannedCharge | null {
  const amountMinor = amountAt(schedule, occurrence, changes);
  if (amountMinor === null) {
    return null;
  }
  const place = occurrence + intervalsLate(changes, occurrence);
  const moved = changes.moved.find((entry) => entry.occurrence === occurrence);
  const dueAtMs = moved ? epochMs(moved.dueAt) : calendarPlace(schedule, anchorAt, place);
  const endsAt = schedule.type === 'recurring' ? schedule.endsAt : null;
  if (endsAt !== null) {
    // A spread takes no charge beyond the end that would fall before it.
    const agreedMs = moved ? dueAtMs : calendarPlace(schedule, anchorAt, place, false);
    if (agreedMs > epochMs(endsAt)) {
      return null;
    }
  }
  return { occurrence, dueAt: isoInstant(dueAtMs), amountMinor };
}

/**
 * What is to be collected now and what comes next, after `occurrence` was dealt with.
 *
 * The catch-up rule is for recurring charges that fell due while nothing ran: `charge_all` collects each,
 * `charge_latest` only the newest, `skip` none but one that is still on time ({@link ON_TIME_MS}). `once` and
 * `installments` are parts of a fixed sum and always owed.
 * @param occurrence the last one that was collected or given up, -1 before the first
 */
export function planAfter(
  schedule: Schedule,
  anchorAt: string,
  occurrence: number,
  now: string,
  catchUp: Terms['catchUp'],
  changes: ScheduleChanges = NO_CHANGES,
): Plan {
  const ahead = withoutPast(changes, occurrence);
  const first = occurrence + 1;
  const firstAhead = firstDueAfter(schedule, anchorAt, first, epochMs(now), ahead);
  const from = givesUp(schedule, catchUp) ? newestNotSkipped(first, firstAhead, ahead) : first;
  const until = Math.min(firstAhead, from + MOST_DUE_AT_ONCE);
  const due: PlannedCharge[] = [];
  for (let place = from; place < until; place++) {
    const charge = plannedCharge(schedule, anchorAt, place, ahead);
    const leftOut = notLeftOut(ahead, place) !== place;
    if (charge && !leftOut && isStillOwed(schedule, anchorAt, place, now, catchUp, ahead)) {
      due.push(charge);
    }
  }
  const leftOut = countLeftOut(ahead, first, until);
  const next = nextNotSkipped(schedule, anchorAt, until, ahead);
  return { due, next, passedOver: until - first - due.length - leftOut };
}

/**
 * Whether a charge whose time has come is to be collected although it may be late. Asked when a timer fired,
 * since the Worker may have been away for long.
 */
export function isStillOwed(
  schedule: Schedule,
  anchorAt: string,
  occurrence: number,
  now: string,
  catchUp: Terms['catchUp'],
  changes: ScheduleChanges = NO_CHANGES,
): boolean {
  if (!givesUp(schedule, catchUp)) {
    return true;
  }
  const nowMs = epochMs(now);
  const following = nextNotSkipped(schedule, anchorAt, occurrence + 1, changes);
  if (following && epochMs(following.dueAt) <= nowMs) {
    return false;
  }
  const charge = plannedCharge(schedule, anchorAt, occurrence, changes);
  return charge !== null && (catchUp === 'charge_latest' || nowMs - epochMs(charge.dueAt) <= ON_TIME_MS);
}

/**
 * Where the schedule goes on after a pause. Recurring charges that fell into the pause are not owed; as many
 * intervals as fell into it all installments wait; a single charge is due on resuming. What fell due by the time that
 * the pause began, and was held back, is owed all the same.
 * @param occurrence the last one dealt with before the pause
 * @param resumesAt ISO 8601; a charge due at that very instant is charged
 * @param pausedAt ISO 8601; a charge due at that very instant is owed. Null: none was due by then
 * @returns what to plan from: the last occurrence dealt with, and the changes
 */
export function resumeFrom(
  schedule: Schedule,
  anchorAt: string,
  occurrence: number,
  resumesAt: string,
  changes: ScheduleChanges = NO_CHANGES,
  pausedAt: string | null = null,
): { occurrence: number; changes: ScheduleChanges } {
  const owedFrom = occurrence + 1;
  const beforeResumingMs = epochMs(resumesAt) - 1;
  const first =
    pausedAt === null ? owedFrom : firstDueAfter(schedule, anchorAt, owedFrom, epochMs(pausedAt), changes);
  if (schedule.type === 'recurring') {
    const ahead = firstDueAfter(schedule, anchorAt, first, beforeResumingMs, changes);
    return notLeftOut(changes, owedFrom) >= first
      ? { occurrence: ahead - 1, changes }
      : { occurrence, changes: rest(changes, first, ahead - 1) };
  }
  if (schedule.type === 'installments') {
    // What was moved to after the pause did not fall into it, and waits for nothing.
    let waiting = first;
    while (changes.moved.some((to) => to.occurrence === waiting && epochMs(to.dueAt) > beforeResumingMs)) {
      waiting += 1;
    }
    if (amountAt(schedule, waiting, changes) === null) {
      return { occurrence, changes };
    }
    const place = waiting + intervalsLate(changes, waiting);
    const onTime = (late: number) => calendarPlace(schedule, anchorAt, place + late) > beforeResumingMs;
    return { occurrence, changes: postpone(changes, waiting, firstPlace(0, onTime)) };
  }
  return { occurrence, changes };
}

/**
 * The first charge that is due later than an instant and is not left out, whatever is owed before it.
 * @param occurrence the last one dealt with, -1 before the first
 * @param instant ISO 8601; a charge due at that very instant is not later
 * @returns null when the schedule is over by then
 */
export function firstChargeAfter(
  schedule: Schedule,
  anchorAt: string,
  occurrence: number,
  instant: string,
  changes: ScheduleChanges = NO_CHANGES,
): PlannedCharge | null {
  const ahead = withoutPast(changes, occurrence);
  const place = firstDueAfter(schedule, anchorAt, occurrence + 1, epochMs(instant), ahead);
  return nextNotSkipped(schedule, anchorAt, place, ahead);
}

function agreedStart(schedule: Schedule): string | null {
  switch (schedule.type) {
    case 'once':
      return schedule.at;
    case 'installments':
    case 'recurring':
      return schedule.startsAt;
    case 'on_demand':
      return null;
    default:
      return schedule satisfies never;
  }
}

function amountAt(schedule: Schedule, occurrence: number, changes: ScheduleChanges): number | null {
  switch (schedule.type) {
    case 'once':
      return occurrence === 0 ? schedule.amountMinor : null;
    case 'installments':
      return schedule.amountsMinor[occurrence] ?? null;
    case 'recurring': {
      const beyond = schedule.maxCharges !== null && occurrence >= schedule.maxCharges;
      return beyond ? null : amountOf(changes, occurrence, schedule.amountMinor);
    }
    case 'on_demand':
      return null;
    default:
      return schedule satisfies never;
  }
}

function givesUp(schedule: Schedule, catchUp: Terms['catchUp']): boolean {
  return schedule.type === 'recurring' && catchUp !== 'charge_all';
}

/** The first occurrence that is later than an instant or beyond the schedule's end. */
function firstDueAfter(
  schedule: Schedule,
  anchorAt: string,
  from: number,
  afterMs: number,
  changes: ScheduleChanges,
): number {
  return firstPlace(from, (place) => {
    const charge = plannedCharge(schedule, anchorAt, place, changes);
    return charge === null || epochMs(charge.dueAt) > afterMs;
  });
}

function newestNotSkipped(first: number, firstAhead: number, changes: ScheduleChanges): number {
  let newest = firstAhead - 1;
  while (newest > first && notLeftOut(changes, newest) !== newest) {
    newest--;
  }
  return Math.max(first, newest);
}

function nextNotSkipped(
  schedule: Schedule,
  anchorAt: string,
  from: number,
  changes: ScheduleChanges,
): PlannedCharge | null {
  return plannedCharge(schedule, anchorAt, notLeftOut(changes, from), changes);
}
