/** What somebody may change about the schedule: skip, move, charge now, another amount. Registered by handlers.ts. */
import { condition, patched, setHandler } from '@temporalio/workflow';
import { settleAtOnce } from '../domain/amount-change.ts';
import { checkAmount } from '../domain/money.ts';
import type { OpenCharge } from '../domain/open-charge.ts';
import {
  type ChangeResult,
  changeAmountFromNext,
  moveNext,
  type ScheduleChanges,
  skipNext,
} from '../domain/schedule-changes.ts';
import { asker, requestCharge } from './enrollment-commands.ts';
import {
  type AmountRequested,
  changeAmountUpdate,
  chargeNowUpdate,
  moveNextUpdate,
  type Requested,
  skipNextUpdate,
} from './messages.ts';
import { PATCHES } from './patches.ts';
import { refuse, refuseByStatus, refuseIf } from './refusals.ts';
import type { EnrollmentRun } from './run.ts';
import { changing, commandFact, replan, type Told } from './schedule.ts';

export function handleScheduleCommands(run: EnrollmentRun): void {
  setHandler(skipNextUpdate, (requested) => change(run, 'schedule.skipped', requested, () => skip(run)), {
    validator: (_requested) => {
      refuseByStatus(run, 'skip_next');
      unlessPlanning(run, () => skipped(run));
    },
  });

  setHandler(
    moveNextUpdate,
    (requested) => change(run, 'schedule.moved', requested, () => moved(run, requested.dueAt)),
    {
      validator: ({ dueAt }) => {
        refuseByStatus(run, 'move_next');
        unlessPlanning(run, () => moved(run, dueAt));
      },
    },
  );

  setHandler(
    chargeNowUpdate,
    (requested) => change(run, 'schedule.charged_early', requested, () => moved(run, now())),
    {
      validator: (_requested) => {
        refuseByStatus(run, 'move_next');
        unlessPlanning(run, () => moved(run, now()));
      },
    },
  );

  handleChangeOfAmount(run);
}

function handleChangeOfAmount(run: EnrollmentRun): void {
  setHandler(
    changeAmountUpdate,
    (requested) =>
      whenPlanned(run, async () => {
        const { amountMinor, effective, requestKey } = requested;
        const open = uncollected(run, requested);
        if (open !== undefined && patched(PATCHES.noCreditBeforePayment)) {
          refuseCredit(open);
        }
        const changes = amountChanged(run, amountMinor);
        const owed = effective === 'at_once' ? settleRest(run, amountMinor) : null;
        const chargeId = owed === null || owed.chargeMinor === 0 ? null : chargeRest(run, owed.chargeMinor);
        const next = await apply(run, changes, {
          what: 'schedule.amount_changed',
          by: asker(requested),
          // The API answers a repeat from here, however many runs later.
          details: {
            amount_minor: amountMinor,
            effective,
            balance_minor: run.state.balanceMinor,
            charge_id: chargeId,
            ...(requestKey === undefined ? {} : { request_key: requestKey }),
          },
        });
        return { next, balanceMinor: run.state.balanceMinor, chargeId };
      }),
    {
      validator: (requested) => {
        const { amountMinor } = requested;
        refuseByStatus(run, 'change_amount');
        const problem = checkAmount(amountMinor, run.terms.currency);
        refuseIf(problem && { code: 'amount_invalid', message: problem.message });
        const open = uncollected(run, requested);
        if (open !== undefined) {
          refuseCredit(open);
        }
        unlessPlanning(run, () => amountChanged(run, amountMinor));
      },
    },
  );
}

/** Before the schedule has started, the change is for its first charge. */
function amountChanged({ state, terms }: EnrollmentRun, amountMinor: number): ScheduleChanges {
  const { schedule } = state;
  const first = schedule.anchorAt === null ? { occurrence: 0, dueAt: '', amountMinor } : null;
  return allowed(changeAmountFromNext(terms.schedule, schedule.changes, schedule.next ?? first, amountMinor));
}

