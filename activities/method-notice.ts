/**
 * Tells a customer that their saved payment method will fail at the next charge: it is gone, or its card is over by
 * then. Called by Activities once they have written what they have found out; never calls Stripe. Whoever has canceled
 * is not asked for a method that no charge will need.
 */
import type { Kysely } from 'kysely';
import { insertNotification } from '../db/notifications.ts';
import type { Database } from '../db/schema.ts';
import { CANCEL_ACCEPTED } from '../db/timeline.ts';
import { failsAhead } from '../domain/method-notice.ts';

/** By the rows as they are. Each method is told of once for each cause; safe to call twice. */
export async function tellIfMethodFails(
  db: Kysely<Database>,
  enrollmentId: string,
  at: string,
): Promise<void> {
  const row = await db
    .selectFrom('enrollments as e')
    .innerJoin('payment_methods as m', 'm.id', 'e.default_payment_method_id')
    .where('e.id', '=', enrollmentId)
    .where('e.ended_at', 'is', null)
    // A cancel at the end of the period comes before the next charge, and one that was accepted before any.
    .where((eb) => eb.or([eb('e.cancel_at', 'is', null), eb('e.cancel_at', '>', eb.ref('e.next_charge_at'))]))
    .where(({ not, exists, selectFrom }) =>
      not(
        exists(
          selectFrom('enrollment_events as accepted')
            .select('accepted.seq')
            .whereRef('accepted.enrollment_id', '=', 'e.id')
            .where('accepted.what', '=', CANCEL_ACCEPTED),
        ),
      ),
    )
    .select(['e.locale', 'e.description', 'e.currency', 'e.terms', 'e.next_charge_at'])
    .select(['e.next_charge_amount_minor', 'm.id', 'm.detached_at', 'm.exp_month', 'm.exp_year'])
    .executeTakeFirst();
  if (row === undefined) {
    return;
  }
  const nextChargeAt = row.next_charge_at?.toISOString() ?? null;
  const method = { detached: row.detached_at !== null, expMonth: row.exp_month, expYear: row.exp_year };
  const cause = failsAhead(method, nextChargeAt);
  if (cause === null) {
    return;
  }
  const { schedule } = row.terms;
  await insertNotification(db, {
    id: `ntf_${enrollmentId.slice('enr_'.length)}_${row.id}_${cause}`,
    enrollmentId,
    chargeId: null,
    kind: 'payment_method_needed',
    locale: row.locale,
    data: {
      amountMinor: row.next_charge_amount_minor,
      currency: row.currency,
      description: row.description,
      chargeNumber: null,
      dueAt: null,
      nextAttemptAt: null,
      nextChargeAt,
      reason: null,
      timeZone: schedule.timeZone ?? 'UTC',
    },
    createdAt: at,
  });
}
