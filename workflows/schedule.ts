/**
 * The schedule as it goes on: what comes next after a change, a pause or a time in which nothing ran. Called by the
 * handlers and by `workflows/billing.ts`. Planning needs time zones, so an Activity answers and the state keeps it.
 */
import { condition, patched } from '@temporalio/workflow';
import type { NoteWork, ScheduleWork } from '../activities/schedule.ts';
import { keyDetails } from '../domain/keyed-requests.ts';
import type { Asker } from '../domain/open-charge.ts';
import { withEmptyLists } from '../domain/schedule-changes.ts';
import { planTermsOf } from '../domain/terms.ts';
import { owedAtEnd, owedSince, periodOver } from './owed.ts';
import { PATCHES } from './patches.ts';
import { publish } from './presentation.ts';
import { type EnrollmentRun, isDisputed, noteHoldOver, type Pause, setSchedule } from './run.ts';
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
  const all = { ...details, ...keyDetails(by) };
  return {
    key: `command-${run.state.commands}/${what}`,
    chargeId: chargeId ?? null,
    at: new Date().toISOString(),
    what,
    who: by.by,
    why: by.reason,
    ...(Object.keys(all).length === 0 ? {} : { details: all }),
  };
}

/** Writes a command that changes no plan: into the timeline, and into the row. */
export async function note(
  run: EnrollmentRun,
  told: Told,
  row: NoteWork['row'] = {},
  more: Pick<NoteWork, 'waits'> = {},
): Promise<void> {
  const fact = commandFact(run, told);
  await interactive(`Note: ${told.what}`).noteCommand({
    enrollmentId: run.input.enrollmentId,
    at: fact.at,
    row,
    facts: [fact],
    ...more,
  });
}

/**
 * Waits until nobody else changes the schedule and its next charge is known, then makes one change.
 * @param change asked again at that moment, since what it was checked against may have moved on; it may refuse
 * @param isReady what else is waited for, while others may go first
 */
export async function changing<Answer>(
  run: EnrollmentRun,
  change: () => Promise<Answer>,
  isReady = () => true,
): Promise<Answer> {
  do {
    await condition(() => !run.changing && isReady());
    // All who wait are woken together, and the first of them may have begun meanwhile.
  } while (run.changing && patched(PATCHES.oneChangeAtATime));
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
  plan: { facts: NoteWork['facts']; row?: ScheduleWork['row']; resumesAt?: string },
): Promise<void> {
  const { schedule, balanceMinor } = run.state;
  const at = new Date().toISOString();
  const { facts, row = {}, resumesAt = null } = plan;
  const pausedAt = judgedAsOf(run);
  const { enrollmentId } = run.input;
  const summary = `Plan the next charge${facts[0] === undefined ? '' : `: ${facts[0].what}`}`;
  if (schedule.anchorAt === null || schedule.planning) {
    await interactive(summary).noteCommand({ enrollmentId, at, row, facts });
    return;
  }
  const planned = await interactive(summary).planSchedule({
    enrollmentId,
    terms: planTermsOf(run.terms),
    anchorAt: schedule.anchorAt,
    occurrence: schedule.occurrence,
    changes: schedule.changes,
    at,
    resumesAt,
    ...(pausedAt === undefined ? {} : { pausedAt }),
    ...(balanceMinor === 0 ? {} : { balance: { minor: balanceMinor, currency: run.terms.currency } }),
    row,
    facts,
  });
  const { occurrence, next, following } = planned;
  const changes = withEmptyLists(planned.changes);
  if (occurrence > schedule.occurrence) {
    // Nothing was charged for the period that the pause ended in.
    schedule.paid = null;
  }
  setSchedule(run, { occurrence, changes, following });
  schedule.next = next;
  schedule.confirmedOverdue =
    next !== null && Date.parse(next.dueAt) <= Date.parse(at) ? next.occurrence : null;
}

/**
 * What is owed since before a pause is judged as of its beginning, and what is owed after the period with which the
 * enrollment ends as of that end: nothing later, which is not owed, takes its place.
 */
function judgedAsOf(run: EnrollmentRun): string | undefined {
  const { paused, cancelLater } = run.state;
  if (owedSince(run) !== null) {
    return paused?.owed?.until;
  }
  return cancelLater === null || owedAtEnd(run) === null
    ? undefined
    : new Date(Math.min(Date.now(), Date.parse(cancelLater.at) - 1)).toISOString();
}

