/**
 * The life of one charge, from due to settled: asks `domain/charge-life.ts` for the next step, takes it, and asks
 * again. Called by `workflows/billing.ts`; several run side by side. Never starts an attempt after a cancel.
 */
import { condition, patched } from '@temporalio/workflow';
import type { ChargeReport } from '../activities/charge-work.ts';
import { nextStep, type Situation, type Step } from '../domain/charge-life.ts';
import { afterDeclinedChallenge, afterTry } from '../domain/customer-tries.ts';
import { amountText } from '../domain/money.ts';
import type { OpenCharge } from '../domain/open-charge.ts';
import { SETTLED_CHARGE } from '../domain/statuses.ts';
import { afterwards } from './charge-end.ts';
import { take, takeAttempt } from './charge-report.ts';
import { methodFor, reported, reportOf, work } from './charge-work.ts';
import { asker } from './enrollment-commands.ts';
import { PATCHES } from './patches.ts';
import { attemptSummary, publish, waitSummary } from './presentation.ts';
import { type EnrollmentRun, isDisputed } from './run.ts';
import { interactive, scheduled } from './stripe-activities.ts';

/** Returns when the charge is settled, or when another run is to take over. */
export async function settleCharge(run: EnrollmentRun, charge: OpenCharge): Promise<void> {
  for (;;) {
    const step = nextStep(charge, situation(run, charge));
    switch (step.do) {
      case 'nothing':
        await afterwards(run, charge);
        return;
      case 'wait':
        if (run.leaving) {
          return;
        }
        // It was asked for while something else was found out, and cannot be done any more: that is its answer.
        dropOrder(charge);
        await waitFor(run, charge, step);
        break;
      case 'attempt':
        await attempt(run, charge, step);
        break;
      case 'authenticate':
        await authenticate(run, charge, step);
        break;
      case 'capture':
        await capture(run, charge, step);
        break;
      case 'read':
        await read(run, charge);
        break;
      case 'remind':
        await remind(run, charge);
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

function situation(run: EnrollmentRun, charge: OpenCharge): Situation {
  const { cancel, paymentMethod, otherMethod } = run.state;
  const disputed = isDisputed(run.state);
  const isOutOfTime = charge.giveUpAt !== null && Date.parse(charge.giveUpAt) <= Date.now();
  return {
    canceling: cancel !== null,
    disputed,
    timeRests: disputed && isOutOfTime && patched(PATCHES.timeOutlivesDispute),
    paymentMethodId: paymentMethod?.id ?? null,
    otherMethodId: run.terms.tryOtherMethod === true ? (otherMethod?.id ?? null) : null,
    nowMs: Date.now(),
  };
}

async function waitFor(
  run: EnrollmentRun,
  charge: OpenCharge,
  step: Extract<Step, { do: 'wait' }>,
): Promise<void> {
  const moved = () => run.leaving || !sameWait(nextStep(charge, situation(run, charge)), step);
  if (step.until === null) {
    await condition(moved);
    return;
  }
  const summary = waitSummary(run, charge, { ...step, until: step.until });
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
  const { why } = step;
  const method = methodFor(run, charge, why);
  if (method === null) {
    return;
  }
  const summary = attemptSummary(run, charge, method, why);
  const by = charge.asked;
  charge.resumed = false;
  charge.problem = null;
  charge.repeat = null;
  if (why === 'retry') {
    // Counted before: a decline of this try is decided with this try used.
    charge.automaticRetries += 1;
  }
  const asked = { ...work(run, charge, method), ...(by === null ? {} : { by }), ...held(run, charge), why };
  const activities = by === null ? scheduled(summary) : interactive(summary);
  const report = reportOf(
    await reported(run, charge, () => activities.collectCharge(asked), { do: 'attempt' }, method),
  );
  if (by === null) {
    // Whoever asked for one meanwhile is answered with this.
    dropOrder(charge);
  } else {
    countTry(charge, report, 'answered');
    charge.asked = null;
  }
  takeAttempt(run, charge, method, report, why);
}

/** What is not done uses up none of the tries of whoever asked for it. */
function dropOrder(charge: OpenCharge): void {
  if (charge.asked !== null && charge.asked.do !== 'capture') {
    Object.assign(charge, afterTry(charge, 'not_made'));
  }
  charge.asked = null;
}

/** Since when the first attempt could be made, where that is later than its due date: what was held back is not late. */
function held({ state: { heldUntil } }: EnrollmentRun, charge: OpenCharge): { heldUntil?: string } {
  if (heldUntil === undefined || charge.attempts > 0 || Date.parse(charge.dueAt) >= Date.parse(heldUntil)) {
    return {};
  }
  return patched(PATCHES.heldIsNotLate) ? { heldUntil } : {};
}

/** Somebody asked for it: what never reached Stripe, and what the bank only asks about, uses up none of their tries. */
function countTry(charge: OpenCharge, report: ChargeReport, unanswered: 'challenge' | 'answered'): void {
  const asks = report.status === 'requires_action' && report.dunning === null;
  const never = report.status === 'not_made' || report.status === 'needs_attention';
  Object.assign(charge, afterTry(charge, never ? 'not_made' : asks ? unanswered : 'answered'));
}

/** The customer is there: the same PaymentIntent is confirmed with an address to come back to. */
async function authenticate(
  run: EnrollmentRun,
  charge: OpenCharge,
  { order }: Extract<Step, { do: 'authenticate' }>,
): Promise<void> {
  const method = methodFor(run, charge, 'by_hand');
  if (method === null) {
    dropOrder(charge);
    return;
  }
  const before = charge.status;
  const asked = { ...work(run, charge, method), by: order };
  const summary = attemptSummary(run, charge, method, 'by_hand');
  const report = reportOf(
    await reported(run, charge, () => interactive(summary).authenticateCharge(asked), { do: 'read' }, method),
  );
  countTry(charge, report, 'challenge');
  takeAttempt(run, charge, method, report, 'on_session');
  unparkOpen(charge, before);
  if (report.redirectUrl !== null) {
    run.redirects.set(charge.id, report.redirectUrl);
  }
  charge.asked = null;
}

async function capture(
  run: EnrollmentRun,
  charge: OpenCharge,
  { order }: Extract<Step, { do: 'capture' }>,
): Promise<void> {
  const before = charge.status;
  takeUp(charge);
  charge.captureTries += 1;
  charge.capturedByOrder = true;
  const summary = `Charge ${charge.number}: capture ${amountText(order.amountMinor ?? charge.hold?.capturableMinor ?? charge.amountMinor, run.terms.currency)}`;
  const report = reportOf(
    await reported(
      run,
      charge,
      () =>
        interactive(summary).captureCharge({
          ...work(run, charge, null),
          amountMinor: order.amountMinor,
          by: asker(order),
        }),
      { do: 'capture', order },
    ),
  );
  take(run, charge, report);
  unparkOpen(charge, before);
  charge.asked = null;
}

/** What was refused is done again: once for each time that somebody says so. */
function takeUp(charge: OpenCharge): void {
  if (charge.parkedAt != null) {
    charge.resumed = false;
  }
}

async function read(run: EnrollmentRun, charge: OpenCharge): Promise<void> {
  takeUp(charge);
  charge.changed = false;
  charge.reads += 1;
  const report = reportOf(
    await reported(
      run,
      charge,
      () => scheduled(`Charge ${charge.number}: read the PaymentIntent`).readCharge(work(run, charge, null)),
      { do: 'read' },
    ),
  );
  const { status } = charge;
  if (
    report.status === status &&
    (status === 'requires_payment_method' || status === 'requires_confirmation')
  ) {
    // It stands as it stood: the next try, and the customer's time, stay as they were decided.
    return;
  }
  if (status === 'requires_action' && report.dunning !== null) {
    Object.assign(charge, afterDeclinedChallenge(charge));
  }
  take(run, charge, report);
  unpark(charge, status, PATCHES.lookUnparks);
}

/** How a parked charge stands at Stripe is known again: it waits for what that says, and for no operator. */
function unpark(charge: OpenCharge, before: OpenCharge['status'], patch: string): void {
  if (before === 'needs_attention' && charge.status !== before && patched(patch)) {
    charge.problem = null;
  }
}

/** After a step that may have settled the charge, which waits for nobody then. */
function unparkOpen(charge: OpenCharge, before: OpenCharge['status']): void {
  if (!SETTLED_CHARGE.includes(charge.status)) {
    unpark(charge, before, PATCHES.stepUnparks);
  }
}

async function remind(run: EnrollmentRun, charge: OpenCharge): Promise<void> {
  if (charge.hold !== null) {
    charge.hold.remindAt = null;
  }
  await scheduled(`Charge ${charge.number}: remind that it is not captured`).remindOfHold(
    work(run, charge, null),
  );
}

async function cancel(
  run: EnrollmentRun,
  charge: OpenCharge,
  as: 'canceled' | 'uncollectible',
): Promise<void> {
  const before = charge.status;
  charge.cancelTries += 1;
  charge.resumed = false;
  const over = { by: 'workflow', reason: 'dunning is over' };
  const asker = as === 'canceled' ? (charge.cancelAsked ?? run.state.cancel) : charge.givenUp;
  const by = { by: asker?.by ?? over.by, reason: asker === null ? over.reason : asker.reason };
  const report = reportOf(
    await reported(
      run,
      charge,
      () =>
        scheduled(
          `Charge ${charge.number}: cancel ${amountText(charge.amountMinor, run.terms.currency)}`,
        ).cancelCharge({ ...work(run, charge, null), as, by }),
      { do: 'cancel', as },
    ),
  );
  take(run, charge, report);
  unparkOpen(charge, before);
}
