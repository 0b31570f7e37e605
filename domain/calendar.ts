/**
 * The agreed calendar of a schedule: the instant of its nth place, computed from the anchor and never from the
 * place before, so nothing drifts. Called by schedule.ts only; knows nothing of amounts, ends or changes.
 */
import { epochMs, instantOf, isoInstant, wallClockAt } from './local-time.ts';
import type { Interval, Schedule, Spread } from './terms.ts';

/**
 * Place 0 is the anchor, or the agreed local hour of that day when it is still to come. Later places keep the
 * anchor's day (the last of a shorter month) and the agreed or the anchor's own local time. Minutes are
 * counted without regard to clocks.
 * @param place 0 or more
 * @param spread whether the agreed spread counts: when a charge falls due, but not whether it belongs to the schedule
 * @returns milliseconds since 1970; grows with `place`
 * @throws RangeError for an unknown time zone, an unreadable instant or an interval below 1
 */
export function calendarPlace(schedule: Schedule, anchorAt: string, place: number, spread = true): number {
  const anchorMs = epochMs(anchorAt);
  if (schedule.type === 'once' || schedule.type === 'on_demand') {
    return anchorMs;
  }
  const { interval, localHour, timeZone } = schedule;
  if (!Number.isSafeInteger(interval.count) || interval.count < 1) {
    throw new RangeError(`an interval of ${interval.count} ${interval.unit} never comes; expected 1 or more`);
  }
  if (interval.unit === 'minute') {
    return anchorMs + place * interval.count * 60_000;
  }
  const day = wallClockAt(anchorAt, timeZone).plus({ [PLURAL[interval.unit]]: place * interval.count });
  const reading = localHour === null ? day : day.startOf('day').set({ hour: localHour });
  // Before the anchor lie an hour that has passed on its day, and the first of two equal hours around it.
  const agreedMs = Math.max(anchorMs, instantOf(reading, timeZone));
  return spread && schedule.spread !== undefined ? spreadFrom(agreedMs, schedule.spread, timeZone) : agreedMs;
}

/** Later by the enrollment's own share of what is left of that local day, or of the stretch when that is shorter. */
function spreadFrom(agreedMs: number, { minutes, offsetMs = 0 }: Spread, timeZone: string): number {
  if (offsetMs === 0) {
    return agreedMs;
  }
  const reading = wallClockAt(isoInstant(agreedMs), timeZone);
  const nextDayMs = instantOf(reading.startOf('day').plus({ days: 1 }), timeZone);
  const windowMs = minutes * 60_000;
  const fitting = Math.min(windowMs, nextDayMs - agreedMs);
  return agreedMs + Math.floor((offsetMs * fitting) / windowMs);
}

/**
 * The least number from `from` on for which `holds` is true, given that it stays true from there on. Steps
 * double and then halve, so years of minutes take some forty questions.
 */
export function firstPlace(from: number, holds: (place: number) => boolean): number {
  if (holds(from)) {
    return from;
  }
  let step = 1;
  while (!holds(from + step)) {
    step *= 2;
  }
  let before = from + step / 2;
  let found = from + step;
  while (found - before > 1) {
    const middle = before + Math.floor((found - before) / 2);
    if (holds(middle)) {
      found = middle;
    } else {
      before = middle;
    }
  }
  return found;
}

const PLURAL = { day: 'days', week: 'weeks', month: 'months', year: 'years' } as const satisfies Partial<
  Record<Interval['unit'], string>
>;
