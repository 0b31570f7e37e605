/** What somebody may change about the schedule: skip, move, charge now, another amount. Registered by handlers.ts. */
import type { UpdateDefinition } from '@temporalio/common';
import { condition, patched } from '@temporalio/workflow';
import type { EnrollmentCommand } from '../domain/enrollment-states.ts';
import { checkAmount } from '../domain/money.ts';
import {
  type ChangeResult,
  changeAmountFromNext,
  moveNext,
  type ScheduleChanges,
  skipNext,
} from '../domain/schedule-changes.ts';
import { asker } from './enrollment-commands.ts';
import { handleCommand } from './keyed-requests.ts';
import {
  type AmountRequested,
  type ChangeRequested,
  changeAmountUpdate,
  chargeNowUpdate,
  moveNextUpdate,
  type Requested,
  type ScheduleAnswer,
  skipNextUpdate,
} from './messages.ts';
import { asCharged } from './new-charges.ts';
import {
  endPeriodWithSkipped,
  isCreditAtOnce,
  receivedForPeriod,
  refuseCredit,
  refuseRaiseWhileDisputed,
  settleRest,
  unpaidCharge,
} from './paid-period.ts';
import { PATCHES } from './patches.ts';
import { refuse, refuseByStatus, refuseChange, refuseIf, refuseInTurn } from './refusals.ts';
import type { EnrollmentRun } from './run.ts';
import { changing, commandFact, replan, type Told } from './schedule.ts';

/** A change of the next charge: what the timeline calls it, as which command it is allowed, and what it makes of the schedule. */
interface Change<Asked> {
  entry: string;
  command: EnrollmentCommand;
  changed: (requested: Asked) => ScheduleChanges;
  /** Where more follows on it. @default changed */
  made?: (requested: Asked) => ScheduleChanges;
}

export function handleScheduleCommands(run: EnrollmentRun): void {
  handleChange(run, skipNextUpdate, {
    entry: 'schedule.skipped',
    command: 'skip_next',
    changed: () => skipped(run),
    made: () => skip(run),
  });
  handleChange(run, moveNextUpdate, {
    entry: 'schedule.moved',
    command: 'move_next',
    changed: ({ dueAt }) => moved(run, dueAt),
  });
  handleChange(run, chargeNowUpdate, {
    entry: 'schedule.charged_early',
    command: 'move_next',
    changed: () => moved(run, now()),
  });
  handleChangeOfAmount(run);
}

function handleChange<Asked extends ChangeRequested>(
  run: EnrollmentRun,
  update: UpdateDefinition<ScheduleAnswer, [Asked]>,
  { entry, command, changed, made = changed }: Change<Asked>,
): void {
  handleCommand(
    run,
    update,
    (requested) =>
      changing(run, async () => {
        refuseInTurn(() => refuseNextChange(run, command));
        await condition(() => !run.state.schedule.planning);
        return changeNext(run, entry, requested, () => made(requested));
      }),
    {
      validator: (requested) => {
        refuseNextChange(run, command);
        changed(requested);
      },
      entry,
    },
  );
}

function handleChangeOfAmount(run: EnrollmentRun): void {
  handleCommand(
    run,
    changeAmountUpdate,
    (requested) =>
      changing(run, async () => {
        // While the first attempt of a charge is under way, nobody knows what comes next: the command waits for it.
        await condition(() => !run.state.schedule.planning);
        refuseInTurn(() => refuseChange(run, 'change_amount'));
        refuseInTurn(() => refuseRaiseWhileDisputed(run, requested), PATCHES.noRaiseInDispute);
        return changeAmount(run, requested);
      }),
    {
      validator: (requested) => {
        const { amountMinor } = requested;
        refuseByStatus(run, 'change_amount');
        const problem = checkAmount(amountMinor, run.terms.currency);
        refuseIf(problem && { code: 'amount_invalid', message: problem.message });
        const unpaid = unpaidCharge(run, requested);
        if (unpaid !== undefined) {
          refuseCredit(unpaid);
        }
        refuseRaiseWhileDisputed(run, requested);
        refuseChange(run, 'change_amount');
        if (!run.state.schedule.planning) {
          amountChanged(run, amountMinor);
        }
      },
      entry: 'schedule.amount_changed',
    },
  );
}

async function changeAmount(run: EnrollmentRun, requested: AmountRequested) {
  const { amountMinor, effective } = requested;
  const received = isCreditAtOnce(run, requested) ? await receivedForPeriod(run) : null;
  const unpaid = unpaidCharge(run, requested);
  if (unpaid !== undefined && patched(PATCHES.noCreditBeforePayment)) {
    refuseCredit(unpaid);
  }
  const changes = amountChanged(run, amountMinor);
  const chargeId = effective === 'at_once' ? settleRest(run, amountMinor, received) : null;
  const next = await apply(run, changes, {
    what: 'schedule.amount_changed',
    by: asker(requested),
    // The API answers a repeat from here, however many runs later.
    details: {
      amount_minor: amountMinor,
      effective,
      balance_minor: run.state.balanceMinor,
      charge_id: chargeId,
    },
  });
  return { next, balanceMinor: run.state.balanceMinor, chargeId };
}

/** Before the schedule has started, the change is for its first charge. */
function amountChanged({ state, terms }: EnrollmentRun, amountMinor: number): ScheduleChanges {
  const { schedule } = state;
  const first = schedule.anchorAt === null ? { occurrence: 0, dueAt: '', amountMinor } : null;
  return allowed(changeAmountFromNext(terms.schedule, schedule.changes, schedule.next ?? first, amountMinor));
}

async function changeNext(
  run: EnrollmentRun,
  what: string,
  requested: Requested,
  changed: () => ScheduleChanges,
) {
  const before = run.state.schedule.next;
  const details = { due_at: before?.dueAt ?? null, amount_minor: before?.amountMinor ?? null };
  return { next: await apply(run, changed(), { what, by: asker(requested), details }) };
}

/** Whoever asks while a charge is tried sees that one as the next: the one after it is not what they mean. */
function refuseNextChange(run: EnrollmentRun, command: EnrollmentCommand): void {
  refuseChange(run, command);
  if (run.state.schedule.planning) {
    refuse('charge_busy', 'the charge that was next is being tried; ask again when its outcome is known');
  }
}

async function apply(run: EnrollmentRun, changes: ScheduleChanges, told: Told) {
  const { schedule } = run.state;
  schedule.changes = changes;
  await replan(run, { facts: [commandFact(run, told)] });
  return asCharged(run, schedule.next);
}

function skip(run: EnrollmentRun): ScheduleChanges {
  const changes = skipped(run);
  endPeriodWithSkipped(run);
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
