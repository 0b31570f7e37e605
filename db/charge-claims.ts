/**
 * The claim of a charge: its row, written before Stripe is asked for its money. The unique keys of the row are what
 * makes a second charge of one occurrence, or for one request, impossible. Called by the charge Activities only.
 */
import type { Kysely } from 'kysely';
import type { ChargeStatus } from '../domain/statuses.ts';
import type { Charge, Database, NewCharge } from './schema.ts';
import { statement } from './statement.ts';

export type Claim =
  /** The place is this charge's. What its row knew before is given: null where this call has written it. */
  | {
      kind: 'claimed';
      known: { paymentIntentId: string | null; status: ChargeStatus; createdAt: Date } | null;
    }
  /**
   * Another charge was made for the same occurrence, or the same request. With `number`, it even has the charge's id: the
   * row is that one's, and so is what Stripe knows under the id.
   */
  | { kind: 'taken'; chargeId: string; what: 'occurrence' | 'request key' | 'number' };

const claimed = statement((db, { charge }: { charge: NewCharge }) =>
  db
    .insertInto('charges')
    .values(charge)
    .onConflict((conflict) => conflict.doNothing())
    .returning('id')
    .compile(),
);

/**
 * Claims the charge's number, occurrence and request key; one statement when nobody has them. Safe to call twice and
 * from two places at once: one wins.
 */
export async function claimCharge(db: Kysely<Database>, charge: NewCharge): Promise<Claim> {
  const inserted = await claimed(db, { charge });
  if (inserted.length > 0) {
    return { kind: 'claimed', known: null };
  }
  const rows = await db
    .selectFrom('charges')
    .select(['id', 'occurrence', 'request_key', 'payment_intent_id', 'status', 'created_at'])
    .where('enrollment_id', '=', charge.enrollment_id)
    .where((eb) =>
      eb.or([
        eb('id', '=', charge.id),
        ...(charge.occurrence == null ? [] : [eb('occurrence', '=', charge.occurrence)]),
        ...(charge.request_key == null ? [] : [eb('request_key', '=', charge.request_key)]),
      ]),
    )
    .select(['origin', 'amount_minor'])
    .execute();
  const own = rows.find(({ id }) => id === charge.id);
  if (own !== undefined && isAnother(own, charge)) {
    return { kind: 'taken', chargeId: own.id, what: 'number' };
  }
  const other = rows.find(({ id }) => id !== charge.id);
  if (other !== undefined) {
    const sameOccurrence = charge.occurrence != null && other.occurrence === charge.occurrence;
    return { kind: 'taken', chargeId: other.id, what: sameOccurrence ? 'occurrence' : 'request key' };
  }
  if (own === undefined) {
    // Another charge has its number: ids follow from numbers, so this is no row of ours.
    throw new Error(`${charge.id} can be neither written nor found`);
  }
  const { payment_intent_id: paymentIntentId, status, created_at: createdAt } = own;
  return { kind: 'claimed', known: { paymentIntentId, status, createdAt } };
}

/**
 * A Workflow that was restored from an older backup counts its charges from there, and so may give a number once more. The
 * occurrence or the request tells; a charge that was parked has lost both, and is still the same.
 */
function isAnother(
  known: Pick<Charge, 'origin' | 'amount_minor' | 'occurrence' | 'request_key'>,
  asked: NewCharge,
): boolean {
  if (known.occurrence !== null && asked.occurrence != null) {
    return known.occurrence !== asked.occurrence;
  }
  if (known.request_key !== null && asked.request_key != null) {
    return known.request_key !== asked.request_key;
  }
  return known.origin !== asked.origin || known.amount_minor !== asked.amount_minor;
}
