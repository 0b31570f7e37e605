/**
 * Dunning that goes on once no dispute is open any more. Called by the handler that hears of it, before any charge is
 * asked what comes next.
 */
import { patched } from '@temporalio/workflow';
import { patienceDays, withTimeLeft } from '../domain/dunning.ts';
import { type OpenCharge, policyOf } from '../domain/open-charge.ts';
import { PAST_DUE_CHARGE } from '../domain/statuses.ts';
import { PATCHES } from './patches.ts';
import { publish } from './presentation.ts';
import { type EnrollmentRun, timeZoneOf } from './run.ts';
import { scheduled } from './stripe-activities.ts';

/** A charge whose dunning goes on. */
export interface GoesOn {
  charge: OpenCharge;
  /** When its retry was planned that was held back; null: none was. */
  heldSince: string | null;
}

/** A retry that was held back comes then at the latest, whoever is away that would plan it. */
const PLANNED_WITHIN_MS = 86_400_000;

/**
 * At once: what has run out of time, or would be tried this minute, has time again.
 * @returns those that something was held back of: a retry, or the end of the customer's time
 */
export function haveTimeAgain(run: EnrollmentRun): GoesOn[] {
  return run.state.charges.flatMap((charge) => {
    const { nextAttemptAt, giveUpAt, firstDeclinedAt, extraRetryDays } = charge;
    const isInDunning = PAST_DUE_CHARGE.includes(charge.status) && charge.givenUp === null;
    const patience = patienceDays(policyOf(charge, run.terms.dunning), extraRetryDays);
    const times = withTimeLeft(charge, patience, Date.now());
    const isDue = nextAttemptAt !== null && Date.parse(nextAttemptAt) <= Date.now();
    const isLate = isDue || times.giveUpAt !== giveUpAt || times.firstDeclinedAt !== firstDeclinedAt;
    if (!isInDunning || !isLate || !patched(PATCHES.timeOutlivesDispute)) {
      return [];
    }
    Object.assign(charge, times);
    const isHeld = isDue && !isBeingTried(run, charge);
    if (isHeld) {
      charge.nextAttemptAt = new Date(Date.now() + PLANNED_WITHIN_MS).toISOString();
    } else if (times.giveUpAt === giveUpAt && patched(PATCHES.goesOnWhereHeld)) {
      return [];
    }
    return [{ charge, heldSince: isHeld ? nextAttemptAt : null }];
  });
}

/** What is due and under way began before the dispute, and is not to come once more. */
function isBeingTried({ worked }: EnrollmentRun, { id }: OpenCharge): boolean {
  return worked.has(id) && patched(PATCHES.goesOnWhereHeld);
}

/** Plans what was held back, by day, and tells of it. */
export async function goOn(run: EnrollmentRun, { charge, heldSince }: GoesOn): Promise<void> {
  if (run.state.cancel !== null) {
    return;
  }
  const { nextAttemptAt, giveUpAt } = charge;
  const planned = await scheduled(`Charge ${charge.number}: dunning goes on`).resumeDunning({
    enrollmentId: run.input.enrollmentId,
    chargeId: charge.id,
    heldSince,
    giveUpAt,
    ...(isTheCustomers(run, charge) && patched(PATCHES.goesOnWhereHeld) ? { asks: true } : {}),
    timeZone: timeZoneOf(run.terms),
    at: new Date().toISOString(),
  });
  if (heldSince !== null && charge.nextAttemptAt === nextAttemptAt) {
    charge.nextAttemptAt = planned.nextAttemptAt;
  }
  publish(run);
}

/** Nothing is tried, or about to be, before its customer acts. */
function isTheCustomers({ state, worked }: EnrollmentRun, charge: OpenCharge): boolean {
  const { nextAttemptAt, repeat = null, asked, methodsTried } = charge;
  const isPlanned = nextAttemptAt !== null || repeat !== null || asked !== null || worked.has(charge.id);
  return !isPlanned && (state.paymentMethod === null || methodsTried.includes(state.paymentMethod.id));
}
