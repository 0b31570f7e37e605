/**
 * What commands have in common. An end is final, so a row that has ended refuses by itself; anything else is for the
 * Workflow to decide, whose row may be a moment behind.
 */
import type { Kysely } from 'kysely';
import { type EnrollmentView, findEnrollmentView } from '../db/enrollment-views.ts';
import type { Database } from '../db/schema.ts';
import { ENDED } from '../domain/statuses.ts';
import { EnrollmentNotRunning } from './billing-client.ts';
import { HttpProblem, notFound } from './problems.ts';

/** @throws HttpProblem 404 for an unknown id */
export async function existingEnrollment(db: Kysely<Database>, id: string): Promise<EnrollmentView> {
  const view = await findEnrollmentView(db, id);
  if (view === undefined) {
    throw notFound('enrollment', id);
  }
  return view;
}

/**
 * Sends a command. An enrollment that ended while it was on its way is refused like one that had ended before.
 * @throws HttpProblem 409, CommandRefused, BillingUnavailable; EnrollmentNotRunning when the row says that it runs
 */
export async function command<Answer>(
  db: Kysely<Database>,
  view: EnrollmentView,
  send: () => Promise<Answer>,
): Promise<Answer> {
  assertNotEnded(view);
  try {
    return await send();
  } catch (error) {
    if (error instanceof EnrollmentNotRunning) {
      assertNotEnded(await existingEnrollment(db, view.id));
    }
    throw error;
  }
}

function assertNotEnded(view: EnrollmentView): void {
  if (ENDED.some((end) => end === view.status)) {
    const since = view.ended_at === null ? '' : ` since ${view.ended_at.toISOString()}`;
    throw new HttpProblem(
      409,
      'enrollment_ended',
      `${view.id} is ${view.status}${since}; expected an enrollment that goes on`,
    );
  }
}
