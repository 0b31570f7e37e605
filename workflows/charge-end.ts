/**
 * What a settled charge still asks for: a refund when it succeeded too late, the policy when it was given up, another
 * authorisation when its hold ran out. Called by `workflows/charge.ts`.
 */
import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import { condition, ParentClosePolicy, patched, startChild } from '@temporalio/workflow';
import type { RefundResult } from '../activities/aftermath.ts';
import { forbidsCharging } from '../domain/disputes.ts';
import { chargeAftermathWorkflowId, chargeId } from '../domain/ids.ts';
import type { OpenCharge } from '../domain/open-charge.ts';
import { REFUND_TABLE, type RefundMade } from '../domain/refunds.ts';
import type { DunningPolicy } from '../domain/terms.ts';
import type { chargeAftermathWorkflow } from './aftermath.ts';
import { takeBalanceBack, tellOfBalance } from './balance.ts';
import { problemOf } from './charge-work.ts';
import { metBalance } from './new-charges.ts';
import { isKept, periodSettled } from './paid-period.ts';
import { PATCHES } from './patches.ts';
import { publish } from './presentation.ts';
import type { EnrollmentRun } from './run.ts';
import { note, prolongPause, startPause } from './schedule.ts';
import { scheduled } from './stripe-activities.ts';

/** A dispute's end may be missed, and so may a key that is mended; each look tells how it stands. */
const REFUSED_AGAIN_MS = 24 * 3_600_000;

/** Returns when nothing more follows, or when another run is to take over. */
export async function afterwards(run: EnrollmentRun, charge: OpenCharge): Promise<void> {
  const { state, terms } = run;
  if (charge.status === 'succeeded' && !isKept(run, charge)) {
    if (!(await refundLateSuccess(run, charge))) {
      return;
    }
  }
  const isHeldAgain = charge.status === 'canceled' && holdRanOut(run, charge);
  const balance = isHeldAgain ? null : takeBalanceBack(run, charge);
  if (charge.status === 'uncollectible') {
    await followPolicy(run, charge.givenUp?.enrollment ?? terms.dunning.afterLastTry, {
      by: charge.givenUp?.by ?? 'workflow',
      reason: `dunning of charge ${charge.number} is over`,
    });
  }
  const replacedBy = isHeldAgain ? authorizeAgain(run, charge) : null;
  charge.asked = null;
  periodSettled(run, charge, replacedBy);
  if (balance !== null) {
    await tellOfBalance(run, balance);
  }
  state.charges = state.charges.filter((open) => open !== charge);
  publish(run);
}

/**
 * What the terms say becomes of the enrollment.
 * @param collected when a pause leaves what fell due before it and was held back to be collected
 */
export async function followPolicy(
  run: EnrollmentRun,
  policy: DunningPolicy['afterLastTry'],
  by: { by: string; reason: string },
  collected: 'meanwhile' | 'afterwards' = 'meanwhile',
): Promise<void> {
  const { state } = run;
  if (policy === 'cancel') {
    state.cancel ??= by;
  } else if (policy === 'pause' && state.cancel === null) {
    if (state.paused === null) {
      await startPause(run, by, null, { collected });
    } else if (collected === 'afterwards' && patched(PATCHES.lostDisputeInPause)) {
      await prolongPause(run, state.paused, by);
    }
  }
}

/** Stripe let the held money go because nobody captured it in time, and the terms ask to hold it again. */
function holdRanOut({ state, terms }: EnrollmentRun, charge: OpenCharge): boolean {
  return (
    charge.hold !== null &&
    charge.cancelAsked === null &&
    state.cancel === null &&
    charge.reauthorizations < (terms.reauthorizeHolds ?? 0)
  );
}

/** @returns the id of the charge that holds it */
function authorizeAgain(run: EnrollmentRun, charge: OpenCharge): string {
  const { state, input } = run;
  state.chargesOpened += 1;
  const id = chargeId(input.enrollmentId, state.chargesOpened);
  state.requestedCharges.push({
    requestKey: null,
    chargeId: id,
    number: state.chargesOpened,
    amountMinor: charge.amountMinor,
    description: charge.description,
    at: new Date().toISOString(),
    reauthorizations: charge.reauthorizations + 1,
    ...metBalance(charge.metBalanceMinor),
  });
  return id;
}