/** The rest of the running period at the new amount, against what was paid for it. */
function settleRest(run: EnrollmentRun, amountMinor: number) {
  const { state, terms } = run;
  const { schedule } = state;
  const { paid } = schedule;
  const period = { paid, endsAt: endOfPeriod(run) };
  const settled = settleAtOnce(amountMinor, terms.currency, period, now(), state.balanceMinor);
  state.balanceMinor = settled.balanceMinor;
  schedule.paid = paid === null ? null : { ...paid, amountMinor };
  return settled;
}

/** Until when what was paid last lasts; null when that is over, or nothing comes after it. */
function endOfPeriod({ state }: EnrollmentRun): string | null {
  const { paid, next } = state.schedule;
  if (paid === null || next === null) {
    return null;
  }
  const isNextPeriod = next.occurrence === paid.occurrence + 1;
  if (isNextPeriod || !patched(PATCHES.leftOutEndsPeriod)) {
    return next.dueAt;
  }
  // What nobody skipped fell into a pause that is over, and the period that was paid for with it.
  return paid.endsAt ?? null;
}

/**
 * A lower amount at once is a credit, and there is none for what was never received.
 * @returns the charge that is to pay for the running period and has not, when the change would credit some of it
 */
function uncollected(
  run: EnrollmentRun,
  { amountMinor, effective }: AmountRequested,
): OpenCharge | undefined {
  const { schedule, charges } = run.state;
  const { paid } = schedule;
  if (effective !== 'at_once' || paid === null || amountMinor >= paid.amountMinor) {
    return undefined;
  }
  return charges.find(({ occurrence, status }) => occurrence === paid.occurrence && status !== 'succeeded');
}

function refuseCredit({ id }: OpenCharge): never {
  return refuse(
    'period_not_paid',
    `${id} has not paid for the running period yet, so nothing of it can be credited; expected an amount from_next, or one that is not lower`,
  );
}

function chargeRest(run: EnrollmentRun, amountMinor: number): string {
  return requestCharge(run, { requestKey: null, amountMinor, description: run.input.description });
}

function change(run: EnrollmentRun, what: string, requested: Requested, changed: () => ScheduleChanges) {
  return whenPlanned(run, async () => {
    const before = run.state.schedule.next;
    const details = { due_at: before?.dueAt ?? null, amount_minor: before?.amountMinor ?? null };
    return { next: await apply(run, changed(), { what, by: asker(requested), details }) };
  });
}

async function apply(run: EnrollmentRun, changes: ScheduleChanges, told: Told) {
  const { schedule } = run.state;
  schedule.changes = changes;
  await replan(run, { facts: [commandFact(run, told)] });
  return schedule.next;
}

/** While the first attempt of a charge is under way, nobody knows what comes next: the command waits for it. */
function whenPlanned<Answer>(run: EnrollmentRun, make: () => Promise<Answer>): Promise<Answer> {
  return changing(run, async () => {
    await condition(() => !run.state.schedule.planning);
    return make();
  });
}

function unlessPlanning(run: EnrollmentRun, check: () => ScheduleChanges): void {
  if (run.state.cancelLater !== null) {
    refuse('cancel_pending', 'undo the cancel at the end of the period first');
  }
  if (!run.state.schedule.planning) {
    check();
  }
}

/** The period that was paid for ends all the same when the charge after it would have been due. */
function skip(run: EnrollmentRun): ScheduleChanges {
  const changes = skipped(run);
  const { paid, next } = run.state.schedule;
  if (paid !== null && next !== null) {
    paid.endsAt ??= next.dueAt;
  }
  return changes;
}

function skipped({ state, terms }: EnrollmentRun): ScheduleChanges {
  return allowed(skipNext(terms.schedule, state.schedule.changes, state.schedule.next));
}

function moved({ state, terms }: EnrollmentRun, dueAt: string): ScheduleChanges {
  const { next, following, changes } = state.schedule;
  return allowed(moveNext(terms.schedule, changes, { next, following, dueAt, now: now() }));
}

function allowed(result: ChangeResult): ScheduleChanges {
  return 'refused' in result ? refuse(result.refused.code, result.refused.message) : result.changes;
}

function now(): string {
  return new Date().toISOString();
}
