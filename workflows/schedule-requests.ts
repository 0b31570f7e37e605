/**
 * Requests that came with a key and have changed the next charge of the schedule. The same request again, whose answer
 * was lost, would change the one after it. Called by the handlers of the schedule.
 */
import type { PlannedCharge } from '../domain/terms.ts';
import type { NextChangeRequested } from './messages.ts';
import { refuse } from './refusals.ts';
import type { EnrollmentRun } from './run.ts';

/** Enough for repeats that are on their way; the timeline answers for all that came before. */
const MOST_REMEMBERED = 50;

/** What a change of the next charge is told by. */
export type AskedOfNext = NextChangeRequested & { dueAt?: string };

/**
 * What came of the same request before.
 * @returns undefined when it is a new one
 * @throws refused when another request came under its key
 */
export function madeBefore(
  { state }: EnrollmentRun,
  what: string,
  { requestKey, dueAt }: AskedOfNext,
): { next: PlannedCharge | null } | undefined {
  const made = state.scheduleRequests?.find(({ key }) => key === requestKey);
  if (made !== undefined && (made.what !== what || made.dueAt !== dueAt)) {
    refuse('idempotency_mismatch', `the Idempotency-Key came before with another change: ${made.what}`);
  }
  return made && { next: made.next };
}

/** Keeps what came of a request, if it has a key. */
export function remember(
  { state }: EnrollmentRun,
  what: string,
  { requestKey, dueAt }: AskedOfNext,
  next: PlannedCharge | null,
): void {
  if (requestKey !== undefined) {
    const made = { key: requestKey, what, next, ...(dueAt === undefined ? {} : { dueAt }) };
    state.scheduleRequests = [...(state.scheduleRequests ?? []), made].slice(-MOST_REMEMBERED);
  }
}
