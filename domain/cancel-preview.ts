/**
 * What a cancel of an enrollment would stop and what stays owed, said before it is asked for. Called by the API
 * and by the Workflow's answer; pure.
 */
import { settle } from './amount-change.ts';
import { cancelDecision, PAYMENT_INTENT_STATUSES } from './payment-intent.ts';
import type { ScheduleChanges } from './schedule-changes.ts';
import { type ChargeStatus, PAST_DUE_CHARGE, SETTLED_CHARGE } from './statuses.ts';
import type { PlannedCharge, PlanTerms, Terms } from './terms.ts';

export interface ChargeAtCancel {
  id: string;
  status: ChargeStatus;
  amountMinor: number;
  /** Stripe's `type` of the method last tried; null when there is none. */
  paymentMethodType: string | null;
}

/** What the schedule would bring. */
export interface ScheduleAtCancel {
  /** They have fallen due and are held back, by a dispute say; oldest first. */
  owed: readonly PlannedCharge[];
  /** The first one after those. */
  next: PlannedCharge | null;
  /** When the period is over that is paid for or owed; null where none comes to an end. */
  endsAt: string | null;
}

/** What is known of a cancel before it is asked for. What the schedule would bring follows from it, by time zones. */
export interface CancelFacts {
  /** ISO 8601, UTC: the Workflow's clock when it last did something. */
  at: string;
  currency: string;
  lateSuccess: Terms['lateSuccess'];
  balanceMinor: number;
  /** Also those that were asked for and are not begun. */
  charges: ChargeAtCancel[];
  terms: PlanTerms;
  /** Null before the first payment method. */
  anchorAt: string | null;
  /** The last one dealt with, -1 before the first. */
  occurrence: number;
  changes: ScheduleChanges;
  next: PlannedCharge | null;
  /** An overdue `next` that the catch-up rule was asked about, and that is still owed. */
  confirmedOverdue: number | null;
  /** Null in `owedUntil`: nothing is owed in the pause. Else what fell due until then. */
  paused: { owedUntil: string | null } | null;
  /** When a cancel takes effect that was asked for before. */
  cancelAt: string | null;
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

type AtCancel = Pick<CancelFacts, 'charges' | 'balanceMinor' | 'currency' | 'lateSuccess'>;

/**
 * @param when `now` ends what is open as well; `at_period_end` leaves it and stops only what the schedule would
 * bring next
 */
export function previewCancel(
  when: 'now' | 'at_period_end',
  { charges, balanceMinor, currency, lateSuccess }: AtCancel,
  schedule: ScheduleAtCancel,
): CancelPreview {
  const isNow = when === 'now';
  const { owed, next } = asCharged(schedule, balanceMinor, currency);
  const open = charges.filter(({ status }) => !SETTLED_CHARGE.includes(status));
  const fates = open.map((charge) => ({
    id: charge.id,
    amountMinor: charge.amountMinor,
    fate: isNow ? fateNow(charge) : ('goes_on' as const),
  }));
  const sum = (amounts: readonly { amountMinor: number }[]) =>
    amounts.reduce((total, { amountMinor }) => total + amountMinor, 0);
  const pastDue = open.filter(({ status }) => PAST_DUE_CHARGE.includes(status));
  const stillOwed = isNow ? [] : [...pastDue, ...owed];
  const underway = fates.filter(
    ({ fate }) => fate === 'outcome_awaited' || fate === 'canceled_if_the_bank_allows',
  );
  return {
    takesEffectAt: isNow ? null : schedule.endsAt,
    nextChargeStopped: isNow ? (owed[0] ?? next) : next,
    charges: fates,
    stillOwedMinor: sum(stillOwed),
    mayStillSucceedMinor: sum(underway),
    lateSuccess,
  };
}

/** As they will be asked for: the balance meets one after another. */
function asCharged({ owed, next }: ScheduleAtCancel, balanceMinor: number, currency: string) {
  let leftMinor = balanceMinor;
  const meet = (planned: PlannedCharge): PlannedCharge => {
    if (leftMinor === 0) {
      return planned;
    }
    const settled = settle(planned.amountMinor, currency, leftMinor);
    leftMinor = settled.balanceMinor;
    return { ...planned, amountMinor: settled.chargeMinor };
  };
  return { owed: owed.map(meet), next: next && meet(next) };
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
