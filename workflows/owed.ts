/**
 * What has fallen due and was not opened, since something holds it back: it stays owed, whatever comes between. Read by
 * `workflows/billing.ts`, the handlers and what operators see; changes nothing.
 */
import type { PlannedCharge } from '../domain/terms.ts';
import type { EnrollmentRun } from './run.ts';

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

/** The charge that is owed after the period with which the enrollment ends; null when there is none. */
export function owedAtEnd(run: EnrollmentRun): PlannedCharge | null {
  const { cancelLater } = run.state;
  const owed = owedNow(run);
  const isOwed = owed !== null && cancelLater?.owes && Date.parse(owed.dueAt) < Date.parse(cancelLater.at);
  return isOwed ? owed : null;
}
