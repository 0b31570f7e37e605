/**
 * What the Activities of a charge are told, and what becomes of their defects. Called by `workflows/charge.ts` and
 * `workflows/charge-end.ts`.
 */
import { ActivityFailure, ApplicationFailure, patched } from '@temporalio/workflow';
import type { AskedOfCharge, ChargeReport, ToldReport } from '../activities/charge-work.ts';
import { patienceDays, withTimeLeft } from '../domain/dunning.ts';
import {
  type AttemptReason,
  type OpenCharge,
  type ParkedStep,
  policyOf,
  toldCharge,
} from '../domain/open-charge.ts';
import { withoutEmptyLists } from '../domain/schedule-changes.ts';
import { SETTLED_CHARGE } from '../domain/statuses.ts';
import { told, USUAL_PLAN, USUAL_REPORT, USUAL_WORK } from '../domain/told.ts';
import { toldSchedule } from '../domain/told-terms.ts';
import { PATCHES } from './patches.ts';
import { type EnrollmentRun, isDisputed, type SavedMethod, timeZoneOf } from './run.ts';
import { scheduled } from './stripe-activities.ts';

/** The method of an attempt; null when none is saved. A retry is of the method that was declined. */
export function methodFor(
  { state }: EnrollmentRun,
  charge: OpenCharge,
  why: AttemptReason,
): SavedMethod | null {
  const { paymentMethod, otherMethod } = state;
  const wasDeclined = otherMethod !== null && otherMethod.id === charge.triedPaymentMethodId;
  const goesOn = why === 'retry' && wasDeclined && patched(PATCHES.retryOnMethodTried);
  return why === 'other_method' || goesOn ? otherMethod : paymentMethod;
}

/** @param method null: the one that was tried last, or the saved one; what it says of no attempt is not used */
export function work(run: EnrollmentRun, charge: OpenCharge, method: SavedMethod | null): AskedOfCharge {
  const { enrollmentId, description, locale } = run.input;
  const { paymentMethod, otherMethod, schedule } = run.state;
  const known = [paymentMethod, otherMethod].find((saved) => saved?.id === charge.triedPaymentMethodId);
  const { anchorAt, planning, changes } = schedule;
  const used = method ?? known ?? paymentMethod;
  const asked = {
    toldCharge: toldCharge(isDisputed(run.state) ? withTime(run, charge) : charge),
    context: {
      enrollmentId,
      currency: run.terms.currency,
      description,
      locale,
      timeZone: timeZoneOf(run.terms),
    },
    terms: {
      schedule: toldSchedule(run.terms.schedule),
      catchUp: run.terms.catchUp,
      captureMethod: run.terms.captureMethod,
      dunning: policyOf(charge, run.terms.dunning),
    },
    stripeCustomerId: used?.stripeCustomerId ?? '',
    paymentMethodId: used?.id ?? '',
    paymentMethodType: used?.type ?? '',
    expires: used?.expires ?? null,
    otherMethodAllowed:
      run.terms.tryOtherMethod === true &&
      otherMethod !== null &&
      otherMethod.id !== used?.id &&
      !charge.methodsTried.includes(otherMethod.id),
    at: new Date().toISOString(),
    planAfter:
      planning && charge.occurrence !== null && charge.occurrence === schedule.occurrence && anchorAt !== null
        ? told({ anchorAt, occurrence: charge.occurrence, changes: withoutEmptyLists(changes) }, USUAL_PLAN)
        : null,
    by: null,
  };
  return told(asked, USUAL_WORK);
}

/** While a dispute keeps its customer from paying, a decline finds it with as much time as there will be afterwards. */
function withTime(run: EnrollmentRun, charge: OpenCharge): OpenCharge {
  const patience = patienceDays(policyOf(charge, run.terms.dunning), charge.extraRetryDays);
  return { ...charge, firstDeclinedAt: withTimeLeft(charge, patience, Date.now()).firstDeclinedAt };
}

/**
 * A defect parks this charge and nothing else: a person mends it, `resumeCharge` goes on. One that is settled stays so,
 * since nothing more can be found out about it.
 * @param again what is done again then
 * @param tried the method of the attempt that this is; null when it is none
 */
export async function reported(
  run: EnrollmentRun,
  charge: OpenCharge,
  activity: () => Promise<ToldReport>,
  again: ParkedStep,
  tried: SavedMethod | null = null,
): Promise<ToldReport> {
  run.worked.add(charge.id);
  try {
    return await activity();
  } catch (error) {
    const problem = problemOf(error);
    if (SETTLED_CHARGE.includes(charge.status) && patched(PATCHES.settledStays)) {
      return { status: 'not_made', paymentIntentId: null, amountReceivedMinor: 0 };
    }
    charge.problem = problem;
    if (charge.parkedAt !== undefined || patched(PATCHES.parkedStepRepeats)) {
      charge.parkedAt = again;
    }
    return scheduled(`Charge ${charge.number}: needs attention`).parkCharge({
      ...work(run, charge, tried),
      problem,
      attempted: tried !== null,
    });
  } finally {
    run.worked.delete(charge.id);
  }
}

/** The whole of what {@link reported} answers, which takes no turn of its own for it: histories have their order from that. */
export function reportOf(report: ToldReport): ChargeReport {
  return { ...USUAL_REPORT, ...report };
}

/** What to tell an operator of a defect; anything else is not ours to handle. */
export function problemOf(error: unknown): string {
  if (!(error instanceof ActivityFailure) || !(error.cause instanceof ApplicationFailure)) {
    throw error;
  }
  return `${error.cause.type}: ${error.cause.message}`;
}
