/**
 * How a command is refused: by the tables of `domain/`, in a validator, so that nothing is left in the history, or when
 * its turn has come. Called by the handlers only. Every refusal is an ApplicationFailure whose type is one of `REFUSALS`.
 */
import { ApplicationFailure, patched } from '@temporalio/workflow';
import { type ChargeCommand, chargeStep } from '../domain/charge-states.ts';
import { type EnrollmentCommand, enrollmentStep } from '../domain/enrollment-states.ts';
import { type RefusalCode, refusalType } from '../domain/errors.ts';
import { chargeId } from '../domain/ids.ts';
import type { OpenCharge } from '../domain/open-charge.ts';
import { PATCHES } from './patches.ts';
import { type EnrollmentRun, isDisputed, isPastDue, statusOf } from './run.ts';

/** @returns never: it throws */
export function refuse(code: RefusalCode, message: string): never {
  throw ApplicationFailure.nonRetryable(message, refusalType(code));
}

/** Throws what a rule of `domain/` refused; nothing when it refused nothing. */
export function refuseIf(refused: { code: RefusalCode; message: string } | null | undefined): void {
  if (refused) {
    refuse(refused.code, refused.message);
  }
}

/** Throws unless the enrollment's status allows the command, and no cancel has been accepted. */
export function refuseByStatus(run: EnrollmentRun, command: EnrollmentCommand): void {
  const step = enrollmentStep(statusOf(run), command, isPastDue(run.state));
  refuseIf('refused' in step ? step.refused : null);
  if (run.state.cancel !== null && command !== 'cancel') {
    refuse('cancel_pending', 'a cancel of the enrollment has been accepted');
  }
}

/** {@link refuseByStatus} of a change of the schedule, or a pause; none is made before a cancel that is still to come. */
export function refuseChange(run: EnrollmentRun, command: EnrollmentCommand): void {
  refuseByStatus(run, command);
  if (run.state.cancelLater !== null) {
    refuse('cancel_pending', 'undo the cancel at the end of the period first');
  }
}

/** Throws while a dispute forbids to charge this customer. @param expected what may be asked for all the same */
export function refuseWhileDisputed({ state }: EnrollmentRun, expected = ''): void {
  if (isDisputed(state)) {
    const why = 'a dispute of this customer is open; nothing is charged until it is over';
    refuse('charge_disputed', `${why}${expected}`);
  }
}

/**
 * Asks again what a validator has asked: others were carried out while the command waited for its turn. It has been
 * accepted, so the refusal is its answer.
 * @param patch since when it is asked
 */
export function refuseInTurn(check: () => void, patch: string = PATCHES.refusedInTurn): void {
  try {
    check();
  } catch (refusal) {
    if (patched(patch)) {
      throw refusal;
    }
  }
}

/**
 * The open charge that a command is about. Throws when its status forbids the command, when it is no charge of this
 * enrollment, and while another command of the same charge is being carried out.
 */
export function allowedCharge(run: EnrollmentRun, id: string, command: ChargeCommand): OpenCharge {
  const charge = run.state.charges.find((open) => open.id === id);
  if (charge === undefined) {
    return refuseUnknown(run, id, command);
  }
  const step = chargeStep(charge.status, command);
  refuseIf('refused' in step ? step.refused : null);
  return charge;
}

export function refuseUnopened(id: string): never {
  return refuse('charge_busy', `${id} is about to be opened; ask again`);
}

function refuseUnknown(run: EnrollmentRun, id: string, command: ChargeCommand): never {
  const { state, input } = run;
  if (state.requestedCharges.some((asked) => asked.chargeId === id)) {
    refuseUnopened(id);
  }
  const numbers = Array.from({ length: state.chargesOpened }, (_, index) => index + 1);
  if (!numbers.some((number) => chargeId(input.enrollmentId, number) === id)) {
    refuse('charge_unknown', `${id} is no charge of ${input.enrollmentId}`);
  }
  // Settled charges are let go of; the commands of an enrollment refuse every settled status alike.
  const step = chargeStep('canceled', command);
  refuseIf('refused' in step ? step.refused : null);
  return refuse('charge_settled', `${id} is settled`);
}

/** The charge that a command is about, with no other command under way. */
export function freeCharge(run: EnrollmentRun, chargeId: string, command: ChargeCommand): OpenCharge {
  const charge = allowedCharge(run, chargeId, command);
  if (run.state.cancel !== null || charge.cancelAsked !== null) {
    refuseAfterCancel();
  }
  const ends = command === 'cancel' || command === 'forgive';
  const isParked = charge.status === 'needs_attention' && !run.worked.has(chargeId);
  // What a try that was under way has taken or holds outlives that dunning was stopped.
  const isMoney = charge.status === 'requires_capture' || charge.status === 'processing';
  const isBeingEnded = charge.givenUp !== null && !isMoney && !(ends && isParked);
  if (charge.asked !== null || isBeingEnded) {
    refuse('charge_busy', `${charge.id} is being worked on; ask again`);
  }
  return charge;
}

export function refuseAfterCancel(): never {
  return refuse('cancel_pending', 'a cancel has been accepted: no attempt starts any more');
}

/** Undefined once it is settled. */
export function openCharge(run: EnrollmentRun, chargeId: string): OpenCharge | undefined {
  return run.state.charges.find(({ id }) => id === chargeId);
}
