/** What comes next on a schedule: asked by Activities, since the answer needs time zones. Pure. */
import { planAfter, plannedCharge } from '../domain/schedule.ts';
import {
  notLeftOut,
  type ScheduleChanges,
  type SparseChanges,
  withEmptyLists,
  withoutEmptyLists,
  withoutPast,
} from '../domain/schedule-changes.ts';
import type { PlannedCharge, PlanTerms } from '../domain/terms.ts';
import { type Told, told, USUAL_PLAN } from '../domain/told.ts';

/** As it is handed over. */
export type Upcoming = Told<Plan, typeof USUAL_PLAN>;

interface Plan {
  next: PlannedCharge | null;
  /** The charge after that one; where `next` may be moved to ends there. */
  following: PlannedCharge | null;
  /** Charges that the catch-up rule gave up. */
  passedOver: number;
  /** As they were, without what can no longer matter. */
  changes: SparseChanges;
}

/** @returns undefined when no plan was asked for */
export function upcomingAfter(
  work: {
    terms: PlanTerms;
    planAfter: { anchorAt: string; occurrence: number; changes?: SparseChanges } | null;
  },
  at: string,
): Upcoming | undefined {
  if (work.planAfter === null) {
    return undefined;
  }
  const { anchorAt, occurrence, changes: all } = work.planAfter;
  const { schedule, catchUp } = work.terms;
  const changes = withoutPast(withEmptyLists(all), occurrence);
  const plan = planAfter(schedule, anchorAt, occurrence, at, catchUp, changes);
  const next = plan.due[0] ?? plan.next;
  const upcoming: Plan = {
    next,
    following: followingOf(work.terms, anchorAt, next, changes),
    passedOver: plan.passedOver,
    changes: withoutEmptyLists(changes),
  };
  return told(upcoming, USUAL_PLAN);
}

function followingOf(
  { schedule }: PlanTerms,
  anchorAt: string,
  next: PlannedCharge | null,
  changes: ScheduleChanges,
): PlannedCharge | null {
  if (next === null) {
    return null;
  }
  return plannedCharge(schedule, anchorAt, notLeftOut(changes, next.occurrence + 1), changes);
}
