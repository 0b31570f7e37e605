/** A cancel that takes effect at the end of the period, and its undoing. Registered by enrollment-commands.ts. */
import { condition, patched } from '@temporalio/workflow';
import { handleCommand } from './keyed-requests.ts';
import { cancelAtPeriodEndUpdate, type Requested, undoCancelUpdate } from './messages.ts';
import { owedNow, periodOver } from './owed.ts';
import { PATCHES } from './patches.ts';
import { refuse, refuseByStatus } from './refusals.ts';
import { type EnrollmentRun, statusOf } from './run.ts';
import { changing, isDue, note } from './schedule.ts';
import { interactive } from './stripe-activities.ts';

export function handleCancelLater(run: EnrollmentRun): void {
  const { state } = run;
  handleCommand(
    run,
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

  handleCommand(
    run,
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
    const isOwed = owedNow(run) !== null && patched(PATCHES.owedOutlivesCancel);
    const owedUntil = isOwed ? await endOfOwed(run) : null;
    const cancelAt = cancelLater(run, requested, owedUntil);
    await noteCancelLater(run, requested, cancelAt);
    return { cancelAt };
  };
  return changing(run, change, isReady);
}

/** The period that a charge pays for which is held back has begun, and ends when the first one falls due that is not owed. */
async function endOfOwed(run: EnrollmentRun): Promise<string> {
  const { schedule, paused } = run.state;
  if (schedule.anchorAt === null) {
    return refuseWithoutNext();
  }
  const after = paused?.owed?.until ?? new Date().toISOString();
  const charge = await interactive('Find the end of the period').findChargeAfter({
    schedule: run.terms.schedule,
    anchorAt: schedule.anchorAt,
    occurrence: schedule.occurrence,
    changes: schedule.changes,
    after,
  });
  // A cancel at once does not wait for its turn.
  refuseByStatus(run, 'cancel_at_period_end');
  return charge?.dueAt ?? refuseWithoutNext();
}

/**
 * @param owedUntil when the period ends that is owed; null when nothing is owed that is held back
 * @returns when it takes effect
 */
function cancelLater(run: EnrollmentRun, { by, reason }: Requested, owedUntil: string | null = null): string {
  const at = periodEnd(run, owedUntil);
  run.state.cancelLater = owedUntil === null ? { by, reason, at } : { by, reason, at, owes: true };
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
  if (run.state.cancelLater === null || periodOver(run) !== null) {
    refuse('no_cancel_pending', 'there is no cancel that could still be taken back');
  }
}

/** When the period is over that is paid for or owed: at the next charge after it, or now when a pause has outlasted it. */
function periodEnd({ state }: EnrollmentRun, owedUntil: string | null = null): string {
  const { next } = state.schedule;
  if (state.cancelLater !== null) {
    return refuse('cancel_pending', `it is canceled as of ${state.cancelLater.at} already`);
  }
  if (next === null) {
    return refuseWithoutNext();
  }
  return new Date(Math.max(Date.parse(owedUntil ?? next.dueAt), Date.now())).toISOString();
}

function refuseWithoutNext(): never {
  return refuse(
    'nothing_to_change',
    'no charge is planned that a cancel could come before; cancel now instead',
  );
}
