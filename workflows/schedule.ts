/**
 * The schedule as it goes on: what comes next after a change, a pause or a time in which nothing ran. Called by the
 * handlers and by `workflows/billing.ts`. Planning needs time zones, so an Activity answers and the state keeps it.
 */
import { condition, patched } from '@temporalio/workflow';
import type { NoteWork, ScheduleWork } from '../activities/schedule.ts';
import type { Asker } from '../domain/charge-life.ts';
import { PATCHES } from './patches.ts';
import { publish } from './presentation.ts';
import { type EnrollmentRun, isDisputed } from './run.ts';
import { interactive } from './stripe-activities.ts';

/** What a command is called in the timeline, with what is worth knowing of it. */
export interface Told {
  what: string;
  by: Asker;
  chargeId?: string;
  details?: Record<string, string | number | boolean | null>;
}

/** An entry of the timeline for a command; every command gets its own, numbered. */
export function commandFact(
  run: EnrollmentRun,
  { what, by, chargeId, details }: Told,
): NoteWork['facts'][number] {
  run.state.commands += 1;
  return {
    key: `command-${run.state.commands}/${what}`,
    chargeId: chargeId ?? null,
    at: new Date().toISOString(),
    what,
    who: by.by,
    why: by.reason,
    ...(details === undefined ? {} : { details }),
  };
}

/** Writes a command that changes no plan: into the timeline, and into the row. */
export async function note(run: EnrollmentRun, told: Told, row: NoteWork['row'] = {}): Promise<void> {
  const fact = commandFact(run, told);
  await interactive(`Note: ${told.what}`).noteCommand({
    enrollmentId: run.input.enrollmentId,
    at: fact.at,
    row,
    facts: [fact],
  });
}

/**
 * Waits until nobody else changes the schedule and its next charge is known, then makes one change.
 * @param change asked again at that moment, since what it was checked against may have moved on; it may refuse
 */
export async function changing<Answer>(run: EnrollmentRun, change: () => Promise<Answer>): Promise<Answer> {
  await condition(() => !run.changing);
  run.changing = true;
  try {
    return await change();
  } finally {
    run.changing = false;
    publish(run);
  }
}

/** Plans anew from where the schedule stands. Before it has started there is nothing to plan, and only the facts are written. */
export async function replan(
  run: EnrollmentRun,
  plan: { facts: NoteWork['facts']; row?: ScheduleWork['row']; resumesAt?: string | null },
): Promise<void> {
  const { schedule } = run.state;
  const at = new Date().toISOString();
  const { facts, row = {}, resumesAt = null } = plan;
  const { enrollmentId } = run.input;
  const summary = `Plan the next charge${facts[0] === undefined ? '' : `: ${facts[0].what}`}`;
  if (schedule.anchorAt === null || schedule.planning) {
    await interactive(summary).noteCommand({ enrollmentId, at, row, facts });
    return;
  }
  const planned = await interactive(summary).planSchedule({
    enrollmentId,
    terms: run.terms,
    anchorAt: schedule.anchorAt,
    occurrence: schedule.occurrence,
    changes: schedule.changes,
    at,
    resumesAt,
    row,
    facts,
  });
  const { occurrence, changes, next, following } = planned;
  if (occurrence > schedule.occurrence) {
    // Nothing was charged for the period that the pause ended in.
    schedule.paid = null;
  }
  Object.assign(schedule, { occurrence, changes, following });
  schedule.next = next;
  schedule.confirmedOverdue =
    next !== null && Date.parse(next.dueAt) <= Date.parse(at) ? next.occurrence : null;
}

/** After downtime: what of the charges that fell due meanwhile is still owed is the terms' to say. */
export async function catchUp(run: EnrollmentRun): Promise<void> {
  await changing(run, () => replan(run, { facts: [] }));
}

/** Ends a pause: what fell into it is not owed. */
export async function endPause(run: EnrollmentRun, by: Asker): Promise<void> {
  await changing(run, async () => {
    const { paused, schedule } = run.state;
    if (paused === null) {
      return;
    }
    await condition(() => !schedule.planning);
    const facts = [commandFact(run, { what: 'enrollment.resumed', by })];
    await replan(run, { facts, row: { pausedUntil: false }, resumesAt: new Date().toISOString() });
    run.state.paused = null;
  });
}

/**
 * A charge has fallen due and is about to be opened: no Worker was there in time, say. After the period with which the
 * enrollment ends none is opened any more, and who waited for it would keep the enrollment from ending.
 */
function isDue({ state }: EnrollmentRun): boolean {
  const { next } = state.schedule;
  const { cancel, cancelLater, paused } = state;
  const isOver = cancel !== null || (cancelLater !== null && Date.parse(cancelLater.at) <= Date.now());
  const held = isOver || paused !== null || isDisputed(state);
  return !held && next !== null && Date.parse(next.dueAt) <= Date.now();
}

/** Starts a pause: the schedule rests, what is past due goes on being collected, also what fell due just before. */
export async function startPause(run: EnrollmentRun, by: Asker, resumeAt: string | null): Promise<void> {
  if (isDue(run) && patched(PATCHES.dueBeforePause)) {
    await condition(() => !isDue(run) || run.leaving);
  }
  await changing(run, async () => {
    const facts = [commandFact(run, { what: 'enrollment.paused', by, details: { resumes_at: resumeAt } })];
    run.state.paused = { ...by, resumeAt };
    const { enrollmentId } = run.input;
    await interactive('Pause').noteCommand({
      enrollmentId,
      at: new Date().toISOString(),
      row: { pausedUntil: resumeAt, next: null },
      facts,
    });
  });
}
