/**
 * The life of one charge, from due to settled: asks `domain/charge-life.ts` for the next step, takes it, and asks
 * again. Called by `workflows/billing.ts`; several run side by side. Never starts an attempt after a cancel.
 */
import { ActivityFailure, ApplicationFailure, condition } from '@temporalio/workflow';
import type { ChargeReport, ChargeWork } from '../activities/charges.ts';
import { nextStep, type OpenCharge, readAfterMs, type Situation, type Step } from '../domain/charge-life.ts';
import { attemptSummary, instant, money, publish } from './presentation.ts';
import { type EnrollmentRun, type SavedMethod, timeZoneOf } from './run.ts';
import { scheduled } from './stripe-activities.ts';

/** Returns when the charge is settled, or when another run is to take over. */
export async function settleCharge(run: EnrollmentRun, charge: OpenCharge): Promise<void> {
  for (;;) {
    const step = nextStep(charge, situation(run));
    switch (step.do) {
      case 'nothing':
        await afterwards(run, charge);
        return;
      case 'wait':
        if (run.leaving) {
          return;
        }
        await waitFor(run, charge, step);
        break;
      case 'attempt':
        await attempt(run, charge, step);
        break;
      case 'read':
        await read(run, charge);
        break;
      case 'cancel':
        await cancel(run, charge, step.as);
        break;
      default:
        step satisfies never;
    }
    publish(run);
  }
}

function situation(run: EnrollmentRun): Situation {
  return {
    canceling: run.state.cancel !== null,
    paymentMethodId: run.state.paymentMethod?.id ?? null,
    nowMs: Date.now(),
  };
}

async function waitFor(
  run: EnrollmentRun,
  charge: OpenCharge,
  step: Extract<Step, { do: 'wait' }>,
): Promise<void> {
  const moved = () => run.leaving || !sameWait(nextStep(charge, situation(run)), step);
  if (step.until === null) {
    await condition(moved);
    return;
  }
  const summary = `Charge ${charge.number}: waits for ${step.for === 'retry' ? 'the next try' : `the ${step.for}`} until ${instant(step.until)}`;
  await condition(moved, Date.parse(step.until) - Date.now(), { summary });
}

function sameWait(now: Step, before: Extract<Step, { do: 'wait' }>): boolean {
  return now.do === 'wait' && now.until === before.until;
}

async function attempt(
  run: EnrollmentRun,
  charge: OpenCharge,
  step: Extract<Step, { do: 'attempt' }>,
): Promise<void> {
  const method = run.state.paymentMethod;
  if (method === null) {
    return;
  }
  const summary = attemptSummary(run, charge, step);
  charge.resumed = false;
  charge.problem = null;
  if (step.why === 'retry') {
    // Counted before: a decline of this try is decided with this try used.
    charge.automaticRetries += 1;
  }
  const report = await reported(run, charge, () =>
    scheduled(summary).collectCharge({ ...work(run, charge, method), why: step.why }),
  );
  charge.attempts += 1;
  charge.triedPaymentMethodId = method.id;
  charge.triedPaymentMethodType = method.type;
  take(run, charge, report);
}

async function read(run: EnrollmentRun, charge: OpenCharge): Promise<void> {
  const method = run.state.paymentMethod;
  charge.changed = false;
  charge.reads += 1;
  if (method === null) {
    return;
  }
  const report = await reported(run, charge, () =>
    scheduled(`Charge ${charge.number}: read the PaymentIntent`).readCharge(work(run, charge, method)),
  );
  take(run, charge, report);
}

async function cancel(
  run: EnrollmentRun,
  charge: OpenCharge,
  as: 'canceled' | 'uncollectible',
): Promise<void> {
  const method = run.state.paymentMethod;
  charge.cancelTries += 1;
  charge.resumed = false;
  if (method === null) {
    charge.status = as;
    return;
  }
  const why = as === 'canceled' ? run.state.cancel?.reason : 'dunning is over';
  const report = await reported(run, charge, () =>
    scheduled(
      `Charge ${charge.number}: cancel ${money(charge.amountMinor, run.terms.currency)}`,
    ).cancelCharge({
      ...work(run, charge, method),
      as,
      reason: why ?? null,
      who: as === 'canceled' ? (run.state.cancel?.by ?? 'workflow') : 'workflow',
    }),
  );
  take(run, charge, report);
}

