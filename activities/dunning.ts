/**
 * Dunning that goes on after a dispute: when a retry that was held back is made now, and until when the customer is waited
 * for. Called by `workflows/after-dispute.ts`; asks Stripe nothing.
 */
import type { Kysely } from 'kysely';
import { extendWait } from '../db/charges.ts';
import { insertNotification } from '../db/notifications.ts';
import type { Database } from '../db/schema.ts';
import { tell } from '../db/timeline.ts';
import type { NotificationData, NotificationKind } from '../domain/notifications.ts';
import { retryAt } from '../domain/retry-time.ts';
import type { ActivityDeps } from './deps.ts';

export interface DunningGoesOn {
  enrollmentId: string;
  chargeId: string;
  /** When its retry was planned that was held back; null: none was. */
  heldSince: string | null;
  /** Until when the customer is waited for; null: they are not. */
  giveUpAt: string | null;
  /** Nothing but the customer moves it: they are asked once more. */
  asks?: true;
  timeZone: string;
  /** ISO 8601, UTC: the Workflow's clock. */
  at: string;
}

export function createDunningActivities({ db }: ActivityDeps) {
  return {
    /**
     * Plans the retry for the next hours of local daytime, and writes it where the row still says when it was planned
     * before; and until when the customer is waited for, who is asked again. Safe to repeat.
     */
    async resumeDunning(work: DunningGoesOn): Promise<{ nextAttemptAt: string | null }> {
      const { enrollmentId, chargeId, heldSince, giveUpAt, asks = false, timeZone, at } = work;
      const nextAttemptAt = heldSince === null ? null : retryAt(at, 0, timeZone);
      await db.transaction().execute(async (trx) => {
        if (giveUpAt !== null) {
          await extendWait(trx, { id: chargeId, until: giveUpAt, at });
          if (asks) {
            await askAgain(trx, { ...work, giveUpAt });
          }
        }
        if (heldSince !== null) {
          await trx
            .updateTable('charges')
            .set({ next_attempt_at: nextAttemptAt, updated_at: at })
            .where('id', '=', chargeId)
            .where('next_attempt_at', '=', new Date(heldSince))
            .execute();
        }
        await tell(trx, enrollmentId, [
          {
            key: `${chargeId}/dunning-goes-on-${at}`,
            chargeId,
            at,
            what: 'charge.dunning_goes_on',
            who: 'workflow',
            why: 'no dispute is open any more',
            details: { next_attempt_at: nextAttemptAt, give_up_at: giveUpAt },
          },
        ]);
      });
      return { nextAttemptAt };
    },
  };
}

/** What asks a customer for another payment method, or to confirm. */
const ASKS = ['charge_failed', 'authentication_required'] as const satisfies readonly NotificationKind[];

/**
 * Whoever was asked to act, and read during the dispute that there is nothing to do, is asked once more. The id still names
 * the attempt that it tells of.
 */
async function askAgain(
  db: Kysely<Database>,
  { enrollmentId, chargeId, giveUpAt, at }: DunningGoesOn & { giveUpAt: string },
): Promise<void> {
  const asked = await db
    .selectFrom('notifications')
    .select(['id', 'kind', 'locale', 'data'])
    .where('enrollment_id', '=', enrollmentId)
    .where('charge_id', '=', chargeId)
    .where('kind', 'in', ASKS)
    .where('created_at', '<', new Date(at))
    .orderBy('created_at', 'desc')
    .limit(1)
    .executeTakeFirst();
  if (asked !== undefined) {
    const data = asked.data as NotificationData;
    await insertNotification(db, {
      id: `${asked.id}_again`,
      enrollmentId,
      chargeId,
      kind: asked.kind as (typeof ASKS)[number],
      locale: asked.locale,
      data: { ...data, nextAttemptAt: null, nextChargeAt: null, giveUpAt },
      createdAt: at,
    });
  }
}
