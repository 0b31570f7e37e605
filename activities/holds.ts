/**
 * Money that is held: capture it, or tell that it is about to be lost. Called by `workflows/charge.ts`.
 */
import { tell } from '../db/timeline.ts';
import { operationKey } from '../domain/ids.ts';
import { keyDetails } from '../domain/keyed-requests.ts';
import type { Asker } from '../domain/open-charge.ts';
import { recordCharge } from './charge-record.ts';
import { type AskedOfCharge, type ChargeWork, reportOf, type ToldReport, workOf } from './charge-work.ts';
import { defect } from './defect.ts';
import type { ActivityDeps } from './deps.ts';
import { freshKey } from './fresh-key.ts';
import { capturePaymentIntent } from './payment-intents.ts';

export function createHoldActivities(deps: ActivityDeps) {
  return {
    /**
     * Takes held money, in full (`amountMinor` null) or in part; the rest is released. The report shows the status that
     * Stripe has when nothing can be captured any more. An amount that Stripe refuses leaves the money held, and the row
     * says why. Safe to repeat.
     */
    async captureCharge(
      asked: AskedOfCharge & { amountMinor: number | null; by: Asker },
    ): Promise<ToldReport> {
      const work = workOf(asked);
      const { charge, context, at } = work;
      if (charge.paymentIntentId === null) {
        throw defect('BooksDisagree', `${charge.id} has no PaymentIntent to capture`);
      }
      const { outcome, refused } = await capturePaymentIntent(
        deps.stripe,
        charge.paymentIntentId,
        work.paymentMethodType,
        {
          amountMinor: work.amountMinor,
          // Stripe captures once: under another key it says that nothing can be captured any more.
          idempotencyKey: freshKey(
            operationKey(context.enrollmentId, `${charge.id}/capture-${charge.captureTries}`),
            { amountMinor: work.amountMinor },
          ),
        },
      );
      if (outcome.status !== charge.status) {
        await recordCharge(deps.db, {
          charge,
          context,
          at,
          outcome,
          attempt: null,
          dunning: null,
          by: work.by,
        });
      }
      if (refused !== null) {
        await showRefusal(work, refused);
      }
      return reportOf(outcome, { dunning: null });
    },

    /** Writes into the timeline that held money is lost unless it is captured soon. Safe to repeat. */
    async remindOfHold(asked: AskedOfCharge): Promise<void> {
      const { charge, context, at } = workOf(asked);
      await tell(deps.db, context.enrollmentId, [
        {
          key: `${charge.id}/hold-expires-soon`,
          chargeId: charge.id,
          at,
          what: 'charge.hold_expires_soon',
          who: 'workflow',
          why: 'capture it, or the held money is released',
          details: {
            capturable_minor: charge.hold?.capturableMinor ?? null,
            expires_at: charge.hold?.expiresAt ?? null,
          },
        },
      ]);
    },
  };

  async function showRefusal(
    { charge, context, at, by }: Pick<ChargeWork, 'charge' | 'context' | 'at'> & { by: Asker },
    code: string,
  ): Promise<void> {
    const why = `Stripe refuses to capture this amount: ${code}`;
    await deps.db.transaction().execute(async (trx) => {
      await trx
        .updateTable('charges')
        .set({ status_reason: why, updated_at: at })
        .where('id', '=', charge.id)
        .where('status', '=', 'requires_capture')
        .execute();
      await tell(trx, context.enrollmentId, [
        {
          key: `${charge.id}/capture-${charge.captureTries}-refused`,
          chargeId: charge.id,
          at,
          what: 'charge.capture_refused',
          who: by.by,
          why,
          details: keyDetails(by),
        },
      ]);
    });
  }
}
