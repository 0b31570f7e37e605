/**
 * Cursors of lists: where a page ended, as a text that callers hand back unread. A page goes on from there whatever
 * was inserted since.
 */

/** Place of a row in a list that runs from new to old: instant (ISO 8601) and id. */
export interface Place {
  at: string;
  id: string;
}

export function encodeCursor(place: Place): string {
  return Buffer.from(`${place.at} ${place.id}`).toString('base64url');
}

/** @returns null when the text was not made by {@link encodeCursor} */
export function decodeCursor(text: string): Place | null {
  const match = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z) (\w{1,120})$/.exec(
    Buffer.from(text, 'base64url').toString('latin1'),
  );
  const [, at, id] = match ?? [];
  return at === undefined || id === undefined || Number.isNaN(Date.parse(at)) ? null : { at, id };
}

/** For lists that are numbered, e.g. the charges of an enrollment. */
export function encodeNumber(number: number): string {
  return Buffer.from(`n ${number}`).toString('base64url');
}

/** @returns null when the text was not made by {@link encodeNumber} */
export function decodeNumber(text: string): number | null {
  const digits = /^n (\d{1,15})$/.exec(Buffer.from(text, 'base64url').toString('latin1'))?.[1];
  return digits === undefined ? null : Number(digits);
}
