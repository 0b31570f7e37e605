/**
 * From a wall clock in a time zone to an instant, by one stated rule. Called by schedule.ts and retry-time.ts,
 * in Activities and the API; never by Workflows, because the answer depends on the host's time-zone data.
 */
import { DateTime, IANAZone } from 'luxon';

/** A reading of a wall clock: calendar arithmetic on it knows no daylight saving. Held as if it were UTC. */
export type WallClock = DateTime;

/** Looking one up takes a millisecond. Other names, e.g. of zones that were renamed, are not among them. */
const USUAL_NAMES: ReadonlySet<string> = new Set(Intl.supportedValuesOf('timeZone'));

/** Whether a text names a time zone, e.g. `Asia/Tokyo`. */
export function isTimeZone(text: string): boolean {
  return USUAL_NAMES.has(text) || IANAZone.isValidZone(text);
}

/**
 * Milliseconds since 1970 of an ISO 8601 instant.
 * @throws RangeError when the text is none
 */
export function epochMs(instant: string): number {
  const ms = Date.parse(instant);
  if (Number.isNaN(ms)) {
    throw new RangeError(`'${instant}' is no instant; expected ISO 8601, e.g. 2026-11-01T09:00:00Z`);
  }
  return ms;
}

/** ISO 8601 in UTC with milliseconds, the one form that instants have in rows, messages and answers. */
export function isoInstant(epochMs: number): string {
  return new Date(epochMs).toISOString();
}

/** What clocks in this zone show at an instant. @throws RangeError for an unknown zone */
export function wallClockAt(instant: string, timeZone: string): WallClock {
  return DateTime.fromMillis(epochMs(instant), { zone: knownZone(timeZone) }).setZone('utc', {
    keepLocalTime: true,
  });
}

/**
 * The instant at which clocks in this zone show that reading. A reading that daylight saving skips counts from
 * before the change, so 02:30 becomes 03:30; of a reading that comes twice, the first is meant.
 * @returns milliseconds since 1970
 * @throws RangeError for an unknown zone
 */
export function instantOf(wallClock: WallClock, timeZone: string): number {
  const zone = knownZone(timeZone);
  const asUtc = wallClock.toMillis();
  const before = asUtc - zone.offset(asUtc - DAY_MS) * MINUTE_MS;
  const after = asUtc - zone.offset(asUtc + DAY_MS) * MINUTE_MS;
  const shown = (before === after ? [before] : [before, after]).filter(
    (instant) => instant + zone.offset(instant) * MINUTE_MS === asUtc,
  );
  return shown.length > 0 ? Math.min(...shown) : before;
}

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;

function knownZone(timeZone: string): IANAZone {
  const zone = IANAZone.create(timeZone);
  if (!zone.isValid) {
    throw new RangeError(`'${timeZone}' is no time zone; expected an IANA name, e.g. Asia/Tokyo`);
  }
  return zone;
}
