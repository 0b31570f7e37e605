/**
 * What happens to a charge after it was paid: refunds asked for here or made in the Dashboard, disputes, early fraud
 * warnings. Called by the aftermath Workflow and by a late refund. The rows follow what Stripe's lists say, so reading
 * twice, late or out of order ends in the same rows.
 */
import { Context } from '@temporalio/activity';
import { Stripe } from 'stripe';
import { findPaidCharge, type PaidCharge } from '../db/aftermath.ts';
import { forbidsRefunding, type PreventedDispute, takenByPrevented } from '../domain/disputes.ts';
import type { Asker } from '../domain/open-charge.ts';
import { planRefund } from '../domain/refunds.ts';
import { type Aftermath, movedMinor, recordAftermath } from './aftermath-record.ts';
import { defect } from './defect.ts';
import type { ActivityDeps } from './deps.ts';
import { refundKey } from './refund-key.ts';
import { refundsOf } from './refunds.ts';
import { failureOf, isStoredServerError, patientFailureOf } from './stripe-errors.ts';

export interface RefundWork {
  chargeId: string;
  /** Null: all that is left. */
  amountMinor: number | null;
  /** Names the request: the same key is the same refund. */
  requestKey: string;
  by: Asker;
  /** ISO 8601, UTC: the Workflow's clock. */
  at: string;
}

export type RefundResult = Aftermath &
  (
    | { kind: 'made'; refundId: string; status: string; amountMinor: number }
    | { kind: 'refused'; code: RefundRefusal; message: string }
  );

export type RefundRefusal =
  | 'nothing_to_refund'
  | 'refund_too_large'
  | 'refund_amount_invalid'
  | 'charge_disputed'
  | 'charge_not_refundable';

interface Refused {
  code: RefundRefusal;
  message: string;
}

