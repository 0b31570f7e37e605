/**
 * What has fallen due and was not opened, since something holds it back: it stays owed, whatever comes between, and when the
 * last period is over, after which nothing new falls due. Only read here: nothing changes.
 */
import type { PlannedCharge } from '../domain/terms.ts';
import type { CancelLater, EnrollmentRun } from './run.ts';

/** The cancel whose day has come: the last period is over. Null before that, and without one. */
export function periodOver({ state: { cancelLater } }: EnrollmentRun): CancelLater | null {
  return cancelLater !== null && Date.parse(cancelLater.at) <= Date.now() ? cancelLater : null;
}

/** The charge that fell due before the pause and waits; null when there is none. */
export function owedSince({ state }: EnrollmentRun): PlannedCharge | null {
  const { next } = state.schedule;
  const until = state.paused?.owed?.until;
  return next !== null && until !== undefined && Date.parse(next.dueAt) <= Date.parse(until) ? next : null;
}

/** The charge that has fallen due and is held back, by a dispute or since before a pause; null when there is none. */
export function owedNow(run: EnrollmentRun): PlannedCharge | null {
  const { paused, schedule } = run.state;
  if (paused !== null) {
    return owedSince(run);
  }
  const { next } = schedule;
  return next !== null && Date.parse(next.dueAt) <= Date.now() ? next : null;
}

/** As {@link owedNow}, unless it belongs to a time after the last period. */
export function owedInPeriod(run: EnrollmentRun): PlannedCharge | null {
  const owed = owedNow(run);
  const { cancelLater } = run.state;
  const isAfter =
    owed !== null && cancelLater !== null && Date.parse(owed.dueAt) >= Date.parse(cancelLater.at);
  return isAfter ? null : owed;
}

/** The charge that is still collected after the period with which the enrollment ends; null when there is none. */
export function owedAtEnd(run: EnrollmentRun): PlannedCharge | null {
  return run.state.cancelLater?.owes ? owedInPeriod(run) : null;
}
