/**
 * Asks Stripe for one refund, of no more than is left, and for no second one whatever is repeated. Called by the Activity
 * that refunds; writes no row.
 */
import { Context } from '@temporalio/activity';
import { Stripe } from 'stripe';
import type { PaidCharge } from '../db/aftermath.ts';
import { forbidsRefunding } from '../domain/disputes.ts';
import type { Asker } from '../domain/open-charge.ts';
import { planRefund } from '../domain/refunds.ts';
import { disputesOf, takenMinorOf } from './disputes.ts';
import { refundKey } from './refund-key.ts';
import { refundsOf } from './refunds.ts';
import { type failureOf, isKeyOfAnother, isStoredServerError, patientFailureOf } from './stripe-errors.ts';

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

export type RefundRefusal =
  | 'nothing_to_refund'
  | 'refund_too_large'
  | 'refund_amount_invalid'
  | 'charge_disputed'
  | 'charge_not_refundable'
  | 'idempotency_mismatch';

export interface Refused {
  code: RefundRefusal;
  message: string;
}

/** Its row says what was captured, and of which PaymentIntent. */
export type RefundableCharge = PaidCharge & { paymentIntentId: string };

/**
 * Safe to repeat, for ever: whether the request's refund was made is looked at first, since Temporal knows a request only
 * until others follow it, and Stripe its key for a day or so.
 * @param failed what a refusal of Stripe's to read or write is to be, before a refund may have been made
 * @returns null when it is made, now or before; a refusal of the refund is an answer, not an error
 */
export async function requestRefund(
  stripe: Stripe,
  charge: RefundableCharge,
  work: RefundWork,
  failed: typeof failureOf,
): Promise<Refused | null> {
  if ((await earlierRefund(stripe, charge, work, failed)) !== null) {
    return null;
  }
  const planned = plan(charge, work, charge.disputeStatus === null ? 0 : await taken());
  if ('refused' in planned) {
    return planned.refused;
  }
  const isAll = work.amountMinor === null;
  const refused = await refund(stripe, charge, { ...work, amountMinor: planned.amountMinor, isAll }, failed);
  if (refused?.code !== 'charge_disputed') {
    return refused;
  }
  // Of a dispute that nobody has told us of: one that was prevented may have given all of it back.
  const again = plan(charge, work, await taken());
  return 'refused' in again && again.refused.code === 'nothing_to_refund' ? again.refused : refused;

  async function taken(): Promise<number | null> {
    const disputes = await disputesOf(stripe, charge.paymentIntentId).catch((error: unknown) => {
      throw failed(error, `reading the disputes of ${charge.id}`);
    });
    return takenMinorOf(disputes);
  }
}

/** @param takenMinor by disputes that were prevented; null when nobody knows */
function plan(charge: PaidCharge, { amountMinor }: RefundWork, takenMinor: number | null) {
  const { capturedMinor, currency, refunds, disputeStatus } = charge;
  const isForbidden = disputeStatus !== null && forbidsRefunding([disputeStatus]);
  return planRefund(
    { capturedMinor, currency, refunds, takenMinor: isForbidden ? null : takenMinor },
    amountMinor,
  );
}

async function earlierRefund(
  stripe: Stripe,
  charge: RefundableCharge,
  work: RefundWork,
  failed: typeof failureOf,
): Promise<Stripe.Refund | null> {
  const refunds = await refundsOf(stripe, charge.paymentIntentId).catch((error: unknown) => {
    throw failed(error, `looking for an earlier refund of ${charge.id}`);
  });
  return refunds.find((refund) => refund.metadata?.request_key === work.requestKey) ?? null;
}

interface PlannedRefund extends RefundWork {
  amountMinor: number;
  /** It was asked for all that is left, which was another amount when the same was asked before. */
  isAll: boolean;
}

/**
 * Under the request's key; under a further one only when no such refund is listed and the one before is of no use: it
 * keeps answering a stored 500, or a refusal of before, e.g. for a dispute that is over now or a balance that is filled
 * up; or it is that of another amount, of which all was asked for. Every try walks the same keys in the same order, so two
 * tries never make two refunds; where they ask for two amounts, each for all that is left, Stripe has not enough for both.
 * @returns null when it was made
 */
async function refund(
  stripe: Stripe,
  charge: RefundableCharge,
  work: PlannedRefund,
  failed: typeof failureOf,
): Promise<Refused | null> {
  const { attempt } = Context.current().info;
  for (let round = 0; ; round++) {
    try {
      await refundUnder(stripe, refundKey(charge, work.requestKey, round), charge, work);
      return null;
    } catch (error) {
      const refused = refusalOf(charge, work, error);
      const isOfBefore = isStoredRefusal(error) || (work.isAll && isKeyOfAnother(error));
      const isPassedOver = isOfBefore && round < MOST_REFUSALS;
      if (refused !== null && !isPassedOver) {
        return refused;
      }
      // One more key at most than tries: each has had a try of its own before the next.
      if (!isPassedOver && (!isStoredServerError(error) || round >= attempt)) {
        throw failed(error, `refunding ${charge.id}`);
      }
      if ((await earlierRefund(stripe, charge, work, patientFailureOf)) !== null) {
        return null;
      }
    }
  }
}

async function refundUnder(
  stripe: Stripe,
  idempotencyKey: string,
  charge: RefundableCharge,
  work: PlannedRefund,
): Promise<void> {
  await stripe.refunds.create(
    {
      payment_intent: charge.paymentIntentId,
      amount: work.amountMinor,
      metadata: {
        enrollment_id: charge.enrollmentId,
        charge_id: charge.id,
        request_key: work.requestKey,
      },
    },
    { idempotencyKey },
  );
}

/** @returns null when Stripe has not refused this refund, whatever else went wrong */
function refusalOf(charge: { id: string }, work: PlannedRefund, error: unknown): Refused | null {
  if (!work.isAll && isKeyOfAnother(error)) {
    // Under a further key both amounts could be made.
    const message = `this Idempotency-Key was used for another amount of ${charge.id}; send a new key for a refund of ${work.amountMinor}`;
    return { code: 'idempotency_mismatch', message };
  }
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
