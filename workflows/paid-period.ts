/**
 * What was paid for the running period, and what another amount at once makes of the rest of it. Called by the handlers
 * of the schedule and where a charge ends.
 */
import { patched } from '@temporalio/workflow';
import type { PeriodReceived } from '../activities/paid-periods.ts';
import {
  creditableMinor,
  loweredRaises,
  type PaidPart,
  type Received,
  settleAtOnce,
} from '../domain/amount-change.ts';
import type { OpenCharge } from '../domain/open-charge.ts';
import { requestCharge } from './enrollment-commands.ts';
import type { AmountRequested } from './messages.ts';
import { metBalance } from './new-charges.ts';
import { PATCHES } from './patches.ts';
import { refuse, refuseWhileDisputed } from './refusals.ts';
import type { EnrollmentRun, PaidPeriod } from './run.ts';
import { interactive } from './stripe-activities.ts';

/** The period that was paid for ends all the same when the charge after it would have been due. */
export function endPeriodWithSkipped({ state }: EnrollmentRun): void {
  const { paid, next } = state.schedule;
  if (paid !== null && next !== null) {
    paid.endsAt ??= next.dueAt;
  }
}

/** Whether it succeeded and stays with us: what succeeds after its cancel may be given back, by the terms. */
export function isKept({ state, terms }: EnrollmentRun, charge: OpenCharge): boolean {
  const isTooLate = (state.cancel !== null || charge.cancelAsked !== null) && !charge.capturedByOrder;
  return charge.status === 'succeeded' && !(isTooLate && terms.lateSuccess === 'refund');
}

/**
 * A charge of the period, or of a raise within it, has been settled.
 * @param replacedBy the charge that holds the money again in its place; null when none does
 */
export function periodSettled(run: EnrollmentRun, charge: OpenCharge, replacedBy: string | null): void {
  const { paid } = run.state.schedule;
  if (paid === null) {
    return;
  }
  const isPaid = isKept(run, charge);
  if (paysFor(paid, charge) && replacedBy !== null) {
    paid.chargeId = replacedBy;
  } else if (paysFor(paid, charge) && !isPaid) {
    paid.unpaid = true;
  }
  const raise = paid.raises?.find(({ chargeId }) => chargeId === charge.id);
  if (raise === undefined) {
    return;
  }
  if (replacedBy !== null) {
    raise.chargeId = replacedBy;
  } else if (!isPaid) {
    // One that is paid is kept, since what paid for it may go back.
    raise.unpaid = true;
  }
}

function paysFor(paid: PaidPeriod, { id, occurrence }: OpenCharge): boolean {
  return paid.chargeId === undefined ? occurrence === paid.occurrence : id === paid.chargeId;
}

/** Whether a change of amount credits some of the running period, so that it must be known what of it is with us. */
export function isCreditAtOnce(run: EnrollmentRun, { amountMinor, effective }: AmountRequested): boolean {
  const { paid } = run.state.schedule;
  const isLower = effective === 'at_once' && paid !== null && amountMinor < paid.amountMinor;
  return isLower && patched(PATCHES.creditWithinReceived);
}

/** While a dispute is open, more is not asked for within the running period: it would be charged when the dispute is won. */
export function refuseRaiseWhileDisputed(run: EnrollmentRun, requested: AmountRequested): void {
  const { paid } = run.state.schedule;
  const unpaidMinor =
    paid?.raises?.reduce((sum, { byMinor, unpaid }) => sum + (unpaid ? byMinor : 0), 0) ?? 0;
  const isRaise = paid !== null && requested.amountMinor > paid.amountMinor - unpaidMinor;
  if (requested.effective === 'at_once' && isRaise) {
    refuseWhileDisputed(run, '; expected an amount from_next, or one that is not higher');
  }
}

/** What of the money for the running period is with us: some may have gone back, or only a part was captured. */
export async function receivedForPeriod({ state, input }: EnrollmentRun): Promise<PeriodReceived | null> {
  const { paid } = state.schedule;
  return paid === null
    ? null
    : interactive('Read what is with us of what was paid for the period').readPaidPeriod({
        enrollmentId: input.enrollmentId,
        occurrence: paid.occurrence,
        chargeId: paid.chargeId ?? null,
        raises: (paid.raises ?? []).map(({ chargeId }) => chargeId),
      });
}

/**
 * The rest of the running period at the new amount, against what was paid for it.
 * @param received what is with us of that; null when nothing is to be credited
 * @returns the charge for it; null when none is made, since what it comes to is for the balance
 */
