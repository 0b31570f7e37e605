/**
 * The charges of one enrollment as its customer's pages need them: what is owed, what was decided about it last, and
 * how often the customer has tried by hand. Called by web/ only; writes nothing.
 */
import { type Kysely, sql } from 'kysely';
import { type ChargeStatus, PAST_DUE_CHARGE } from '../domain/statuses.ts';
import type { Database } from './schema.ts';

export interface CustomerCharge {
  id: string;
  number: number;
  description: string | null;
  amountMinor: number;
  currency: string;
  dueAt: Date;
  status: ChargeStatus;
  attempts: number;
  nextAttemptAt: Date | null;
  /** Until when the customer is waited for. */
  giveUpAt: Date | null;
  capturedMinor: number;
  refundedMinor: number;
  disputeStatus: string | null;
  /** What disputes that were lost or prevented took back of it. */
  takenMinor: number;
  settledAt: Date | null;
  updatedAt: Date;
  /** While it is past due: the kind and reason of the newest notification about it. */
  told: { kind: string; reason: string | null } | null;
  /** While it is past due: what dunning decided on the last attempt, e.g. `ask_customer`. */
  decision: string | null;
  /** While it is past due: attempts that the customer asked for in the last 24 hours and their bank answered. */
  triesByHand24h: number;
}

/** @returns `limit` charges at most, the newest first; those that are not settled before all others get a place */
export async function listCustomerCharges(
  db: Kysely<Database>,
  enrollmentId: string,
  limit: number,
): Promise<CustomerCharge[]> {
  const rows = await db
    .selectFrom('charges as c')
    .leftJoinLateral(
      (eb) =>
        eb
          .selectFrom('notifications as n')
          .select(['n.kind', sql<string | null>`n.data ->> 'reason'`.as('reason')])
          .whereRef('n.enrollment_id', '=', 'c.enrollment_id')
          .whereRef('n.charge_id', '=', 'c.id')
          .where('c.status', 'in', [...PAST_DUE_CHARGE])
          .orderBy('n.created_at', 'desc')
          .limit(1)
          .as('told'),
      (join) => join.onTrue(),
    )
    .leftJoinLateral(
      (eb) =>
        eb
          .selectFrom('charge_attempts as a')
          .select('a.decision')
          .whereRef('a.charge_id', '=', 'c.id')
          .where('c.status', 'in', [...PAST_DUE_CHARGE])
          .orderBy('a.attempt', 'desc')
          .limit(1)
          .as('last'),
      (join) => join.onTrue(),
    )
    .leftJoinLateral(
      (eb) =>
        eb
          .selectFrom('enrollment_events as e')
          .select((count) => count.fn.countAll<number>().as('tries'))
          .whereRef('e.enrollment_id', '=', 'c.enrollment_id')
          .whereRef('e.charge_id', '=', 'c.id')
          .where('c.status', 'in', [...PAST_DUE_CHARGE])
          .where('e.who', '=', 'customer')
          // Only attempts have a number.
          .where(sql<boolean>`e.details ? 'attempt'`)
          // One that is still at the customer's bank, or never reached it, is no try.
          .where(({ not, exists, selectFrom }) =>
            not(
              exists(
                selectFrom('charge_attempts as t')
                  .select('t.attempt')
                  .whereRef('t.charge_id', '=', 'e.charge_id')
                  .where('t.attempt', '=', sql<number>`(e.details ->> 'attempt')::int`)
                  .where('t.outcome', 'in', ['requires_action', 'not_made']),
              ),
            ),
          )
          .where('e.at', '>', sql<Date>`now() - interval '24 hours'`)
          .as('by_hand'),
      (join) => join.onTrue(),
    )
    .leftJoinLateral(
      (eb) =>
        eb
          .selectFrom('ledger_entries as l')
          .select((sum) => sum.fn.sum<string | null>('l.amount_minor').as('minor'))
          .whereRef('l.charge_id', '=', 'c.id')
          .where('c.dispute_status', 'in', ['prevented', 'lost'])
          .where('l.kind', 'in', ['dispute', 'dispute_reversed'])
          .as('moved'),
      (join) => join.onTrue(),
    )
    .where('c.enrollment_id', '=', enrollmentId)
    .orderBy(sql`c.settled_at is not null`)
    .orderBy('c.number', 'desc')
    .limit(limit)
    .select([
      'c.id',
      'c.number',
      'c.description',
      'c.amount_minor as amountMinor',
      'c.currency',
      'c.due_at as dueAt',
      'c.status',
      'c.attempts',
      'c.next_attempt_at as nextAttemptAt',
      'c.give_up_at as giveUpAt',
      'c.captured_minor as capturedMinor',
      'c.refunded_minor as refundedMinor',
      'c.dispute_status as disputeStatus',
      'c.settled_at as settledAt',
      'c.updated_at as updatedAt',
      'told.kind as toldKind',
      'told.reason as toldReason',
      'last.decision',
      'by_hand.tries',
      'moved.minor as movedMinor',
    ])
    .execute();
  return rows
    .map(({ toldKind, toldReason, tries, movedMinor, ...charge }) => ({
      ...charge,
      takenMinor: Math.max(0, -Number(movedMinor ?? 0)),
      told: toldKind === null ? null : { kind: toldKind, reason: toldReason },
      triesByHand24h: Number(tries ?? 0),
    }))
    .sort((a, b) => b.number - a.number);
}

/** One charge of this enrollment, never of another. */
export function findCustomerCharge(
  db: Kysely<Database>,
  enrollmentId: string,
  chargeId: string,
): Promise<
  { id: string; status: ChargeStatus; attempts: number; paymentIntentId: string | null } | undefined
> {
  return db
    .selectFrom('charges')
    .select(['id', 'status', 'attempts', 'payment_intent_id as paymentIntentId'])
    .where('id', '=', chargeId)
    .where('enrollment_id', '=', enrollmentId)
    .executeTakeFirst();
}

export interface CustomerRefund {
  id: string;
  chargeNumber: number;
  chargeDescription: string | null;
  amountMinor: number;
  currency: string;
  /** Stripe's, e.g. `pending`. */
  status: string;
  createdAt: Date;
}

/** What goes back or went back, the newest first; those under way before all others get a place. */
export function listCustomerRefunds(
  db: Kysely<Database>,
  enrollmentId: string,
  limit: number,
): Promise<CustomerRefund[]> {
  return db
    .selectFrom('refunds as r')
    .innerJoin('charges as c', 'c.id', 'r.charge_id')
    .where('c.enrollment_id', '=', enrollmentId)
    .orderBy(sql`r.status in ('pending', 'requires_action')`, 'desc')
    .orderBy('r.created_at', 'desc')
    .limit(limit)
    .select([
      'r.id',
      'c.number as chargeNumber',
      'c.description as chargeDescription',
      'r.amount_minor as amountMinor',
      'r.currency',
      'r.status',
      'r.created_at as createdAt',
    ])
    .execute();
}
