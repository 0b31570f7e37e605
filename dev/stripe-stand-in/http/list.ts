// Stripe's lists: newest first, cut by limit and by cursors that name an object.

import { invalidParam, missingParam } from '../errors.ts';
import type { Collection } from '../store/collection.ts';
import { integer, string, timeRange } from './params.ts';

export const paging = {
  limit: integer({ min: 1, max: 100 }),
  starting_after: string(),
  ending_before: string(),
};
export const pagingByTime = { ...paging, created: timeRange };

export interface Paging {
  limit?: number | undefined;
  starting_after?: string | undefined;
  ending_before?: string | undefined;
}

export interface Page<T> {
  object: 'list';
  data: T[];
  has_more: boolean;
  url: string;
}

const DEFAULT_LIMIT = 10;

/** @param noun as in "No such customer", for a cursor that names nothing */
export function listPage<T extends { id: string }>(
  objects: Iterable<T>,
  exists: (id: string) => boolean,
  paging: Paging,
  url: string,
  noun: string,
): Page<T> {
  const { starting_after: after, ending_before: before } = paging;
  if (after !== undefined && before !== undefined) {
    throw invalidParam(
      'starting_after',
      'You may only specify one of these parameters: starting_after, ending_before.',
    );
  }
  if (after !== undefined && !exists(after)) throw missingParam(noun, after, 'starting_after');
  if (before !== undefined && !exists(before)) throw missingParam(noun, before, 'ending_before');
  const limit = paging.limit ?? DEFAULT_LIMIT;
  const data: T[] = [];
  let inside = after === undefined;
  let more = false;
  for (const object of objects) {
    if (object.id === before) break;
    if (!inside) {
      inside = object.id === after;
      continue;
    }
    if (before !== undefined) {
      // The page ends just before the cursor: keep the last ones seen.
      data.push(object);
      if (data.length > limit) {
        data.shift();
        more = true;
      }
      continue;
    }
    if (data.length === limit) {
      more = true;
      break;
    }
    data.push(object);
  }
  return { object: 'list', data, has_more: more, url };
}

export interface TimeRange {
  gt?: number | undefined;
  gte?: number | undefined;
  lt?: number | undefined;
  lte?: number | undefined;
}

export function within(created: number, range: TimeRange | undefined): boolean {
  if (range === undefined) return true;
  const { gt, gte, lt, lte } = range;
  return (
    (gt === undefined || created > gt) &&
    (gte === undefined || created >= gte) &&
    (lt === undefined || created < lt) &&
    (lte === undefined || created <= lte)
  );
}

/** A page of a collection, of what `keep` accepts. */
export function listOf<T extends { id: string }>(
  collection: Collection<T>,
  paging: Paging,
  url: string,
  noun: string,
  keep: (object: T) => boolean = () => true,
): Page<T> {
  function* kept() {
    for (const object of collection.newestFirst())
      if (keep(object) || object.id === paging.starting_after) yield object;
  }
  return listPage(kept(), (id) => collection.get(id) !== undefined, paging, url, noun);
}
