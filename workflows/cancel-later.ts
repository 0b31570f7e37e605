/** A cancel that takes effect at the end of the period, and its undoing. Registered by enrollment-commands.ts. */
import { condition, patched, setHandler } from '@temporalio/workflow';
import { cancelAtPeriodEndUpdate, type Requested, undoCancelUpdate } from './messages.ts';
import { PATCHES } from './patches.ts';
import { refuse, refuseByStatus } from './refusals.ts';
import { type EnrollmentRun, statusOf } from './run.ts';
import { changing, isDue, note } from './schedule.ts';

export function handleCancelLater(run: EnrollmentRun): void {
  const { state } = run;
  setHandler(
    cancelAtPeriodEndUpdate,
    async (requested) => {
      if (patched(PATCHES.cancelLaterInTurn)) {
        return cancelInTurn(run, requested);
      }
      // While the first attempt of a charge is under way, nobody knows what comes next.
      await condition(() => !state.schedule.planning);
      const cancelAt = cancelLater(run, requested);
      await noteCancelLater(run, requested, cancelAt);
      return { cancelAt };
    },
    {
      validator: (_requested) => {
        refuseByStatus(run, 'cancel_at_period_end');
        if (!state.schedule.planning) {
          periodEnd(run);
        }
      },
    },
  );

  setHandler(
    undoCancelUpdate,
    async (requested) => {
      if (patched(PATCHES.cancelLaterInTurn)) {
        await changing(run, () => {
          refuseUndo(run);
          return undoCancel(run, requested);
        });
      } else {
        await undoCancel(run, requested);
      }
      return { status: statusOf(run) };
    },
    { validator: (_requested) => refuseUndo(run) },
  );
}

/** What is due is opened first, and what is being tried is answered: the period that ends is the one that this pays for. */
function cancelInTurn(run: EnrollmentRun, requested: Requested): Promise<{ cancelAt: string }> {
  const isReady = () => !run.state.schedule.planning && (!isDue(run) || run.leaving);
  const change = async () => {
    refuseByStatus(run, 'cancel_at_period_end');
    if (isDue(run)) {
      refuse('charge_busy', 'the next charge is about to be opened; ask again');
    }
    const cancelAt = cancelLater(run, requested);
    await noteCancelLater(run, requested, cancelAt);
    return { cancelAt };
  };
  return changing(run, change, isReady);
}

/** @returns when it takes effect */
function cancelLater(run: EnrollmentRun, { by, reason }: Requested): string {
  const at = periodEnd(run);
  run.state.cancelLater = { by, reason, at };
  return at;
}

function noteCancelLater(run: EnrollmentRun, by: Requested, cancelAt: string): Promise<void> {
  const details = { cancel_at: cancelAt };
  return note(run, { what: 'enrollment.cancel_at_period_end', by, details }, { cancelAt });
}

function undoCancel(run: EnrollmentRun, by: Requested): Promise<void> {
  run.state.cancelLater = null;
  return note(run, { what: 'enrollment.cancel_undone', by }, { cancelAt: null });
}

function refuseUndo(run: EnrollmentRun): void {
  refuseByStatus(run, 'undo_cancel');
  const { cancelLater: pending } = run.state;
  if (pending === null || Date.parse(pending.at) <= Date.now()) {
    refuse('no_cancel_pending', 'there is no cancel that could still be taken back');
  }
}

/** When the running period is over: at the next charge, or now when a pause has outlasted it. */
function periodEnd({ state }: EnrollmentRun): string {
  const { next } = state.schedule;
  if (state.cancelLater !== null) {
    return refuse('cancel_pending', `it is canceled as of ${state.cancelLater.at} already`);
  }
  if (next === null) {
    return refuse(
      'nothing_to_change',
      'no charge is planned that a cancel could come before; cancel now instead',
    );
  }
  return new Date(Math.max(Date.parse(next.dueAt), Date.now())).toISOString();
}