export function settleRest(
  run: EnrollmentRun,
  amountMinor: number,
  received: PeriodReceived | null,
): string | null {
  const { state, terms, input } = run;
  const { schedule } = state;
  const { paid } = schedule;
  const known = paid === null ? null : { ...paid, amountMinor: paidAmount(paid) };
  const period = {
    paid: known === null ? null : { ...known, amountMinor: creditedFrom(run, known, amountMinor, received) },
    endsAt: endOfPeriod(run),
  };
  const at = new Date().toISOString();
  const settled = settleAtOnce(amountMinor, terms.currency, period, at, state.balanceMinor);
  const metMinor = state.balanceMinor - settled.balanceMinor;
  state.balanceMinor = settled.balanceMinor;
  const chargeId =
    settled.chargeMinor === 0
      ? null
      : requestCharge(run, {
          requestKey: null,
          amountMinor: settled.chargeMinor,
          description: input.description,
          ...metBalance(metMinor),
        });
  if (paid !== null && known !== null) {
    const paidRaises = paid.raises?.filter(({ unpaid }) => !unpaid) ?? [];
    const raises = loweredRaises(paidRaises, Math.max(0, known.amountMinor - amountMinor));
    const byMinor = amountMinor - known.amountMinor;
    const raise = chargeId === null ? [] : [{ chargeId, byMinor, ...metBalance(metMinor) }];
    schedule.paid = { ...paid, amountMinor, raises: [...raises, ...raise] };
  }
  return chargeId;
}

/** What the new amount is set against: what was agreed last, and for a credit what of that is with us. */
function creditedFrom(
  { terms }: EnrollmentRun,
  known: PaidPeriod,
  toMinor: number,
  received: PeriodReceived | null,
): number {
  if (received === null || toMinor >= known.amountMinor) {
    return known.amountMinor;
  }
  return Math.max(toMinor, creditableMinor(partsOf(known, received), terms.currency));
}

/** By what pays for it: raises each by its own charge, and the charge of the period the rest. */
function partsOf(paid: PaidPeriod, received: PeriodReceived): PaidPart[] {
  const { amountMinor, raises = [] } = paid;
  const ofRaises = raises
    .filter(({ unpaid }) => !unpaid)
    .map((raise) => partOf(raise.byMinor, received.raises[raise.chargeId] ?? null, raise));
  const raisedMinor = ofRaises.reduce((sum, { minor }) => sum + minor, 0);
  return [partOf(amountMinor - raisedMinor, received.period, paid), ...ofRaises];
}

function partOf(
  minor: number,
  received: Received | null,
  { metBalanceMinor = 0 }: { metBalanceMinor?: number },
): PaidPart {
  const isLess = received !== null && received.keptMinor < received.amountMinor;
  return metBalanceMinor < 0 && isLess && patched(PATCHES.creditOutlivesRefund)
    ? { minor, received, creditMinor: -metBalanceMinor }
    : { minor, received };
}

/** What was agreed last, without the raises that nobody paid for. */
function paidAmount({ amountMinor, raises = [] }: PaidPeriod): number {
  const unpaidMinor = raises.reduce((sum, { byMinor, unpaid }) => sum + (unpaid ? byMinor : 0), 0);
  return unpaidMinor !== 0 && patched(PATCHES.noCreditBeforePayment)
    ? amountMinor - unpaidMinor
    : amountMinor;
}

/** Until when what was paid last lasts; null when that is over, when it was never paid, and when nothing comes after it. */
function endOfPeriod({ state }: EnrollmentRun): string | null {
  const { paid, next } = state.schedule;
  if (paid === null || next === null || (paid.unpaid && patched(PATCHES.noCreditBeforePayment))) {
    return null;
  }
  const isNextPeriod = next.occurrence === paid.occurrence + 1;
  if (isNextPeriod || !patched(PATCHES.leftOutEndsPeriod)) {
    return next.dueAt;
  }
  if (paid.endsAt === undefined) {
    // It fell into a pause that is over, and the period that was paid for with it.
    return null;
  }
  // The next charge may have been moved to before it.
  return Date.parse(paid.endsAt) < Date.parse(next.dueAt) ? paid.endsAt : next.dueAt;
}

/**
 * A lower amount at once is a credit, and there is none for what was not received yet.
 * @returns the charge that is to pay for the running period, or for a raise within it, and has not
 */
export function unpaidCharge(
  run: EnrollmentRun,
  { amountMinor, effective }: AmountRequested,
): string | undefined {
  const { schedule, charges, requestedCharges } = run.state;
  const { paid } = schedule;
  if (effective !== 'at_once' || paid === null || amountMinor >= paid.amountMinor) {
    return undefined;
  }
  const besides = [paid.chargeId, ...(paid.raises ?? []).map(({ chargeId }) => chargeId)];
  const open = charges.find(
    (charge) => !isKept(run, charge) && (paysFor(paid, charge) || besides.includes(charge.id)),
  );
  return open?.id ?? requestedCharges.find(({ chargeId }) => besides.includes(chargeId))?.chargeId;
}

export function refuseCredit(chargeId: string): never {
  return refuse(
    'period_not_paid',
    `${chargeId} has not paid for the running period yet, so nothing of it can be credited; expected an amount from_next, or one that is not lower`,
  );
}
