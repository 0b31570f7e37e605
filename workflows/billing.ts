/**
 * The years between the first payment method and the end: opens each charge when it is due or asked for, lets charges
 * settle side by side, and finds out when everything agreed is done. Called by `workflows/enrollment.ts`.
 */
import { condition, workflowInfo } from '@temporalio/workflow';
import { openedCharge } from '../domain/charge-life.ts';
import { chargeId } from '../domain/ids.ts';
import type { EnrollmentEnd } from '../domain/statuses.ts';
import type { PlannedCharge } from '../domain/terms.ts';
import { settleCharge } from './charge.ts';
import { instant, money, publish } from './presentation.ts';
import type { EnrollmentRun, RequestedCharge } from './run.ts';

type Move =
  | { kind: 'open_planned'; charge: PlannedCharge }
  | { kind: 'open_requested'; charge: RequestedCharge }
  | { kind: 'end'; status: EnrollmentEnd; reason: string | null; who: string }
  | { kind: 'leave' }
  | { kind: 'wait'; until: string | null };

/** Returns when the end is decided (`run.end`), or when another run is to take over (`run.leaving`). */
export async function bill(run: EnrollmentRun): Promise<void> {
  const settling = run.state.charges.map((charge) => settleCharge(run, charge));
  for (;;) {
    publish(run);
    const move = nextMove(run);
    if (move.kind === 'end') {
      run.end = { status: move.status, reason: move.reason, who: move.who };
      break;
    }
    if (move.kind === 'leave') {
      run.leaving = true;
      break;
    }
    if (move.kind === 'wait') {
      await waitFor(run, move.until);
    } else {
      settling.push(settleCharge(run, open(run, move)));
    }
  }
  await Promise.all(settling);
}

function nextMove(run: EnrollmentRun): Move {
  const { state, terms } = run;
  if (state.cancel !== null) {
    return state.charges.length === 0
      ? { kind: 'end', status: 'canceled', reason: state.cancel.reason, who: state.cancel.by }
      : { kind: 'wait', until: null };
  }
  if (shouldLeave()) {
    return { kind: 'leave' };
  }
  if (state.pausedBy !== null) {
    return { kind: 'wait', until: null };
  }
  const [requested] = state.requestedCharges;
  if (requested !== undefined) {
    return { kind: 'open_requested', charge: requested };
  }
  const { next, planning } = state.schedule;
  if (next !== null) {
    return Date.parse(next.dueAt) <= Date.now()
      ? { kind: 'open_planned', charge: next }
      : { kind: 'wait', until: next.dueAt };
  }
  const over = !planning && terms.schedule.type !== 'on_demand' && state.charges.length === 0;
  return over
    ? { kind: 'end', status: 'completed', reason: 'everything agreed has been collected', who: 'workflow' }
    : { kind: 'wait', until: null };
}

/** History is long, or a new version of the Worker waits to take over. */
function shouldLeave(): boolean {
  const info = workflowInfo();
  return info.continueAsNewSuggested || info.targetWorkerDeploymentVersionChanged === true;
}

async function waitFor(run: EnrollmentRun, until: string | null): Promise<void> {
  const moved = () => {
    const now = nextMove(run);
    return now.kind !== 'wait' || now.until !== until;
  };
  if (until === null) {
    await condition(moved);
    return;
  }
  const { next } = run.state.schedule;
  const summary = `Next charge: ${money(next?.amountMinor ?? 0, run.terms.currency)} on ${instant(until)}`;
  await condition(moved, Date.parse(until) - Date.now(), { summary });
}

function open(run: EnrollmentRun, move: Extract<Move, { kind: 'open_planned' | 'open_requested' }>) {
  const { state } = run;
  const charge = move.kind === 'open_planned' ? planned(run, move.charge) : requested(move.charge);
  if (move.kind === 'open_planned') {
    // What comes next is answered with the first attempt.
    state.schedule = { ...state.schedule, next: null, planning: true };
  } else {
    state.requestedCharges = state.requestedCharges.filter((asked) => asked !== move.charge);
  }
  state.charges.push(charge);
  return charge;
}

function planned(run: EnrollmentRun, { occurrence, amountMinor, dueAt }: PlannedCharge) {
  run.state.chargesOpened += 1;
  const number = run.state.chargesOpened;
  const id = chargeId(run.input.enrollmentId, number);
  return openedCharge({ id, number, occurrence, origin: 'schedule', description: null, amountMinor, dueAt });
}

function requested({ chargeId: id, number, amountMinor, description, at }: RequestedCharge) {
  return openedCharge({ id, number, occurrence: null, origin: 'api', description, amountMinor, dueAt: at });
}