export function createAftermathActivities(deps: ActivityDeps) {
  return {
    /**
     * Gives a paid charge back, in full or in part, and writes what Stripe made of it. Never more than is left. Safe to
     * repeat, for ever: whether the request's refund was made is looked at first, since Temporal knows a request only
     * until others follow it, and Stripe its key for a day or so.
     * @throws faults, retried; defects. A refused key is one as long as nothing was asked of Stripe: the caller hears of it
     * and asks again. Once the refund may have been made it is waited out, since nothing else would ever book it
     */
    async refundCharge(work: RefundWork): Promise<RefundResult> {
      const mayBeMade = Context.current().info.attempt > 1;
      const answering = { at: work.at, failed: mayBeMade ? patientFailureOf : failureOf };
      const charge = await paidCharge(work.chargeId);
      const made = await earlierRefund(charge, work, answering.failed);
      if (made === null) {
        const refused = await refundWhatIsLeft(charge, work, answering.failed);
        if (refused !== null) {
          return { kind: 'refused', ...refused, ...(await follow(charge, answering)) };
        }
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

  async function paidCharge(chargeId: string): Promise<PaidCharge & { paymentIntentId: string }> {
    const charge = await findPaidCharge(deps.db, { chargeId });
    if (charge === undefined || charge.paymentIntentId === null) {
      throw defect('BooksDisagree', `${chargeId} has no PaymentIntent`);
    }
    return { ...charge, paymentIntentId: charge.paymentIntentId };
  }

  /** @returns null when it was made */
  async function refundWhatIsLeft(
    charge: PaidCharge & { paymentIntentId: string },
    work: RefundWork,
    failed: typeof failureOf,
  ): Promise<Refused | null> {
    const planned = plan(charge, work, charge.disputeStatus === null ? 0 : await takenOf(charge, failed));
    if ('refused' in planned) {
      return planned.refused;
    }
    const refused = await refund(charge, work, planned.amountMinor, failed);
    if (refused?.code !== 'charge_disputed') {
      return refused;
    }
    // Of a dispute that nobody has told us of: one that was prevented may have given all of it back.
    const again = plan(charge, work, await takenOf(charge, failed));
    return 'refused' in again && again.refused.code === 'nothing_to_refund' ? again.refused : refused;
  }

  /** What disputes that were prevented took back; null when Stripe tells neither that they did nor that they did not. */
  async function takenOf(
    charge: PaidCharge & { paymentIntentId: string },
    failed: typeof failureOf,
  ): Promise<number | null> {
    const disputes = await disputesOf(charge.paymentIntentId).catch((error: unknown) => {
      throw failed(error, `reading the disputes of ${charge.id}`);
    });
    return takenByPrevented(disputes.filter(({ status }) => status === 'prevented').map(preventedDispute));
  }

  async function disputesOf(payment_intent: string): Promise<Stripe.Dispute[]> {
    return (await deps.stripe.disputes.list({ payment_intent, limit: 100 })).data;
  }

  async function earlierRefund(
    charge: { paymentIntentId: string },
    work: RefundWork,
    failed: typeof failureOf,
  ): Promise<Stripe.Refund | null> {
    const refunds = await refundsOf(deps.stripe, charge.paymentIntentId).catch((error: unknown) => {
      throw failed(error, `looking for an earlier refund of ${work.chargeId}`);
    });
    return refunds.find((refund) => refund.metadata?.request_key === work.requestKey) ?? null;
  }

  /**
   * Under the request's key; under a further one only when the one before keeps answering a stored 500, or a refusal of
   * before, e.g. for a dispute that is over now, and no such refund is listed. Every try walks the same keys in the same order, so two tries never make two refunds.
   * @returns null when it was made; a refusal of Stripe's is an answer, not an error
   */
  async function refund(
    charge: PaidCharge & { paymentIntentId: string },
    work: RefundWork,
    amountMinor: number,
    failed: typeof failureOf,
  ): Promise<Refused | null> {
    const { attempt } = Context.current().info;
    for (let round = 0; ; round++) {
      try {
        await refundUnder(refundKey(charge, work.requestKey, round), charge, work, amountMinor);
        return null;
      } catch (error) {
        const refused = refusalOf(charge, error);
        const wasRefusedBefore = refused !== null && isStoredRefusal(error) && round < MOST_REFUSALS;
        if (refused !== null && !wasRefusedBefore) {
          return refused;
        }
        // One more key at most than tries: each has had a try of its own before the next.
        if (!wasRefusedBefore && (!isStoredServerError(error) || round >= attempt)) {
          throw failed(error, `refunding ${charge.id}`);
        }
        if ((await earlierRefund(charge, work, patientFailureOf)) !== null) {
          return null;
        }
      }
    }
  }

  async function refundUnder(
    idempotencyKey: string,
    charge: PaidCharge & { paymentIntentId: string },
    work: RefundWork,
    amountMinor: number,
  ): Promise<void> {
    await deps.stripe.refunds.create(
      {
        payment_intent: charge.paymentIntentId,
        amount: amountMinor,
        metadata: {
          enrollment_id: charge.enrollmentId,
          charge_id: charge.id,
          request_key: work.requestKey,
        },
      },
      { idempotencyKey },
    );
  }

  /** @param how.failed what a refusal of Stripe's is to be: an answer to whoever waits, or something to wait out */
  async function follow(
    charge: PaidCharge & { paymentIntentId: string },
    { at, failed }: { at: string; failed: typeof failureOf },
    asked?: RefundWork,
  ): Promise<Aftermath & { asked: { id: string; status: string; amountMinor: number } | null }> {
    const payment_intent = charge.paymentIntentId;
    const [refunds, disputes, warnings] = await Promise.all([
      refundsOf(deps.stripe, payment_intent),
      disputesOf(payment_intent),
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

/** @param takenMinor null: nobody knows */
function plan(charge: PaidCharge, { amountMinor }: RefundWork, takenMinor: number | null) {
  const { capturedMinor, currency, refunds, disputeStatus } = charge;
  const isForbidden = disputeStatus !== null && forbidsRefunding([disputeStatus]);
  return planRefund(
    {
      capturedMinor,
      currency,
      refunds,
      disputed: isForbidden || takenMinor === null,
      takenMinor: takenMinor ?? 0,
    },
    amountMinor,
  );
}

function preventedDispute(dispute: Stripe.Dispute): PreventedDispute {
  const { amount, balance_transactions, payment_method_details, is_charge_refundable } = dispute;
  return {
    amountMinor: amount,
    movedMinor: balance_transactions.reduce((sum, moved) => sum + movedMinor(dispute, moved), 0),
    caseType: payment_method_details?.card?.case_type ?? null,
    isChargeRefundable: is_charge_refundable,
  };
}

/** @returns null when Stripe has not refused this refund, whatever else went wrong */
function refusalOf(charge: { id: string }, error: unknown): Refused | null {
  if (!(error instanceof Stripe.errors.StripeInvalidRequestError)) {
    return null;
  }
  const code = REFUSED_BY_STRIPE[error.code ?? ''];
  return code === undefined
    ? null
    : { code, message: `Stripe refuses to refund ${charge.id}: ${error.code}` };
}

/** Stripe repeats its answer under a used key for a day or so, also when the reason for it is gone. */
function isStoredRefusal(error: unknown): boolean {
  return (
    error instanceof Stripe.errors.StripeInvalidRequestError &&
    error.headers?.['idempotent-replayed'] === 'true'
  );
}

/** More than are asked for in the time for which Stripe keeps a key. */
const MOST_REFUSALS = 10;

const REFUSED_BY_STRIPE: Readonly<Record<string, RefundRefusal>> = {
  charge_already_refunded: 'nothing_to_refund',
  charge_disputed: 'charge_disputed',
  refund_disputed_payment: 'charge_disputed',
  charge_not_refundable: 'charge_not_refundable',
  amount_too_large: 'refund_too_large',
};
