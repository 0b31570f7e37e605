/** What somebody may ask of an enrollment as a whole: cancel, pause, resume, another charge. Registered by handlers.ts. */
import { CancellationScope, condition, setHandler } from '@temporalio/workflow';
import { MOST_OPEN_CHARGES } from '../domain/charge-states.ts';
import { chargeId } from '../domain/ids.ts';
import { handleCancelLater } from './cancel-later.ts';
import { handleCommand } from './keyed-requests.ts';
import {
  cancelEnrollmentUpdate,
  createChargeUpdate,
  pauseEnrollmentUpdate,
  type Requested,
  resumeEnrollmentUpdate,
} from './messages.ts';
import { periodOver } from './owed.ts';
import { publish } from './presentation.ts';
import { refuse, refuseByStatus, refuseChange, refuseInTurn, refuseWhileDisputed } from './refusals.ts';
import { type EnrollmentRun, type RequestedCharge, statusOf } from './run.ts';
import { endPause, note, startPause } from './schedule.ts';

/** Enough for requests whose rows are not written yet; the rows answer for all that came before. */
const MOST_REMEMBERED_REQUESTS = 200;
/** How long an answer to a cancel waits for it to take effect before it says `canceling`. */
const CANCEL_ANSWER_MS = 5_000;

export function handleEnrollmentCommands(run: EnrollmentRun): void {
  handleCancel(run);
  handleCancelLater(run);
  handlePause(run);
  handleNewCharge(run);
}

/**
 * "Request Cancellation" in the Temporal UI, or `temporal workflow cancel`, cancels the enrollment as an operator's command
 * does. By itself Temporal would cancel every Activity and timer under way, and leave the charges as they are.
 */
export function cancelWhenTemporalAsks(run: EnrollmentRun): void {
  const everything = CancellationScope.current();
  everything.cancel = () => {
    if (run.end === null) {
      // That the timeline lacks it is no reason to fail.
      acceptCancel(run, { by: 'operator', reason: 'canceled in Temporal' }).catch(() => undefined);
    }
  };
}

async function acceptCancel(run: EnrollmentRun, requested: Requested) {
  run.state.cancel ??= asker(requested);
  publish(run);
  const done = await condition(() => run.ended, CANCEL_ANSWER_MS, {
    summary: 'Answers the cancel at the latest',
  });
  if (!done && !run.leaving) {
    await note(run, { what: 'enrollment.cancel_accepted', by: requested });
  }
  return { status: done ? statusOf(run) : ('canceling' as const) };
}

function handleCancel(run: EnrollmentRun): void {
  setHandler(cancelEnrollmentUpdate, (requested) => acceptCancel(run, requested), {
    validator: (_requested) => refuseByStatus(run, 'cancel'),
  });
}

function handlePause(run: EnrollmentRun): void {
  handleCommand(
    run,
    pauseEnrollmentUpdate,
    async (requested) => {
      const check = () => refuseInTurn(() => refuseChange(run, 'pause'));
      await startPause(run, asker(requested), requested.resumeAt, { check });
      return { status: statusOf(run) };
    },
    {
      validator: ({ resumeAt }) => {
        refuseChange(run, 'pause');
        if (resumeAt !== null && !(Date.parse(resumeAt) > Date.now())) {
          refuse('resume_not_ahead', `'${resumeAt}' is not ahead; expected a later instant, or null`);
        }
      },
    },
  );

  handleCommand(
    run,
    resumeEnrollmentUpdate,
    async (requested) => {
      await endPause(run, asker(requested));
      return { status: statusOf(run) };
    },
    { validator: (_requested) => refuseByStatus(run, 'resume') },
  );
}

function handleNewCharge(run: EnrollmentRun): void {
  const { state } = run;
  setHandler(
    createChargeUpdate,
    ({ requestKey, amountMinor, description }) => {
      const known = state.chargeRequests.find(({ key }) => key === requestKey);
      return { chargeId: known?.chargeId ?? requestCharge(run, { requestKey, amountMinor, description }) };
    },
    {
      validator: ({ requestKey, amountMinor, description }) => {
        const known = state.chargeRequests.find(({ key }) => key === requestKey);
        if (known !== undefined) {
          refuseOther(run, known.chargeId, { amountMinor, description });
          return;
        }
        refuseByStatus(run, 'create_charge');
        const over = periodOver(run);
        if (over !== null) {
          refuse('cancel_pending', `it is canceled as of ${over.at}: no charge is opened any more`);
        }
        refuseWhileDisputed(run);
        if (!Number.isSafeInteger(amountMinor) || amountMinor <= 0) {
          refuse('amount_invalid', `amount ${amountMinor}: expected a positive whole number of minor units`);
        }
        if (state.requestedCharges.length + state.charges.length >= MOST_OPEN_CHARGES) {
          refuse('too_many_open_charges', `${MOST_OPEN_CHARGES} charges of this enrollment are open`);
        }
      },
    },
  );
}

/** A repeat under the same key must ask for the same. What is settled has a row, which the API compares. */
function refuseOther(
  { state }: EnrollmentRun,
  id: string,
  asked: { amountMinor: number; description: string | null },
): void {
  const charge =
    state.requestedCharges.find(({ chargeId: waiting }) => waiting === id) ??
    state.charges.find(({ id: open }) => open === id);
  if (
    charge !== undefined &&
    (charge.amountMinor !== asked.amountMinor || charge.description !== asked.description)
  ) {
    refuse(
      'idempotency_mismatch',
      `${id} was asked for under this Idempotency-Key with another amount or description`,
    );
  }
}

/** Queues a charge besides the schedule; with a key, a repeat is answered with it. @returns its id */
export function requestCharge(
  run: EnrollmentRun,
  asked: Pick<RequestedCharge, 'requestKey' | 'amountMinor' | 'metBalanceMinor' | 'description'>,
): string {
  const { state, input } = run;
  state.chargesOpened += 1;
  const number = state.chargesOpened;
  const id = chargeId(input.enrollmentId, number);
  const at = new Date().toISOString();
  state.requestedCharges.push({ ...asked, chargeId: id, number, at, reauthorizations: 0 });
  if (asked.requestKey !== null) {
    state.chargeRequests = [...state.chargeRequests, { key: asked.requestKey, chargeId: id }].slice(
      -MOST_REMEMBERED_REQUESTS,
    );
  }
  return id;
}

/** Only who asks, why and under which key; an update may bring more. */
export function asker({ by, reason, request }: Requested): Requested {
  return request === undefined ? { by, reason } : { by, reason, request };
}
