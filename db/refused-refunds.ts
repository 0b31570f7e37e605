/** Payments that came in after a cancel and do not go back yet. Written by an Activity only. */
import { type Kysely, sql } from 'kysely';
import type { Database } from './schema.ts';

/** Safe to call twice. @param problem null: it went back, or need not any more. @returns whether it was not known yet */
export async function saveRefusedRefund(
  db: Kysely<Database>,
  chargeId: string,
  problem: string | null,
): Promise<boolean> {
  const changed = await db
    .updateTable('charges')
    .set({ refund_refused: problem })
    .where('id', '=', chargeId)
    .where(sql<boolean>`refund_refused is distinct from ${problem}`)
    .returning('id')
    .execute();
  return changed.length > 0;
}
