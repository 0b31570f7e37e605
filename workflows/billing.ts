/**
 * The years between the first payment method and the end: opens each charge when it is due or asked for, lets charges
 * settle side by side, and finds out when everything agreed is done. Called by `workflows/enrollment.ts`.
 */
import { allHandlersFinished, condition, patched, workflowInfo } from '@temporalio/workflow';
import { amountText } from '../domain/money.ts';
import type { Asker } from '../domain/open-charge.ts';
import type { EnrollmentEnd } from '../domain/statuses.ts';
import type { PlannedCharge } from '../domain/terms.ts';
import { settleCharge } from './charge.ts';
import { asCharged, dueNow, openPlanned, openRequested } from './new-charges.ts';
import { owedAtEnd, owedSince, periodOver } from './owed.ts';
import { PATCHES } from './patches.ts';
import { instant, publish } from './presentation.ts';
import { type EnrollmentRun, isDisputed, type Pause, type RequestedCharge, setSchedule } from './run.ts';
import { catchUp, changing, commandFact, endPause, replan } from './schedule.ts';

type Move =
  | { kind: 'open_planned'; charge: PlannedCharge }
  | { kind: 'open_requested'; charge: RequestedCharge }
  /** The balance pays for the next charge. */
  | { kind: 'pay_from_balance'; charge: PlannedCharge }
  /** Something was away for long: ask what is still owed. */
  | { kind: 'catch_up' }
  | { kind: 'end_pause' }
  | { kind: 'end'; status: EnrollmentEnd; reason: string | null; who: string }
  | { kind: 'leave' }
  | { kind: 'wait'; until: string | null };

/** So late a timer fires only after downtime. */
const OVERDUE_MS = 3_600_000;

/**
 * Events after which a run that has nothing under way hands on to a new one: some ten periods, so once a year for a monthly
 * enrollment. Who wakes from so long a sleep is in no Worker's cache, and is replayed from its first event.
 */
export const EVENTS_OF_A_RUN = 128;

const FOREVER: Move = { kind: 'wait', until: null };

/** Returns when the end is decided (`run.end`), or when another run is to take over (`run.leaving`). */
export async function bill(run: EnrollmentRun): Promise<void> {
  const settling = run.state.charges.map((charge) => settleCharge(run, charge));
  // Commands make history as well, but one that is being answered must not meet the end of its run.
  let hasCharged = false;
  for (;;) {
    publish(run);
    const move = nextMove(run);
    switch (move.kind) {
      case 'end':
        run.end = { status: move.status, reason: move.reason, who: move.who };
        await Promise.all(settling);
        return;
      case 'leave':
        run.leaving = true;
        await Promise.all(settling);
        return;
      case 'wait':
        if (hasCharged && isIdle(run)) {
          if (isLongEnough()) {
            run.leaving = true;
            await Promise.all(settling);
            return;
          }
          hasCharged = false;
        }
        await waitFor(run, move.until);
        break;
      case 'open_planned':
        hasCharged = true;
        settling.push(settleCharge(run, openPlanned(run, move.charge)));
        break;
      case 'open_requested':
        hasCharged = true;
        settling.push(settleCharge(run, openRequested(run, move.charge)));
        break;
      case 'pay_from_balance':
        await payFromBalance(run, move.charge);
        break;
      case 'catch_up':
        await catchUp(run);
        break;
      case 'end_pause':
        await endPause(run, { by: 'workflow', reason: 'the pause is over' });
        break;
      default:
        move satisfies never;
    }
  }
}

function nextMove(run: EnrollmentRun): Move {
  const { state } = run;
  if (state.cancel !== null) {
    return state.charges.length === 0
      ? { kind: 'end', status: 'canceled', reason: state.cancel.reason, who: state.cancel.by }
      : FOREVER;
  }
  if (run.changing) {
    return FOREVER;
  }
  if (shouldLeave()) {
    return { kind: 'leave' };
  }
  const ending = state.requestedCharges.find(({ cancelAsked }) => cancelAsked !== undefined);
  if (ending !== undefined) {
    return { kind: 'open_requested', charge: ending };
  }
  const over = periodOver(run);
  if (over !== null) {
    return moveAfterPeriod(run, over);
  }
  return state.paused === null ? moveWhileActive(run) : moveWhilePaused(run, state.paused);
}

/**
 * The period is over: what is open, or fell due in it and was held back, is still collected, and nothing new begins. What
 * is held once more is no new charge to the customer.
 */
function moveAfterPeriod(run: EnrollmentRun, { reason, by }: Asker): Move {
  const { state } = run;
  const owed = owedAtEnd(run);
  if (owed !== null) {
    const isHeld = isDisputed(state) || state.paused?.owed?.collected === 'afterwards';
    return isHeld ? FOREVER : moveTowards(run, owed);
  }
  const again = state.requestedCharges.find(({ reauthorizations }) => reauthorizations > 0);
  if (again !== undefined && patched(PATCHES.holdOutlivesPeriod)) {
    return isDisputed(state) ? FOREVER : { kind: 'open_requested', charge: again };
  }
  return state.charges.length === 0 ? { kind: 'end', status: 'canceled', reason, who: by } : FOREVER;
}