/** After downtime: what of the charges that fell due meanwhile is still owed is the terms' to say. */
export async function catchUp(run: EnrollmentRun): Promise<void> {
  await changing(run, () => replan(run, { facts: [] }));
}

/** Ends a pause: what fell into it is not owed. What fell due before it, or after the day that was said, is. */
export async function endPause(run: EnrollmentRun, by: Asker): Promise<void> {
  await changing(run, async () => {
    const { paused, schedule } = run.state;
    if (paused === null) {
      return;
    }
    await condition(() => !schedule.planning);
    const facts = [commandFact(run, { what: 'enrollment.resumed', by })];
    const resumesAt = endOf(paused);
    await replan(run, { facts, row: { pausedUntil: false }, resumesAt });
    if (run.state.paused === paused) {
      // Not one that a lost dispute has prolonged meanwhile: it writes its row in its turn.
      run.state.paused = null;
      noteHoldOver(run, resumesAt);
    }
  });
}

/** Now, or the instant that was said: who was away when the pause was over must not make it longer. */
function endOf({ resumeAt }: Pause): string {
  const now = Date.now();
  return new Date(resumeAt === null ? now : Math.min(Date.parse(resumeAt), now)).toISOString();
}

/**
 * A charge has fallen due and is about to be opened: no Worker was there in time, say. After the period with which the
 * enrollment ends none is opened any more, and who waited for it would keep the enrollment from ending.
 */
export function isDue(run: EnrollmentRun): boolean {
  const { state } = run;
  const { next } = state.schedule;
  const isOver = state.cancel !== null || periodOver(run) !== null;
  const held = isOver || state.paused !== null || isDisputed(state);
  return !held && next !== null && Date.parse(next.dueAt) <= Date.now();
}

/**
 * Starts a pause: the schedule rests, what is past due goes on being collected, also what fell due just before.
 * @param collected when what is held back at that moment is collected: as soon as nothing holds it, or after the pause
 * @param check refuses when its turn has come; a pause by policy has nobody to refuse it to
 */
export async function startPause(
  run: EnrollmentRun,
  by: Asker,
  resumeAt: string | null,
  { collected = 'meanwhile', check }: { collected?: 'meanwhile' | 'afterwards'; check?: () => void } = {},
): Promise<void> {
  if (isDue(run) && !owesBefore(run) && patched(PATCHES.dueBeforePause)) {
    await condition(() => !isDue(run) || run.leaving);
  }
  await changing(run, async () => {
    check?.();
    const facts = [commandFact(run, { what: 'enrollment.paused', by, details: { resumes_at: resumeAt } })];
    const owed = owesBefore(run) ? { owed: { until: new Date().toISOString(), collected } } : {};
    run.state.paused = { ...by, resumeAt, ...owed };
    const { enrollmentId } = run.input;
    await interactive('Pause').noteCommand({
      enrollmentId,
      at: new Date().toISOString(),
      row: { pausedUntil: resumeAt, next: null },
      facts,
    });
  });
}

/** A pause that is under way lasts until a person ends it, and what was due before it waits for that. */
export async function prolongPause(run: EnrollmentRun, paused: Pause, by: Asker): Promise<void> {
  // At once: what held back what is owed may be over.
  const { owed } = paused;
  const prolonged: Pause = {
    ...paused,
    ...by,
    resumeAt: null,
    ...(owed === undefined ? {} : { owed: { ...owed, collected: 'afterwards' } }),
  };
  run.state.paused = prolonged;
  await changing(run, async () => {
    if (run.state.paused === prolonged) {
      const told = { what: 'enrollment.paused', by, details: { resumes_at: null } };
      await note(run, told, { pausedUntil: null, next: null });
    }
  });
}

/** Whether something has fallen due that is not opened yet. What follows on a charge being opened is not known yet. */
function owesBefore({ state }: EnrollmentRun): boolean {
  const { next, planning } = state.schedule;
  const owes = planning || (next !== null && Date.parse(next.dueAt) <= Date.now());
  return owes && patched(PATCHES.owedOutlivesPause);
}
