/**
 * Spreads what would fall due at one instant over a stretch of time, by the enrollment's id alone: the same
 * enrollment always has the same place, so its periods stay as long as agreed. Pure; imported by Workflows.
 */
import type { Terms } from './terms.ts';

/**
 * @param windowMs length of the stretch; 0 spreads nothing
 * @returns whole milliseconds to add to the agreed instant, 0 or more and less than `windowMs`
 * @throws RangeError for a negative window
 */
export function spreadOffsetMs(enrollmentId: string, windowMs: number): number {
  if (!(windowMs >= 0)) {
    throw new RangeError(`a window of ${windowMs} ms cannot be spread over; expected 0 or more`);
  }
  return Math.floor((hash(enrollmentId) / 2 ** 32) * windowMs);
}

/** The terms with this enrollment's own place in the stretch that they agree on; the same terms when they agree on none. */
export function withPlaceInSpread(terms: Terms, enrollmentId: string): Terms {
  const { schedule } = terms;
  if (!('interval' in schedule) || schedule.spread === undefined) {
    return terms;
  }
  const { minutes } = schedule.spread;
  const spread = { minutes, offsetMs: spreadOffsetMs(enrollmentId, minutes * 60_000) };
  return { ...terms, schedule: { ...schedule, spread } };
}

/** FNV-1a with a last mixing, so that ids that differ in one place do not end up side by side. */
function hash(text: string): number {
  let mixed = 0x811c9dc5;
  for (let index = 0; index < text.length; index++) {
    mixed = Math.imul(mixed ^ text.charCodeAt(index), 0x01000193);
  }
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}
