/**
 * Another amount at once, in the middle of a period that was paid for: what is owed or credited for its rest,
 * and how a balance meets the next charge. Called by the Workflow; pure, without time zones.
 */
import { maximumAmount, minimumAmount, prorate } from './money.ts';
import type { PlannedCharge } from './terms.ts';

/** A balance is carried by the Workflow: positive is owed by the customer, negative is to their credit. */
export interface Settled {
  /** To be charged; 0 when nothing is. */
  chargeMinor: number;
  balanceMinor: number;
}

/**
 * What the change costs now. Too little to charge, and every credit, goes to the balance and meets the charges
 * to come; money already taken is not paid back here.
 * @param period.paid the charge that paid for the running period; null in a trial, or when nothing was charged for it
 * @param period.endsAt when the next charge is due, or was before it was skipped; null when there is none, then only
 *   charges to come could change. After it nothing of the period is left.
 */
export function settleAtOnce(
  toMinor: number,
  currency: string,
  period: { paid: PlannedCharge | null; endsAt: string | null },
  now: string,
  balanceMinor: number,
): Settled {
  const { paid, endsAt } = period;
  if (paid === null || endsAt === null) {
    return { chargeMinor: 0, balanceMinor };
  }
  const span = { startsAtEpochMs: Date.parse(paid.dueAt), endsAtEpochMs: Date.parse(endsAt) };
  const owedMinor = prorate({ fromMinor: paid.amountMinor, toMinor, currency }, span, Date.parse(now));
  return settle(owedMinor, currency, balanceMinor);
}

/**
 * How an amount that falls due meets the balance. A sum below what Stripe charges waits in the balance, as does
 * what is above; so over the years everything owed is charged, and nothing twice.
 * @param owedMinor what falls due; negative for a credit
 */
export function settle(owedMinor: number, currency: string, balanceMinor: number): Settled {
  const total = owedMinor + balanceMinor;
  if (total < minimumAmount(currency)) {
    return { chargeMinor: 0, balanceMinor: total };
  }
  const chargeMinor = Math.min(total, maximumAmount(currency));
  return { chargeMinor, balanceMinor: total - chargeMinor };
}
