/** Writes of `charges` and `charge_attempts`. Called by Activities only. */
import { type Kysely, sql } from 'kysely';
import { type ChargeStatus, PAST_DUE_CHARGE, SETTLED_CHARGE } from '../domain/statuses.ts';
import type { Database, NewCharge, NewChargeAttempt } from './schema.ts';

/**
 * Writes a charge as it now stands: inserts it the first time, later replaces all that can change. Safe to call
 * twice. `payment_intent_id`, once known, is never replaced by another. A settled charge stays so: an attempt of an Activity
 * that was given up for dead may write what it read before its successor did. Two things are written over it, which are no
 * older truth: that money moved, and that a person must look.
 *
 * Nor does what comes late, with an older instant, put an open charge back: to what an earlier attempt has come to, or to
 * waiting for its customer while money is under way or held. The attempt alone says nothing, since a Workflow that was set
 * back counts them anew.
 *
 * May be called from two places at once; PostgreSQL may refuse one of them by the key on the number, often when nobody has
 * claimed the row (`claimCharge`), about once in a thousand times when somebody has. Temporal has it repeated.
 */
export async function saveCharge(db: Kysely<Database>, charge: NewCharge): Promise<void> {
  await chargeSave(db, charge).execute();
}

/** {@link saveCharge} as a statement. */
export function chargeSave(db: Kysely<Database>, charge: NewCharge) {
  return db
    .insertInto('charges')
    .values(charge)
    .onConflict((conflict) =>
      conflict
        .column('id')
        .doUpdateSet((eb) => ({
          status: eb.ref('excluded.status'),
          payment_intent_id: eb.fn.coalesce('charges.payment_intent_id', 'excluded.payment_intent_id'),
          attempts: eb.ref('excluded.attempts'),
          next_attempt_at: eb.ref('excluded.next_attempt_at'),
          give_up_at: eb.ref('excluded.give_up_at'),
          captured_minor: eb.fn<number>('greatest', ['charges.captured_minor', 'excluded.captured_minor']),
          last_code: eb.ref('excluded.last_code'),
          last_decline_code: eb.ref('excluded.last_decline_code'),
          status_reason: eb.ref('excluded.status_reason'),
          settled_at: eb.fn.coalesce('charges.settled_at', 'excluded.settled_at'),
          updated_at: eb.ref('excluded.updated_at'),
        }))
        .where(MAY_FOLLOW),
    );
}

/**
 * The customer is waited for until then, and no shorter than was said before, if anything was. Nobody is waited for whose
 * charge is paid, under way or given up.
 */
export async function extendWait(
  db: Kysely<Database>,
  { id, until, at }: { id: string; until: string; at: string },
): Promise<void> {
  await db
    .updateTable('charges')
    .set({
      give_up_at: sql<Date>`greatest(give_up_at, ${until}::timestamptz)`,
      updated_at: at,
    })
    .where('id', '=', id)
    .where('status', 'in', PAST_DUE_CHARGE)
    .execute();
}

const MONEY_MOVED: ChargeStatus = 'succeeded';
const TO_BE_LOOKED_AT: ChargeStatus = 'needs_attention';
/** The customer's bank has said yes, for the time being. */
const TAKEN_UP: readonly ChargeStatus[] = ['processing', 'requires_capture'];

/** A charge that is over without a PaymentIntent is over by our word alone; what Stripe says of one is news then. */
const MAY_FOLLOW = sql<boolean>`(excluded.status in (${list(SETTLED_CHARGE)})
    or excluded.updated_at >= charges.updated_at
    or (excluded.attempts >= charges.attempts
      and not (charges.status in (${list(TAKEN_UP)}) and excluded.status in (${list(PAST_DUE_CHARGE)}))))
  and (excluded.status in (${list([MONEY_MOVED, TO_BE_LOOKED_AT])})
    or charges.status not in (${list(SETTLED_CHARGE)})
    or (charges.status <> ${sql.lit(MONEY_MOVED)}
      and (charges.payment_intent_id is null or excluded.status in (${list(SETTLED_CHARGE)}))))`;

function list(statuses: readonly ChargeStatus[]) {
  return sql.join(statuses.map((status) => sql.lit(status)));
}

/** Of an attempt: what no later reading replaces. */
export const FINAL_OUTCOMES = ['declined', 'succeeded', 'canceled'];

/**
 * Writes one attempt: (charge_id, attempt) is unique. A repeat writes the same again; a later reading of the same
 * attempt, e.g. of a debit that took days, replaces its outcome. What is final stays: an older reading may come later. So
 * does a decline: what succeeded after it, e.g. in Stripe's Dashboard, was no attempt of ours, and the customer was told of
 * the decline.
 */
export async function saveAttempt(db: Kysely<Database>, attempt: NewChargeAttempt): Promise<void> {
  await attemptSave(db, attempt).execute();
}

/** {@link saveAttempt} as a statement. */
export function attemptSave(db: Kysely<Database>, attempt: NewChargeAttempt) {
  return db
    .insertInto('charge_attempts')
    .values(attempt)
    .onConflict((conflict) =>
      conflict
        .columns(['charge_id', 'attempt'])
        .doUpdateSet((eb) => ({
          payment_intent_id: eb.ref('excluded.payment_intent_id'),
          outcome: eb.ref('excluded.outcome'),
          code: eb.ref('excluded.code'),
          decline_code: eb.ref('excluded.decline_code'),
          advice_code: eb.ref('excluded.advice_code'),
          network_decline_code: eb.ref('excluded.network_decline_code'),
          stripe_charge_id: eb.ref('excluded.stripe_charge_id'),
          decision: eb.ref('excluded.decision'),
          decision_reason: eb.ref('excluded.decision_reason'),
        }))
        .where(
          sql<boolean>`charge_attempts.outcome not in (${sql.join(FINAL_OUTCOMES.map((outcome) => sql.lit(outcome)))})
            or charge_attempts.outcome = excluded.outcome`,
        ),
    );
}
