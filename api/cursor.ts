/**
 * Cursors of lists: where a page ended, as a text that callers hand back unread. A page goes on from there whatever
 * was inserted since. Every text of the pattern is a place, so that what the schema allows is never refused.
 */

/** Place of a row in a list that runs from new to old: instant (ISO 8601) and id. */
export interface Place {
  at: string;
  id: string;
}

/** Milliseconds since 1970, and the id. */
export const PLACE = /^([0-9]{13})_([a-z]{3}_\w{1,110})$/;
/** For lists that are numbered, e.g. the charges of an enrollment. */
export const NUMBER = /^[0-9]{1,15}$/;

export function encodePlace(at: Date, id: string): string {
  return `${String(at.getTime()).padStart(13, '0')}_${id}`;
}

/** @param text of the pattern {@link PLACE} */
export function decodePlace(text: string): Place {
  const [, epochMs, id] = PLACE.exec(text) ?? [];
  if (epochMs === undefined || id === undefined) {
    throw new RangeError(`'${text}' is no cursor`);
  }
  return { at: new Date(Number(epochMs)).toISOString(), id };
}
