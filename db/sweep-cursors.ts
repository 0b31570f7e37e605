/** How far a sweep has come. Written by the sweep's Activity only. */
import { type Kysely, sql } from 'kysely';
import type { Database } from './schema.ts';

/** @returns null before the first sweep */
export async function readCursor(db: Kysely<Database>, name: string): Promise<Date | null> {
  const row = await db
    .selectFrom('sweep_cursors')
    .select('swept_until')
    .where('name', '=', name)
    .executeTakeFirst();
  return row?.swept_until ?? null;
}

/**
 * Moves the cursor forward, never back unless told to.
 * @param found how many events this sweep found that were missed
 * @param goesBack where it stood cannot be right
 */
export async function moveCursor(
  db: Kysely<Database>,
  name: string,
  sweptUntil: Date,
  found: number,
  goesBack = false,
): Promise<void> {
  await db
    .insertInto('sweep_cursors')
    .values({ name, swept_until: sweptUntil, found })
    .onConflict((conflict) =>
      conflict.column('name').doUpdateSet((eb) => ({
        swept_until: goesBack
          ? eb.ref('excluded.swept_until')
          : eb.fn<Date>('greatest', ['sweep_cursors.swept_until', 'excluded.swept_until']),
        swept_at: sql<Date>`now()`,
        found: eb('sweep_cursors.found', '+', found),
      })),
    )
    .execute();
}
