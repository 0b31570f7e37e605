/**
 * New charges, before their first attempt: of the schedule, asked for, and those that never come to be. Called by
 * `workflows/billing.ts` and at the end of an enrollment. Only state changes here: nothing is written or asked.
 */
import { settle } from '../domain/amount-change.ts';
import { chargeId } from '../domain/ids.ts';
import { type OpenCharge, openedCharge } from '../domain/open-charge.ts';
import type { PlannedCharge } from '../domain/terms.ts';
import { owedInPeriod } from './owed.ts';
import { type EnrollmentRun, type RequestedCharge, setSchedule } from './run.ts';

/** What a planned charge asks for once the balance has met it. */
export function dueNow(run: EnrollmentRun, { amountMinor }: PlannedCharge) {
  const { balanceMinor } = run.state;
  return balanceMinor === 0
    ? { chargeMinor: amountMinor, balanceMinor: 0 }
    : settle(amountMinor, run.terms.currency, balanceMinor);
}

/** A planned charge as it is told: with what it will ask for. */
export function asCharged(run: EnrollmentRun, planned: PlannedCharge | null): PlannedCharge | null {
  return planned && { ...planned, amountMinor: dueNow(run, planned).chargeMinor };
}

/** Opens the charge of the schedule that has fallen due. */
export function openPlanned(run: EnrollmentRun, planned: PlannedCharge): OpenCharge {
  const { state } = run;
  const { chargeMinor, balanceMinor } = dueNow(run, planned);
  const metMinor = state.balanceMinor - balanceMinor;
  state.balanceMinor = balanceMinor;
  state.chargesOpened += 1;
  const { occurrence } = planned;
  // What comes next is answered with the first attempt.
  const met = metBalance(metMinor);
  const paid = { ...planned, ...met };
  setSchedule(run, { occurrence, next: null, following: null, planning: true, paid });
  const open = { ...scheduledCharge(run, planned, state.chargesOpened, chargeMinor), ...met };
  state.charges.push(open);
  return open;
}

/** What of the balance is in a charge; most meet none, and are carried without it. */
export function metBalance(minor = 0): { metBalanceMinor?: number } {
  return minor === 0 ? {} : { metBalanceMinor: minor };
}

/**
 * The charge of the schedule that fell due and was never opened, at the end of the enrollment: its row says so. None
 * belongs to a time after the end of the last period, or to a pause.
 */
export function heldBack(run: EnrollmentRun): OpenCharge[] {
  const owed = owedInPeriod(run);
  return owed === null ? [] : [scheduledCharge(run, owed, run.state.chargesOpened + 1, owed.amountMinor)];
}

function scheduledCharge(
  run: EnrollmentRun,
  { occurrence, dueAt }: PlannedCharge,
  number: number,
  amountMinor: number,
): OpenCharge {
  return openedCharge({
    id: chargeId(run.input.enrollmentId, number),
    number,
    occurrence,
    origin: 'schedule',
    description: null,
    amountMinor,
    dueAt,
    reauthorizations: 0,
  });
}

/** Opens a charge that was asked for besides the schedule. */
export function openRequested(run: EnrollmentRun, asked: RequestedCharge): OpenCharge {
  const { state } = run;
  state.requestedCharges = state.requestedCharges.filter((waiting) => waiting !== asked);
  const { metBalanceMinor, cancelAsked = null } = asked;
  const open = { ...requestedCharge(asked), ...metBalance(metBalanceMinor), cancelAsked };
  state.charges.push(open);
  return open;
}

/** Whether its first attempt has not been answered, so that it may have no row. */
export function isUntried({ status, attempts }: OpenCharge): boolean {
  return status === 'scheduled' && attempts === 0;
}

/** A charge that was asked for, before its first attempt. */
export function requestedCharge(asked: RequestedCharge): OpenCharge {
  const { chargeId: id, requestKey, number, amountMinor, description, at, reauthorizations } = asked;
  return openedCharge({
    id,
    number,
    occurrence: null,
    origin: 'api',
    requestKey,
    description,
    amountMinor,
    dueAt: at,
    reauthorizations,
  });
}
