/**
 * What a cancel of an enrollment would stop and what stays owed, said before it is asked for. Called by the API
 * and by the Workflow's answer; pure.
 */
import { cancelDecision, PAYMENT_INTENT_STATUSES } from './payment-intent.ts';
import { type ChargeStatus, PAST_DUE_CHARGE, SETTLED_CHARGE } from './statuses.ts';
import type { PlannedCharge, Terms } from './terms.ts';

export interface ChargeAtCancel {
  id: string;
  status: ChargeStatus;
  amountMinor: number;
  /** Stripe's `type` of the method last tried; null when there is none. */
  paymentMethodType: string | null;
}

/** What the schedule would bring. */
export interface ScheduleAtCancel {
  /** It has fallen due and is held back, by a dispute say. */
  owed: PlannedCharge | null;
  /** The first one after that. */
  next: PlannedCharge | null;
}

/** What becomes of one open charge. */
export type ChargeFate =
  | 'never_attempted'
  | 'canceled'
  | 'held_funds_released'
  | 'canceled_if_the_bank_allows'
  | 'outcome_awaited'
  | 'goes_on';

export interface CancelPreview {
  /** When it takes effect: null is at once. */
  takesEffectAt: string | null;
  /** The first charge of the schedule that is no longer made. */
  nextChargeStopped: PlannedCharge | null;
  charges: { id: string; amountMinor: number; fate: ChargeFate }[];
  /** What the customer still owes afterwards; it goes on being collected. */
  stillOwedMinor: number;
  /** Payments on their way that may succeed all the same, and what is done with them then. */
  mayStillSucceedMinor: number;
  lateSuccess: Terms['lateSuccess'];
}

/**
 * @param when `now` ends what is open as well; `at_period_end` leaves it and stops only what the schedule would
 * bring next
 */
export function previewCancel(
  when: 'now' | 'at_period_end',
  charges: readonly ChargeAtCancel[],
  { owed, next }: ScheduleAtCancel,
  lateSuccess: Terms['lateSuccess'],
): CancelPreview {
  const isNow = when === 'now';
  const open = charges.filter(({ status }) => !SETTLED_CHARGE.includes(status));
  const fates = open.map((charge) => ({
    id: charge.id,
    amountMinor: charge.amountMinor,
    fate: isNow ? fateNow(charge) : ('goes_on' as const),
  }));
  const sum = (amounts: readonly { amountMinor: number }[]) =>
    amounts.reduce((total, { amountMinor }) => total + amountMinor, 0);
  const pastDue = open.filter(({ status }) => PAST_DUE_CHARGE.includes(status));
  const stillOwed = isNow ? [] : [...pastDue, ...(owed === null ? [] : [owed])];
  const underway = fates.filter(
    ({ fate }) => fate === 'outcome_awaited' || fate === 'canceled_if_the_bank_allows',
  );
  return {
    takesEffectAt: isNow ? null : (next?.dueAt ?? null),
    nextChargeStopped: isNow ? (owed ?? next) : next,
    charges: fates,
    stillOwedMinor: sum(stillOwed),
    mayStillSucceedMinor: sum(underway),
    lateSuccess,
  };
}

function fateNow(charge: ChargeAtCancel): ChargeFate {
  const status = PAYMENT_INTENT_STATUSES.find((known) => known === charge.status);
  if (status === undefined) {
    // Scheduled, or parked: nothing of it is on its way that anybody knows of.
    return charge.status === 'scheduled' ? 'never_attempted' : 'canceled';
  }
  const decision = cancelDecision(status, charge.paymentMethodType);
  switch (decision.kind) {
    case 'cancel':
      return decision.releasesFunds ? 'held_funds_released' : 'canceled';
    case 'try_cancel':
      return 'canceled_if_the_bank_allows';
    case 'wait':
      return 'outcome_awaited';
    case 'refund_only':
    case 'already_canceled':
      throw new RangeError(`${charge.id} is settled and was not to be asked about`);
    default:
      return decision satisfies never;
  }
}
