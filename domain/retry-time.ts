/**
 * The instant of an automatic retry: on a local day, never at night. Called by Activities, never by Workflows:
 * the answer depends on the host's time-zone data.
 */
import { epochMs, instantOf, isoInstant, wallClockAt } from './local-time.ts';

/** Local hours between which a retry may fall, the first included and the last not. */
export const DAYTIME = { fromHour: 9, untilHour: 20 } as const;

/** Even a delay of 0 days leaves the bank and the customer that long. */
export const LEAST_DELAY_MS = 3_600_000;

/**
 * The first moment of local daytime that is `afterDays` or more after the decline, counted in local days, so
 * that a retry keeps the time of day over daylight saving.
 * @param declinedAt ISO 8601 instant
 * @param afterDays zero or more; fractions of a day count as hours
 * @param timeZone IANA name; the schedule's, or UTC where terms have none
 * @returns ISO 8601, UTC
 * @throws RangeError for an unknown zone, an unreadable instant or a negative delay
 */
export function retryAt(declinedAt: string, afterDays: number, timeZone: string): string {
  if (!(afterDays >= 0)) {
    throw new RangeError(`a delay of ${afterDays} days lies in the past; expected 0 or more`);
  }
  const wholeDays = Math.floor(afterDays);
  const day = wallClockAt(declinedAt, timeZone).plus({
    days: wholeDays,
    hours: (afterDays - wholeDays) * 24,
  });
  const earliestMs = Math.max(instantOf(day, timeZone), epochMs(declinedAt) + LEAST_DELAY_MS);
  const earliest = wallClockAt(isoInstant(earliestMs), timeZone);
  if (earliest.hour >= DAYTIME.fromHour && earliest.hour < DAYTIME.untilHour) {
    return isoInstant(earliestMs);
  }
  const tomorrow = earliest.hour >= DAYTIME.untilHour ? 1 : 0;
  const morning = earliest.startOf('day').plus({ days: tomorrow }).set({ hour: DAYTIME.fromHour });
  return isoInstant(instantOf(morning, timeZone));
}
