/**
 * What was changed about a schedule after it was agreed: other amounts, a skipped or moved charge, installments
 * that wait. Carried by the Workflow, read by schedule.ts. No time zones here, so Workflows may import it.
 */
import type { PlannedCharge, Schedule } from './terms.ts';

/** Plain data, bounded: {@link withoutPast} drops what can no longer matter. */
export interface ScheduleChanges {
  /** From that occurrence on a recurring charge is this amount; the last entry that applies wins. */
  amounts: readonly { fromOccurrence: number; amountMinor: number }[];
  /** Occurrences that are not charged. */
  skipped: readonly number[];
  /** Another instant (ISO 8601, UTC) for one occurrence; those after it keep theirs. */
  moved: readonly { occurrence: number; dueAt: string }[];
  /** From that occurrence on the calendar of installments is this many intervals late. */
  postponed: readonly { fromOccurrence: number; intervals: number }[];
  /** Occurrences that fell into a pause and are not charged, both ends included; absent where there are none. */
  rested?: readonly { fromOccurrence: number; toOccurrence: number }[];
}

export const NO_CHANGES: ScheduleChanges = { amounts: [], skipped: [], moved: [], postponed: [] };

/** As Workflow and Activities tell them to each other: histories need not say of every charge that nothing was changed. */
export type SparseChanges = Partial<ScheduleChanges>;

export function withoutEmptyLists(changes: ScheduleChanges): SparseChanges {
  return Object.fromEntries(Object.entries(changes).filter(([, list]) => list.length > 0));
}

export function withEmptyLists(told: SparseChanges = {}): ScheduleChanges {
  return { ...NO_CHANGES, ...told };
}

/** A refused change, in the form of an API error. */
export interface ChangeRefused {
  code: 'nothing_to_change' | 'not_recurring' | 'move_not_ahead' | 'move_past_following' | 'move_past_end';
  message: string;
}

export type ChangeResult = { changes: ScheduleChanges } | { refused: ChangeRefused };

/** Another amount from the next charge on; what was charged before stays. */
export function changeAmountFromNext(
  schedule: Schedule,
  changes: ScheduleChanges,
  next: PlannedCharge | null,
  amountMinor: number,
): ChangeResult {
  if (schedule.type !== 'recurring') {
    const message = `the amounts of a schedule of type '${schedule.type}' are fixed; only a recurring one can change`;
    return { refused: { code: 'not_recurring', message } };
  }
  if (!next) {
    return nothingAhead('change');
  }
  const kept = changes.amounts.filter((entry) => entry.fromOccurrence < next.occurrence);
  return { changes: { ...changes, amounts: [...kept, { fromOccurrence: next.occurrence, amountMinor }] } };
}

/**
 * Leaves out the next charge. A recurring one is never charged; an installment is still owed, so it and all
 * after it wait one interval.
 */
export function skipNext(
  schedule: Schedule,
  changes: ScheduleChanges,
  next: PlannedCharge | null,
): ChangeResult {
  if (!next) {
    return nothingAhead('skip');
  }
  if (schedule.type === 'installments') {
    return { changes: postpone(changes, next.occurrence, 1) };
  }
  const moved = changes.moved.filter((entry) => entry.occurrence !== next.occurrence);
  return { changes: { ...changes, moved, skipped: [...changes.skipped, next.occurrence] } };
}

/**
 * Moves the next charge to another instant; those after it keep theirs. It must lie ahead, before the charge
 * that follows, and not past the schedule's end.
 * @param following the planned charge after `next`, null when there is none
 */
export function moveNext(
  schedule: Schedule,
  changes: ScheduleChanges,
  at: { next: PlannedCharge | null; following: PlannedCharge | null; dueAt: string; now: string },
): ChangeResult {
  if (!at.next) {
    return nothingAhead('move');
  }
  const dueAtMs = Date.parse(at.dueAt);
  // Written so that an unreadable instant (NaN) is refused as well.
  if (!(dueAtMs >= Date.parse(at.now))) {
    const message = `'${at.dueAt}' is not ahead; expected an instant from ${at.now} on`;
    return { refused: { code: 'move_not_ahead', message } };
  }
  if (at.following && dueAtMs >= Date.parse(at.following.dueAt)) {
    const message = `'${at.dueAt}' is not before the charge that follows, due ${at.following.dueAt}`;
    return { refused: { code: 'move_past_following', message } };
  }
  if (schedule.type === 'recurring' && schedule.endsAt && dueAtMs > Date.parse(schedule.endsAt)) {
    const message = `'${at.dueAt}' is past the end of the schedule, ${schedule.endsAt}`;
    return { refused: { code: 'move_past_end', message } };
  }
  const { occurrence } = at.next;
  const others = changes.moved.filter((entry) => entry.occurrence !== occurrence);
  const dueAt = new Date(dueAtMs).toISOString();
  return { changes: { ...changes, moved: [...others, { occurrence, dueAt }] } };
}

