/**
 * Dunning that goes on after a dispute: when a retry that was held back is made now. Called by
 * `workflows/after-dispute.ts`; asks Stripe nothing.
 */
import { extendWait } from '../db/charges.ts';
import { tell } from '../db/timeline.ts';
import { retryAt } from '../domain/retry-time.ts';
import type { ActivityDeps } from './deps.ts';

export interface DunningGoesOn {
  enrollmentId: string;
  chargeId: string;
  /** When its retry was planned that was held back; null: none was. */
  heldSince: string | null;
  /** Until when the customer is waited for; null: they are not. */
  giveUpAt: string | null;
  timeZone: string;
  /** ISO 8601, UTC: the Workflow's clock. */
  at: string;
}

export function createDunningActivities({ db }: ActivityDeps) {
  return {
    /**
     * Plans the retry for the next hours of local daytime, and writes it where the row still says when it was planned
     * before; and until when the customer is waited for. Safe to repeat.
     */
    async resumeDunning(work: DunningGoesOn): Promise<{ nextAttemptAt: string | null }> {
      const { enrollmentId, chargeId, heldSince, giveUpAt, timeZone, at } = work;
      const nextAttemptAt = heldSince === null ? null : retryAt(at, 0, timeZone);
      await db.transaction().execute(async (trx) => {
        if (giveUpAt !== null) {
          await extendWait(trx, { id: chargeId, until: giveUpAt, at });
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
