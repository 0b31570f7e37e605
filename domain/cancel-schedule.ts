/**
 * What the schedule would bring when a cancel is asked for: what is owed and held back, and what comes after it, by the
 * rules by which the Workflow then cancels and collects. Called by the API, never by Workflows: it asks time zones.
 */
import type { CancelFacts, ScheduleAtCancel } from './cancel-preview.ts';
import { epochMs, isoInstant } from './local-time.ts';
import { firstChargeAfter, planAfter } from './schedule.ts';
import type { PlannedCharge } from './terms.ts';

/** @param now ISO 8601, UTC; where the Workflow's clock is ahead of it, that one counts */
export function scheduleAtCancel(facts: CancelFacts, now: string): ScheduleAtCancel {
  const nowMs = Math.max(epochMs(now), epochMs(facts.at));
  const { anchorAt, occurrence, changes, terms } = facts;
  const until = owedUntil(facts, nowMs);
  if (anchorAt === null || until === null) {
    return { owed: [], next: facts.next, endsAt: endOf(facts.next, nowMs) };
  }
  const next = firstChargeAfter(terms.schedule, anchorAt, occurrence, until, changes);
  return { owed: owedBy(facts, anchorAt, until), next, endsAt: endOf(next, nowMs) };
}

/** Now where a pause has outlasted the period. */
function endOf(next: PlannedCharge | null, nowMs: number): string | null {
  return next && isoInstant(Math.max(epochMs(next.dueAt), nowMs));
}

/** What has fallen due until then is owed; null where nothing is. */
function owedUntil({ paused, cancelAt }: CancelFacts, nowMs: number): string | null {
  if (paused !== null) {
    return paused.owedUntil;
  }
  // What falls due with the end of the last period is not owed.
  return isoInstant(cancelAt === null ? nowMs : Math.min(nowMs, epochMs(cancelAt) - 1));
}

function owedBy(facts: CancelFacts, anchorAt: string, until: string): PlannedCharge[] {
  const { terms, next, confirmedOverdue, changes } = facts;
  const owed = next !== null && next.occurrence === confirmedOverdue ? [next] : [];
  let from = owed[0]?.occurrence ?? facts.occurrence;
  for (;;) {
    const { due } = planAfter(terms.schedule, anchorAt, from, until, terms.catchUp, changes);
    const last = due.at(-1);
    if (last === undefined) {
      return owed;
    }
    owed.push(...due);
    from = last.occurrence;
  }
}
