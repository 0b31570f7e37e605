/**
 * What happens to a charge after it was paid: refunds asked for here or made in the Dashboard, disputes, early fraud
 * warnings. Called by the aftermath Workflow and by a late refund. The rows follow what Stripe's lists say, so reading
 * twice, late or out of order ends in the same rows.
 */
import { Context } from '@temporalio/activity';
import { Stripe } from 'stripe';
import { findPaidCharge } from '../db/aftermath.ts';
import { type Aftermath, recordAftermath } from './aftermath-record.ts';
import { defect } from './defect.ts';
import type { ActivityDeps } from './deps.ts';
import { disputesOf } from './disputes.ts';
import {
  type RefundableCharge,
  type RefundRefusal,
  type RefundWork,
  requestRefund,
} from './refund-request.ts';
import { refundsOf } from './refunds.ts';
import { failureOf, patientFailureOf } from './stripe-errors.ts';

export type RefundResult = Aftermath &
  (
    | { kind: 'made'; refundId: string; status: string; amountMinor: number }
    | { kind: 'refused'; code: RefundRefusal; message: string }
  );

export function createAftermathActivities(deps: ActivityDeps) {
  return {
    /**
     * Gives a paid charge back, in full or in part, and writes what Stripe made of it. Never more than is left. Safe to
     * repeat, for ever: {@link requestRefund}.
     * @throws faults, retried; defects. A refused key is one as long as nothing was asked of Stripe: the caller hears of it
     * and asks again. Once the refund may have been made it is waited out, since nothing else would ever book it
     */
    async refundCharge(work: RefundWork): Promise<RefundResult> {
      const mayBeMade = Context.current().info.attempt > 1;
      const answering = { at: work.at, failed: mayBeMade ? patientFailureOf : failureOf };
      const charge = await paidCharge(work.chargeId);
      const refused = await requestRefund(deps.stripe, charge, work, answering.failed);
      if (refused !== null) {
        return { kind: 'refused', ...refused, ...(await follow(charge, answering)) };
      }
      const after = await follow(charge, { at: work.at, failed: patientFailureOf }, work);
      const mine = after.asked;
      if (mine === null) {
        throw defect(
          'BooksDisagree',
          `the refund of ${charge.id} under key ${work.requestKey} is not among its refunds`,
        );
      }
      return {
        kind: 'made',
        refundId: mine.id,
        status: mine.status,
        amountMinor: mine.amountMinor,
        ...after,
      };
    },

    /**
     * Reads what became of a paid charge, and writes what is new. Safe to repeat.
     * @throws faults, retried; a refused key is waited out, since Stripe tells of a dispute once and it stops charges
     */
    async followAftermath(work: { chargeId: string; at: string }): Promise<Aftermath> {
      const charge = await paidCharge(work.chargeId);
      const { refunds, disputes } = await follow(charge, { at: work.at, failed: patientFailureOf });
      return { refunds, disputes };
    },
  };

  async function paidCharge(chargeId: string): Promise<RefundableCharge> {
    const charge = await findPaidCharge(deps.db, { chargeId });
    if (charge === undefined || charge.paymentIntentId === null) {
      throw defect('BooksDisagree', `${chargeId} has no PaymentIntent`);
    }
    return { ...charge, paymentIntentId: charge.paymentIntentId };
  }

  /** @param how.failed what a refusal of Stripe's is to be: an answer to whoever waits, or something to wait out */
  async function follow(
    charge: RefundableCharge,
    { at, failed }: { at: string; failed: typeof failureOf },
    asked?: RefundWork,
  ): Promise<Aftermath & { asked: { id: string; status: string; amountMinor: number } | null }> {
    const payment_intent = charge.paymentIntentId;
    const [refunds, disputes, warnings] = await Promise.all([
      refundsOf(deps.stripe, payment_intent),
      disputesOf(deps.stripe, payment_intent),
      warningsOf(payment_intent),
    ]).catch((error: unknown) => {
      throw failed(error, `reading what became of ${charge.id}`);
    });
    const mine =
      asked === undefined
        ? undefined
        : refunds.find(({ metadata }) => metadata?.request_key === asked.requestKey);
    const known = await recordAftermath(deps.db, charge, {
      refunds,
      disputes,
      warnings,
      at,
      asked:
        asked === undefined || mine === undefined
          ? null
          : { refundId: mine.id, by: asked.by, amountMinor: asked.amountMinor },
    });
    return {
      ...known,
      asked:
        mine === undefined
          ? null
          : { id: mine.id, status: mine.status ?? 'pending', amountMinor: mine.amount },
    };
  }

  /** @returns null when the key may not read them: they are only told, and keep no dispute from being heard of */
  async function warningsOf(payment_intent: string): Promise<Stripe.Radar.EarlyFraudWarning[] | null> {
    try {
      return (await deps.stripe.radar.earlyFraudWarnings.list({ payment_intent, limit: 100 })).data;
    } catch (error) {
      if (error instanceof Stripe.errors.StripePermissionError) {
        return null;
      }
      throw error;
    }
  }
}
