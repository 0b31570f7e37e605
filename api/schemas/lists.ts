/** Lists: pages from new to old, each with the cursor of the next. */
import { z } from 'zod';
import { decodePlace, NUMBER, PLACE } from '../cursor.ts';

export const limit = z.coerce
  .number()
  .int()
  .min(1)
  .max(100)
  .default(20)
  .describe('Most objects in the answer');

export function cursor<Value>(pattern: RegExp, decode: (text: string) => Value) {
  return z
    .string()
    .regex(pattern, { error: 'expected the next_cursor of an earlier answer', abort: true })
    .transform(decode)
    .optional()
    .describe('`next_cursor` of the page before');
}

/** Lists in the order of an instant. */
export const pageQuery = { limit, cursor: cursor(PLACE, decodePlace) };

/** Lists in the order of a number. */
export const numberedPageQuery = { limit, cursor: cursor(NUMBER, Number) };

/** A page from one row more than asked for, which tells whether another page follows. */
export function page<Row, Item>(
  rows: readonly Row[],
  limit: number,
  item: (row: Row) => Item,
  cursorOf: (last: Row) => string,
) {
  const kept = rows.slice(0, limit);
  const last = kept.at(-1);
  const more = rows.length > limit && last !== undefined;
  return {
    object: 'list' as const,
    data: kept.map(item),
    has_more: more,
    next_cursor: more ? cursorOf(last) : null,
  };
}

export function pageOf<Item extends z.ZodType>(item: Item) {
  return z.object({
    object: z.literal('list'),
    data: z.array(item),
    has_more: z.boolean(),
    next_cursor: z.string().nullable().describe('Give it as `cursor` for the next page; null on the last'),
  });
}