/** Installments from `fromOccurrence` on wait so many intervals more. */
export function postpone(
  changes: ScheduleChanges,
  fromOccurrence: number,
  intervals: number,
): ScheduleChanges {
  if (intervals === 0) {
    return changes;
  }
  const moved = changes.moved.filter((entry) => entry.occurrence < fromOccurrence);
  return { ...changes, moved, postponed: [...changes.postponed, { fromOccurrence, intervals }] };
}

/** Occurrences that fell into a pause, both ends included, are not charged; those before them stay owed. */
export function rest(
  changes: ScheduleChanges,
  fromOccurrence: number,
  toOccurrence: number,
): ScheduleChanges {
  return toOccurrence < fromOccurrence
    ? changes
    : { ...changes, rested: [...(changes.rested ?? []), { fromOccurrence, toOccurrence }] };
}

/** The first occurrence from `from` on that is neither skipped nor fell into a pause. */
export function notLeftOut({ skipped, rested = [] }: ScheduleChanges, from: number): number {
  for (let place = from; ; ) {
    const pause = rested.find((entry) => entry.fromOccurrence <= place && place <= entry.toOccurrence);
    if (pause === undefined && !skipped.includes(place)) {
      return place;
    }
    place = (pause?.toOccurrence ?? place) + 1;
  }
}

/** How many occurrences from `from` on, `until` not included, are skipped or fell into a pause. */
export function countLeftOut({ skipped, rested = [] }: ScheduleChanges, from: number, until: number): number {
  const inPauses = rested.map(({ fromOccurrence, toOccurrence }) =>
    Math.max(0, Math.min(toOccurrence + 1, until) - Math.max(fromOccurrence, from)),
  );
  const alone = skipped.filter(
    (place) =>
      place >= from &&
      place < until &&
      !rested.some((entry) => entry.fromOccurrence <= place && place <= entry.toOccurrence),
  );
  return alone.length + inPauses.reduce((sum, count) => sum + count, 0);
}

interface Place {
  /** The last one dealt with. */
  occurrence: number;
  changes: ScheduleChanges;
}

/** How many occurrences that were ahead `before` are passed over or left out `after`. */
export function leftOutBetween(before: Place, after: Place): number {
  const first = before.occurrence + 1;
  const passed = after.occurrence - before.occurrence;
  const known = countLeftOut(before.changes, first, after.occurrence + 1);
  const ahead = (changes: ScheduleChanges) => countLeftOut(changes, after.occurrence + 1, Infinity);
  return passed - known + ahead(after.changes) - ahead(before.changes);
}

/** The amount of an occurrence of a recurring schedule. */
export function amountOf(changes: ScheduleChanges, occurrence: number, agreedMinor: number): number {
  const entry = changes.amounts.findLast(({ fromOccurrence }) => fromOccurrence <= occurrence);
  return entry?.amountMinor ?? agreedMinor;
}

/** Intervals by which an occurrence is later than the agreed calendar. */
export function intervalsLate(changes: ScheduleChanges, occurrence: number): number {
  const applying = changes.postponed.filter(({ fromOccurrence }) => fromOccurrence <= occurrence);
  return applying.reduce((sum, { intervals }) => sum + intervals, 0);
}

/** The same changes for every occurrence after `occurrence`, in as few entries as possible. */
export function withoutPast(changes: ScheduleChanges, occurrence: number): ScheduleChanges {
  const from = occurrence + 1;
  const current = changes.amounts.findLast((entry) => entry.fromOccurrence <= from);
  const late = intervalsLate(changes, from);
  const rested = changes.rested?.filter((pause) => pause.toOccurrence >= from) ?? [];
  return {
    amounts: [
      ...(current ? [{ ...current, fromOccurrence: from }] : []),
      ...changes.amounts.filter((entry) => entry.fromOccurrence > from),
    ],
    skipped: changes.skipped.filter((skipped) => skipped >= from),
    moved: changes.moved.filter((entry) => entry.occurrence >= from),
    postponed: [
      ...(late > 0 ? [{ fromOccurrence: from, intervals: late }] : []),
      ...changes.postponed.filter((entry) => entry.fromOccurrence > from),
    ],
    ...(rested.length === 0 ? {} : { rested }),
  };
}

function nothingAhead(verb: string): ChangeResult {
  return { refused: { code: 'nothing_to_change', message: `there is no charge ahead to ${verb}` } };
}