/** What fell due before the pause is collected, unless it waits for the end of it. */
function moveWhilePaused(run: EnrollmentRun, { resumeAt, owed }: Pause): Move {
  const { state } = run;
  const due = owed?.collected === 'meanwhile' ? owedSince(run) : null;
  const move = due === null ? FOREVER : moveTowards(run, due);
  if (move.kind !== 'wait') {
    return move;
  }
  const until = [resumeAt, state.cancelLater?.at ?? null].filter((at) => at !== null).sort()[0] ?? null;
  if (state.schedule.planning || until === null || Date.parse(until) > Date.now()) {
    return { kind: 'wait', until: state.schedule.planning ? null : until };
  }
  return { kind: 'end_pause' };
}

function moveWhileActive(run: EnrollmentRun): Move {
  const { state } = run;
  const [requested] = state.requestedCharges;
  if (requested !== undefined) {
    return isDisputed(state) ? untilCancel(run) : { kind: 'open_requested', charge: requested };
  }
  const { next } = state.schedule;
  return next === null ? moveAfterLast(run) : moveTowards(run, next);
}

function moveTowards(run: EnrollmentRun, next: PlannedCharge): Move {
  const { state, terms } = run;
  const lateMs = Date.now() - Date.parse(next.dueAt);
  if (lateMs < 0) {
    return { kind: 'wait', until: next.dueAt };
  }
  if (isDisputed(state)) {
    return untilCancel(run);
  }
  const asked = terms.catchUp === 'charge_all' || state.schedule.confirmedOverdue === next.occurrence;
  if (lateMs > OVERDUE_MS && !asked) {
    return { kind: 'catch_up' };
  }
  return dueNow(run, next).chargeMinor === 0
    ? { kind: 'pay_from_balance', charge: next }
    : { kind: 'open_planned', charge: next };
}

/** Nothing is charged meanwhile, and a cancel at the end of the period takes effect all the same. */
function untilCancel({ state }: EnrollmentRun): Move {
  const until = state.cancelLater?.at ?? null;
  return until !== null && patched(PATCHES.cancelOutlivesDispute) ? { kind: 'wait', until } : FOREVER;
}

function moveAfterLast({ state, terms }: EnrollmentRun): Move {
  const over = !state.schedule.planning && terms.schedule.type !== 'on_demand' && state.charges.length === 0;
  return over
    ? { kind: 'end', status: 'completed', reason: 'everything agreed has been collected', who: 'workflow' }
    : FOREVER;
}

/**
 * History is long, whatever is under way. A new version of the Worker is no reason: a run moves to it with its next task, and one that an
 * operator has pinned would hand the pin on to every run after it, without end.
 */
function shouldLeave(): boolean {
  return workflowInfo().continueAsNewSuggested;
}

/** Whether nothing of the run is under way. What is asked of Stripe may take days, and a run that leaves begins nothing. */
function isIdle(run: EnrollmentRun): boolean {
  const { charges, requestedCharges, cancel, checkout, changedMethods } = run.state;
  const isAsking = checkout.completed.length > 0 || changedMethods.length > 0 || run.opening !== null;
  const isCharging = charges.length > 0 || requestedCharges.length > 0;
  return !isCharging && !isAsking && cancel === null && !run.changing && allHandlersFinished();
}

/** Asked after a charge, before a run goes to sleep: it is handed on for what a replay of it costs. */
function isLongEnough(): boolean {
  return workflowInfo().historyLength >= EVENTS_OF_A_RUN && patched(PATCHES.shortRuns);
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
  await condition(moved, Date.parse(until) - Date.now(), { summary: waitSummary(run, until) });
}

function waitSummary(run: EnrollmentRun, until: string): string {
  if (run.state.paused !== null) {
    return `Paused until ${instant(until)}`;
  }
  if (run.state.cancelLater?.at === until) {
    return `Canceled as of ${instant(until)}`;
  }
  const amountMinor = asCharged(run, run.state.schedule.next)?.amountMinor ?? 0;
  return `Next charge: ${amountText(amountMinor, run.terms.currency)} on ${instant(until)}`;
}

/** A credit covers the whole charge: nothing is taken, and the schedule goes on. */
async function payFromBalance(run: EnrollmentRun, planned: PlannedCharge): Promise<void> {
  await changing(run, async () => {
    const { state } = run;
    const { chargeMinor, balanceMinor } = dueNow(run, planned);
    const movedOn = chargeMinor > 0 || state.schedule.next !== planned;
    if (movedOn && patched(PATCHES.balanceInTurn)) {
      // Whoever went first has used the credit up, or changed the charge.
      return;
    }
    state.balanceMinor = balanceMinor;
    setSchedule(run, { occurrence: planned.occurrence, paid: planned });
    const fact = commandFact(run, {
      what: 'schedule.paid_from_balance',
      by: { by: 'workflow', reason: 'a change of amount left a credit, or too little to charge' },
      details: { amount_minor: planned.amountMinor, balance_minor: state.balanceMinor },
    });
    await replan(run, { facts: [fact] });
  });
}
