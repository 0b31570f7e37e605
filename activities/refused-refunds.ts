/**
 * Shows operators a payment that came in after a cancel and does not go back yet. Called by `workflows/charge-end.ts`; asks
 * Stripe nothing.
 */
import { saveRefusedRefund } from '../db/refused-refunds.ts';
import { tell } from '../db/timeline.ts';
import type { ActivityDeps } from './deps.ts';

export interface RefusedRefund {
  enrollmentId: string;
  chargeId: string;
  /** Null: nothing is refused any more. */
  problem: string | null;
  /** ISO 8601, UTC: the Workflow's clock. */
  at: string;
}

export function createRefusedRefundActivities({ db }: ActivityDeps) {
  return {
    /** Writes why it does not go back, and tells it when that is news. Safe to repeat. */
    async showRefusedRefund({ enrollmentId, chargeId, problem, at }: RefusedRefund): Promise<void> {
      await db.transaction().execute(async (trx) => {
        const isNews = await saveRefusedRefund(trx, chargeId, problem);
        if (isNews && problem !== null) {
          await tell(trx, enrollmentId, [
            {
              key: `${chargeId}/refund-refused-${at}`,
              chargeId,
              at,
              what: 'charge.refund_refused',
              who: 'workflow',
              why: problem,
            },
          ]);
        }
      });
    },
  };
}
