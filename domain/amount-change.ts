/**
 * Another amount at once, in the middle of a period that was paid for: what is owed or credited for its rest,
 * and how a balance meets the next charge. Called by the Workflow; pure, without time zones.
 */
import { amountStep, maximumAmount, minimumAmount, prorate } from './money.ts';
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

/** What a charge asked for, and what of it is with us: captured, less what went back by refunds and disputes. */
export interface Received {
  amountMinor: number;
  keptMinor: number;
}

/** A part of what was agreed for a period, and the charge that pays for it; null when none does, e.g. the balance did. */
export interface PaidPart {
  minor: number;
  received: Received | null;
  /** What a credit paid for besides the charge: it stays used when money of the charge goes back. @default 0 */
  creditMinor?: number;
}

/**
 * What of the running period may be credited: of each part as much as is with us of what paid for it, rounded to the grain
 * in our favour, since the money is not there.
 */
export function creditableMinor(parts: readonly PaidPart[], currency: string): number {
  const step = BigInt(amountStep(currency));
  return parts.reduce((sum, { minor, received, creditMinor = 0 }) => {
    if (received === null || received.keptMinor >= received.amountMinor) {
      return sum + minor;
    }
    const withUs = BigInt(creditMinor + Math.max(0, received.keptMinor));
    const kept = (BigInt(minor) * withUs) / BigInt(creditMinor + received.amountMinor);
    return sum + Number(kept - (kept % step));
  }, 0);
}

/** What is left of raises once the amount is lower by so much: the newest go first. */
export function loweredRaises<Raise extends { byMinor: number }>(
  raises: readonly Raise[],
  lowerByMinor: number,
): Raise[] {
  let left = lowerByMinor;
  return raises
    .toReversed()
    .map((raise) => {
      const taken = Math.min(left, raise.byMinor);
      left -= taken;
      return { ...raise, byMinor: raise.byMinor - taken };
    })
    .filter(({ byMinor }) => byMinor > 0)
    .toReversed();
}
