/**
 * What commands have in common. An end is final, so a row that has ended refuses by itself; anything else is for the
 * Workflow to decide. Either may be a moment behind the other: an Activity writes the row before the Workflow hears of it.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Kysely } from 'kysely';
import { findCharge } from '../db/enrollment-history.ts';
import { type EnrollmentView, findEnrollmentView } from '../db/enrollment-views.ts';
import type { Database } from '../db/schema.ts';
import { type ChargeCommand, chargeStep, refusesForNow } from '../domain/charge-states.ts';
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

export interface CommandOptions {
  /** What is asked of one charge, by the name that the table of charges has for it. */
  ofCharge?: { id: string; asks: ChargeCommand };
  /** Before each further try. */
  waitsMs?: readonly number[];
}

/**
 * Sends a command. An enrollment that ended while it was on its way is refused like one that had ended before; a Workflow
 * that does not know yet what its rows say, that the enrollment has started or that the charge allows the command, is asked
 * again for a while.
 * @param send may be called several times: what was refused has had no effect
 * @throws HttpProblem 409, or 503 while the Workflow does not know that it has started; CommandRefused, with `charge_busy`
 * while it is behind a charge's row; BillingUnavailable; EnrollmentNotRunning when the row says that it runs
 */
export async function command<Answer>(
  db: Kysely<Database>,
  view: EnrollmentView,
  send: () => Promise<Answer>,
  options: CommandOptions = {},
): Promise<Answer> {
  const { ofCharge, waitsMs = WAITS_MS } = options;
  const [waitMs, ...furtherMs] = waitsMs;
  assertNotEnded(view);
  try {
    return await send();
  } catch (error) {
    const { now, told } =
      error instanceof CommandRefused && ofCharge !== undefined && refusesForNow(error.code)
        ? { now: view, told: await behindCharge(db, view.id, ofCharge, error) }
        : await behindEnrollment(db, view.id, error);
    if (waitMs === undefined) {
      throw told;
    }
    await sleep(waitMs);
    return command(db, now, send, { ...options, waitsMs: furtherMs });
  }
}

/** @returns what is told when the Workflow stays behind. @throws `error` when it is not behind the enrollment's row */
async function behindEnrollment(
  db: Kysely<Database>,
  id: string,
  error: unknown,
): Promise<{ now: EnrollmentView; told: HttpProblem }> {
  if (!(error instanceof EnrollmentNotRunning) && !isNotStarted(error)) {
    throw error;
  }
  const now = await existingEnrollment(db, id);
  assertNotEnded(now);
  if (error instanceof EnrollmentNotRunning || now.status === 'awaiting_payment_method') {
    throw error;
  }
  return { now, told: stillStarting(now) };
}

/** @returns what is told when the Workflow stays behind. @throws `refused` when the charge's row does not allow it either */
async function behindCharge(
  db: Kysely<Database>,
  enrollmentId: string,
  { id, asks }: NonNullable<CommandOptions['ofCharge']>,
  refused: CommandRefused,
): Promise<CommandRefused> {
  const row = await findCharge(db, enrollmentId, id);
  // A refund that Stripe refused is resumed too, of a charge that has succeeded.
  const isAllowed =
    row !== undefined &&
    (!('refused' in chargeStep(row.status, asks)) || (asks === 'resume' && row.refund_refused !== null));
  if (!isAllowed) {
    throw refused;
  }
  return new CommandRefused(
    'charge_busy' satisfies RefusalCode,
    `${id} is ${row.status}, and its Workflow is about to hear of it; ask again`,
  );
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
