/**
 * What commands have in common. An end is final, so a row that has ended refuses by itself; anything else is for the
 * Workflow to decide. Either may be a moment behind the other: an Activity writes the row before the Workflow hears of it.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Kysely } from 'kysely';
import { type EnrollmentView, findEnrollmentView } from '../db/enrollment-views.ts';
import type { Database } from '../db/schema.ts';
import type { RefusalCode } from '../domain/errors.ts';
import { ENDED } from '../domain/statuses.ts';
import { CommandRefused, EnrollmentNotRunning } from './billing-client.ts';
import { HttpProblem, notFound } from './problems.ts';

/** @throws HttpProblem 404 for an unknown id */
export async function existingEnrollment(db: Kysely<Database>, id: string): Promise<EnrollmentView> {
  const view = await findEnrollmentView(db, id);
  if (view === undefined) {
    throw notFound('enrollment', id);
  }
  return view;
}

/** Until the Workflow has taken in what its Activity wrote: a Workflow Task, which on a busy Worker takes seconds. */
const WAITS_MS: readonly number[] = [50, 100, 200, 400, 800, 1_600];

/**
 * Sends a command. An enrollment that ended while it was on its way is refused like one that had ended before; one that
 * does not know yet that it has started, while its row says so, is asked again for a while.
 * @param send may be called several times: what was refused has had no effect
 * @param waitsMs before each further try
 * @throws HttpProblem 409, or 503 while the Workflow is behind its row; CommandRefused, BillingUnavailable;
 * EnrollmentNotRunning when the row says that it runs
 */
export async function command<Answer>(
  db: Kysely<Database>,
  view: EnrollmentView,
  send: () => Promise<Answer>,
  waitsMs = WAITS_MS,
): Promise<Answer> {
  assertNotEnded(view);
  const [waitMs, ...furtherMs] = waitsMs;
  try {
    return await send();
  } catch (error) {
    if (!(error instanceof EnrollmentNotRunning) && !isNotStarted(error)) {
      throw error;
    }
    const now = await existingEnrollment(db, view.id);
    assertNotEnded(now);
    if (error instanceof EnrollmentNotRunning || now.status === 'awaiting_payment_method') {
      throw error;
    }
    if (waitMs === undefined) {
      throw stillStarting(now);
    }
    await sleep(waitMs);
    return command(db, now, send, furtherMs);
  }
}

function isNotStarted(error: unknown): boolean {
  return error instanceof CommandRefused && error.code === ('enrollment_not_started' satisfies RefusalCode);
}

function stillStarting({ id, status }: EnrollmentView): HttpProblem {
  return new HttpProblem(
    503,
    'enrollment_starting',
    `${id} is ${status}, and its Workflow is about to hear of its payment method; the same request may be repeated`,
    { headers: { 'retry-after': '1' } },
  );
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
