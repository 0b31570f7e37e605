// Stripe's rules for metadata: at most 50 keys of at most 40 characters without square brackets, values up to 500.

import { invalidParam } from '../errors.ts';
import type { Param } from './params.ts';

/** What a request asks of an object's metadata: null empties it, an empty value removes its key. */
export type MetadataChange = Record<string, string> | null;

const MAX_KEYS = 50;
const MAX_KEY_LENGTH = 40;
const MAX_VALUE_LENGTH = 500;

export const metadata: Param<MetadataChange> = {
  read(value, name) {
    if (value === '') return null;
    if (typeof value === 'string') throw invalidParam(name, 'Invalid object');
    const change: Record<string, string> = {};
    for (const [key, entry] of Object.entries(value)) {
      if (typeof entry !== 'string') {
        throw invalidParam(
          `${name}[${key}]`,
          `Metadata values must be strings, but for key '${key}' you passed in a value of type object`,
        );
      }
      if (key.length > MAX_KEY_LENGTH) {
        throw invalidParam(name, `Metadata keys must be under ${MAX_KEY_LENGTH} characters long.`);
      }
      if (/[[\]]/.test(key)) throw invalidParam(name, 'Metadata keys must not contain square brackets.');
      if (entry.length > MAX_VALUE_LENGTH) {
        throw invalidParam(
          name,
          `Metadata values can have up to ${MAX_VALUE_LENGTH} characters, but you passed in a value that is ` +
            `${entry.length} characters. Invalid value for key '${key}'.`,
        );
      }
      change[key] = entry;
    }
    return change;
  },
};

/** The metadata after the change. The old object is left as it is. Throws when more than 50 keys would remain. */
export function changeMetadata(
  before: Record<string, string> | null,
  change: MetadataChange | undefined,
): Record<string, string> {
  if (change === null) return {};
  const after = { ...before, ...change };
  for (const key of Object.keys(after)) if (after[key] === '') delete after[key];
  if (Object.keys(after).length > MAX_KEYS) {
    throw invalidParam('metadata', `Metadata can have up to ${MAX_KEYS} keys.`);
  }
  return after;
}
