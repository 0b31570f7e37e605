/**
 * How much of a charge can go back: never more than was captured, however many refunds there are and whatever
 * becomes of them. Called by the Workflow's validators and the API; pure.
 */
import { amountStep, amountText } from './money.ts';

/** What a refund in each of Stripe's statuses takes from what is left to refund. */
export const REFUND_TABLE: Readonly<Record<string, { meaning: string; counts: boolean; final: boolean }>> = {
  pending: { meaning: 'On its way; takes days with some methods.', counts: true, final: false },
  requires_action: { meaning: 'The customer must say where the money goes.', counts: true, final: false },
  // It can still fail days later, when the account it went to is closed.
  succeeded: { meaning: 'Sent to the customer.', counts: true, final: false },
  failed: {
    meaning: 'It came back: the money is ours again and still owed to the customer.',
    counts: false,
    final: true,
  },
  canceled: { meaning: 'Withdrawn before it was sent.', counts: false, final: true },
};

export interface RefundMade {
  amountMinor: number;
  /** Stripe's status; one that nobody knows counts as money that went back. */
  status: string;
}

/**
 * A refund's status after it was read. A reading that can only be older than what is known changes nothing.
 * @param known null when the refund was not known before
 */
export function refundAfterReading(known: string | null, seen: string): string {
  if (known === null) {
    return seen;
  }
  const isFinal = Object.hasOwn(REFUND_TABLE, known) && REFUND_TABLE[known]?.final === true;
  const isOlder = known === 'succeeded' && (seen === 'pending' || seen === 'requires_action');
  return isFinal || isOlder ? known : seen;
}

/** What is gone or going back, in minor units. */
export function refundedMinor(refunds: readonly RefundMade[]): number {
  const counting = refunds.filter(
    ({ status }) => !Object.hasOwn(REFUND_TABLE, status) || REFUND_TABLE[status]?.counts,
  );
  return counting.reduce((sum, { amountMinor }) => sum + amountMinor, 0);
}

export interface RefundRefused {
  code: 'nothing_to_refund' | 'refund_too_large' | 'refund_amount_invalid' | 'charge_disputed';
  message: string;
}

/**
 * Whether a further refund may be asked for.
 * @param amountMinor null for all that is left
 * @param charge.takenMinor what disputes took back that are settled; null when one took all of it, or may take it:
 * refunding as well would pay the customer twice
 * @returns the amount to refund, or why not
 */
export function planRefund(
  charge: {
    capturedMinor: number;
    currency: string;
    refunds: readonly RefundMade[];
    takenMinor: number | null;
  },
  amountMinor: number | null,
): { amountMinor: number } | { refused: RefundRefused } {
  const { capturedMinor, currency, takenMinor } = charge;
  const leftMinor = capturedMinor - refundedMinor(charge.refunds) - (takenMinor ?? 0);
  const refuse = (code: RefundRefused['code'], message: string) => ({ refused: { code, message } });
  const named = (amount: number) => `${amount} (${amountText(amount, currency)})`;
  if (leftMinor <= 0) {
    return refuse('nothing_to_refund', `nothing is left to refund of ${named(capturedMinor)}`);
  }
  if (takenMinor === null) {
    return refuse('charge_disputed', 'the charge is disputed; its money goes back through the dispute');
  }
  const wanted = amountMinor ?? leftMinor;
  const step = amountStep(currency);
  if (!Number.isSafeInteger(wanted) || wanted < step || wanted % step !== 0) {
    const expected = step === 1 ? 'a whole number of minor units above 0' : `a multiple of ${step} above 0`;
    return refuse('refund_amount_invalid', `amount ${wanted} ${currency}; expected ${expected}`);
  }
  return wanted > leftMinor
    ? refuse(
        'refund_too_large',
        `amount ${named(wanted)} is more than is left to refund, ${named(leftMinor)}`,
      )
    : { amountMinor: wanted };
}
