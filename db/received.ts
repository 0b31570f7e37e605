/** What of the money of charges is with us, by the ledger. Read by an Activity. */
import { type Kysely, sql } from 'kysely';
import type { Received } from '../domain/amount-change.ts';
import type { Database } from './schema.ts';

/** @returns those of the charges that have rows: the one of that occurrence, and those of these ids */
export async function readReceived(
  db: Kysely<Database>,
  of: { enrollmentId: string; occurrence: number; chargeIds: string[] },
): Promise<(Received & { chargeId: string; occurrence: number | null })[]> {
  const { enrollmentId, occurrence, chargeIds } = of;
  return db
    .selectFrom('charges')
    .where('enrollment_id', '=', enrollmentId)
    .where((eb) =>
      eb.or([
        eb('occurrence', '=', occurrence),
        ...(chargeIds.length === 0 ? [] : [eb('id', 'in', chargeIds)]),
      ]),
    )
    .select([
      'id as chargeId',
      'occurrence',
      'amount_minor as amountMinor',
      sql<number>`(select coalesce(sum(l.amount_minor), 0)::bigint from ledger_entries l
        where l.charge_id = charges.id and l.currency = charges.currency)`.as('keptMinor'),
    ])
    .execute();
}