/** @returns false when another run is to take over before it is done */
async function refundLateSuccess(run: EnrollmentRun, charge: OpenCharge): Promise<boolean> {
  // A refund that is made is told again when what follows on it has to be done again.
  let isCounted = false;
  for (;;) {
    try {
      const refund: RefundResult = await scheduled(
        `Charge ${charge.number}: refund, it succeeded after the cancel`,
      ).refundCharge({
        chargeId: charge.id,
        amountMinor: null,
        requestKey: 'late-success',
        by: { by: 'workflow', reason: 'succeeded after the cancel' },
        at: new Date().toISOString(),
      });
      if (refund.kind === 'made' && !isCounted) {
        isCounted = true;
        run.state.amountCollectedMinor -= refund.amountMinor;
      }
      if (refund.refunds.some(({ status }) => status !== 'succeeded' && !REFUND_TABLE[status]?.final)) {
        await follow(run, charge, refund.refunds);
      }
      if (!isStillOwed(refund) || !patched(PATCHES.refusedRefundWaits)) {
        break;
      }
      await untilItMayGoBack(run, charge, `${refund.code}: ${refund.message}`);
    } catch (error) {
      const problem = problemOf(error);
      if (patched(PATCHES.refusedRefundShows)) {
        await untilItMayGoBack(run, charge, problem);
      } else {
        charge.problem = problem;
        charge.resumed = false;
        publish(run);
        await condition(() => charge.resumed || run.leaving);
      }
    }
    if (run.leaving) {
      return false;
    }
  }
  if (charge.problem !== null && patched(PATCHES.refusedRefundShows)) {
    await show(run, charge, null);
  }
  return true;
}

/** What an operator sees of it in rows, lists and figures; the Workflow shows its part in Temporal. */
async function show(run: EnrollmentRun, charge: OpenCharge, problem: string | null): Promise<void> {
  charge.problem = problem;
  const what = problem === null ? 'its refund is refused no more' : 'its refund is refused';
  await scheduled(`Charge ${charge.number}: ${what}`).showRefusedRefund({
    enrollmentId: run.input.enrollmentId,
    chargeId: charge.id,
    problem,
    at: new Date().toISOString(),
  });
}

/** Not what went back already, by a refund or through a dispute. */
function isStillOwed(refund: RefundResult): refund is Extract<RefundResult, { kind: 'refused' }> {
  if (refund.kind === 'made' || refund.code === 'nothing_to_refund') {
    return false;
  }
  const statuses = refund.disputes.map(({ status }) => status);
  return !statuses.includes('lost') || forbidsCharging(statuses);
}

/** Until a dispute of the charge has moved, somebody resumes it, or a day has passed. */
async function untilItMayGoBack(run: EnrollmentRun, charge: OpenCharge, problem: string): Promise<void> {
  const standing = () => JSON.stringify(run.state.disputes[charge.id] ?? []);
  let before = standing();
  if (patched(PATCHES.refusedRefundShows)) {
    // Who sees it may resume it, and a dispute may move, before its rows are answered for.
    charge.resumed = false;
    // Also what is known already: an older version may have told only the timeline.
    await show(run, charge, problem);
  } else {
    if (charge.problem !== problem) {
      charge.problem = problem;
      const by = { by: 'workflow', reason: problem };
      await note(run, { what: 'charge.refund_refused', by, chargeId: charge.id });
    }
    charge.resumed = false;
    before = standing();
  }
  publish(run);
  const moved = () => charge.resumed || run.leaving || standing() !== before;
  await condition(moved, REFUSED_AGAIN_MS, { summary: `Charge ${charge.number}: its refund is refused` });
}

/** A refund on its way is followed to its end by the charge's own Workflow, since the enrollment ends before. */
async function follow(run: EnrollmentRun, charge: OpenCharge, refunds: RefundMade[]): Promise<void> {
  await startChild<typeof chargeAftermathWorkflow>('chargeAftermathWorkflow', {
    workflowId: chargeAftermathWorkflowId(charge.id),
    args: [
      {
        v: 1,
        enrollmentId: run.input.enrollmentId,
        chargeId: charge.id,
        capturedMinor: charge.amountMinor,
        currency: run.terms.currency,
        refunds,
        disputed: false,
      },
    ],
    parentClosePolicy: ParentClosePolicy.ABANDON,
    workflowIdReusePolicy: 'ALLOW_DUPLICATE',
    staticSummary: `Refund of charge ${charge.number}`,
  }).catch((error: unknown) => {
    // Stripe may have told of the refund first: then it runs already.
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) {
      throw error;
    }
  });
}