/** A defect parks this charge and nothing else: a person mends it, `resumeCharge` goes on. */
async function reported(
  run: EnrollmentRun,
  charge: OpenCharge,
  activity: () => Promise<ChargeReport>,
): Promise<ChargeReport> {
  try {
    return await activity();
  } catch (error) {
    const problem = problemOf(error);
    charge.problem = problem;
    return scheduled(`Charge ${charge.number}: needs attention`).parkCharge({
      ...work(run, charge, run.state.paymentMethod ?? noMethod),
      problem,
    });
  }
}

function work(run: EnrollmentRun, charge: OpenCharge, method: SavedMethod): ChargeWork {
  const { enrollmentId, description, locale } = run.input;
  const { anchorAt, planning } = run.state.schedule;
  return {
    charge,
    context: {
      enrollmentId,
      currency: run.terms.currency,
      description,
      locale,
      timeZone: timeZoneOf(run.terms),
    },
    terms: run.terms,
    stripeCustomerId: method.stripeCustomerId,
    paymentMethodId: method.id,
    paymentMethodType: method.type,
    at: new Date().toISOString(),
    planAfter:
      planning && charge.occurrence !== null && anchorAt !== null
        ? { anchorAt, occurrence: charge.occurrence }
        : null,
  };
}

/** Takes over what an Activity found. */
function take(run: EnrollmentRun, charge: OpenCharge, report: ChargeReport): void {
  const { schedule } = run.state;
  if (report.next !== undefined) {
    schedule.next = report.next;
    schedule.planning = false;
  }
  charge.paymentIntentId = report.paymentIntentId ?? charge.paymentIntentId;
  if (report.status === 'not_made') {
    // Nothing happened at Stripe: the same charge again, under a new key, after a breath.
    charge.nextAttemptAt = new Date(Date.now() + 60_000).toISOString();
    return;
  }
  charge.status = report.status;
  charge.nextAttemptAt = null;
  charge.giveUpAt = null;
  charge.readAt = awaitsOutcome(charge)
    ? new Date(Date.now() + readAfterMs(charge.reads)).toISOString()
    : null;
  const { dunning } = report;
  if (dunning !== null) {
    charge.firstDeclinedAt ??= new Date().toISOString();
    charge.lastDecision = dunning.kind;
    charge.nextAttemptAt = dunning.nextAttemptAt;
    charge.giveUpAt = dunning.giveUpAt;
    charge.givenUp = dunning.kind === 'give_up' ? dunning.enrollment : null;
  }
  if (charge.status === 'succeeded') {
    run.state.chargesSucceeded += 1;
    run.state.amountCollectedMinor += report.amountReceivedMinor;
  }
}

function awaitsOutcome(charge: OpenCharge): boolean {
  return ['processing', 'requires_action', 'requires_capture'].includes(charge.status);
}

/** What a settled charge still asks for: a refund when it succeeded too late, the policy when it was given up. */
async function afterwards(run: EnrollmentRun, charge: OpenCharge): Promise<void> {
  const { state, terms } = run;
  if (charge.status === 'succeeded' && state.cancel !== null && terms.lateSuccess === 'refund') {
    if (!(await refundLateSuccess(run, charge))) {
      return;
    }
  }
  if (charge.status === 'uncollectible') {
    const follows = charge.givenUp ?? terms.dunning.afterLastTry;
    const given = { by: 'workflow', reason: `dunning of charge ${charge.number} is over` };
    if (follows === 'cancel') {
      state.cancel ??= given;
    } else if (follows === 'pause') {
      state.pausedBy ??= given;
    }
  }
  state.charges = state.charges.filter((open) => open !== charge);
  publish(run);
}

/** @returns false when another run is to take over before it is done */
async function refundLateSuccess(run: EnrollmentRun, charge: OpenCharge): Promise<boolean> {
  for (;;) {
    try {
      await scheduled(`Charge ${charge.number}: refund, it succeeded after the cancel`).refundCharge({
        charge,
        context: work(run, charge, noMethod).context,
        at: new Date().toISOString(),
        reason: 'succeeded after the enrollment was canceled',
      });
      run.state.amountCollectedMinor -= charge.amountMinor;
      return true;
    } catch (error) {
      charge.problem = problemOf(error);
      charge.resumed = false;
      publish(run);
      await condition(() => charge.resumed || run.leaving);
      if (run.leaving) {
        return false;
      }
    }
  }
}

/** What to tell an operator of a defect; anything else is not ours to handle. */
function problemOf(error: unknown): string {
  if (!(error instanceof ActivityFailure) || !(error.cause instanceof ApplicationFailure)) {
    throw error;
  }
  return `${error.cause.type}: ${error.cause.message}`;
}

const noMethod: SavedMethod = { id: '', type: '', stripeCustomerId: '', label: '' };
