/**
 * Changes of a schedule, and commands that change nothing but what is known: plans anew and writes who asked for it.
 * Called by the enrollment Workflow, which keeps the answer. Never calls Stripe.
 */
import type { Kysely } from 'kysely';
import { extendWait } from '../db/charges.ts';
import { type EnrollmentChange, touchEnrollment } from '../db/enrollments.ts';
import type { Database } from '../db/schema.ts';
import { hasGoneOn, type TimelineFact, tell, toldAt } from '../db/timeline.ts';
import { settle } from '../domain/amount-change.ts';
import { firstChargeAfter, resumeFrom } from '../domain/schedule.ts';
import { leftOutBetween, type ScheduleChanges, withEmptyLists } from '../domain/schedule-changes.ts';
import type { PlannedCharge, PlanTerms, Schedule } from '../domain/terms.ts';
import { catchUpFact } from './charge-record.ts';
import type { ActivityDeps } from './deps.ts';
import { tellIfMethodFails } from './method-notice.ts';
import { type Upcoming, upcomingAfter } from './upcoming.ts';

export interface ScheduleWork {
  enrollmentId: string;
  terms: PlanTerms;
  anchorAt: string;
  /** The last one dealt with, -1 before the first. */
  occurrence: number;
  changes: ScheduleChanges;
  /** ISO 8601, UTC: the Workflow's clock. */
  at: string;
  /** What fell into a pause that ends then is not owed; null when there was none. */
  resumesAt: string | null;
  /**
   * When that pause began, or the one that goes on, if charges were due by then that it kept from being opened: they stay
   * owed. Also the end of the last period before a cancel, if charges are owed from before it.
   */
  pausedAt?: string;
  /** What a change of amount has left over, which meets the next charge; absent when nothing. */
  balance?: { minor: number; currency: string };
  /** What else changes in the row. */
  row: Pick<EnrollmentChange, 'pausedUntil' | 'cancelAt'>;
  /** What is told of it; empty when nobody needs to know. */
  facts: TimelineFact[];
}

/** Asks for the first charge later than an instant, whatever is owed before it. */
export interface ChargeAfterWork extends Pick<ScheduleWork, 'anchorAt' | 'occurrence' | 'changes'> {
  schedule: Schedule;
  /** ISO 8601, UTC. */
  after: string;
}

export interface NoteWork {
  enrollmentId: string;
  /** ISO 8601, UTC. */
  at: string;
  row: Pick<EnrollmentChange, 'pausedUntil' | 'cancelAt' | 'next'>;
  /** A charge that waits longer for its customer; absent in what older versions told. */
  waits?: { chargeId: string; until: string };
  facts: TimelineFact[];
}

export type SchedulePlan = Upcoming & {
  /** The last occurrence dealt with, after a pause. */
  occurrence: number;
};

export function createScheduleActivities(deps: ActivityDeps) {
  return {
    /**
     * Plans what comes next and writes it with the facts. The customer hears of a payment method that fails by then. Safe
     * to repeat.
     */
    async planSchedule(asked: ScheduleWork): Promise<SchedulePlan> {
      // A run of code from before may have kept what newer Activities told it, as they told it.
      const work = { ...asked, changes: withEmptyLists(asked.changes) };
      const { terms, anchorAt, at } = work;
      const from =
        work.resumesAt === null
          ? work
          : resumeFrom(
              terms.schedule,
              anchorAt,
              work.occurrence,
              work.resumesAt,
              work.changes,
              work.pausedAt ?? null,
            );
      const plannedAt = planInstant(work);
      const planAfter = { anchorAt, occurrence: from.occurrence, changes: from.changes };
      const upcoming = upcomingAfter({ terms, planAfter }, plannedAt);
      if (upcoming === undefined) {
        throw new Error('a plan was asked for and none was made');
      }
      const { next, passedOver = 0 } = upcoming;
      const skipped =
        passedOver > 0 ? [catchUpFact(`passed-over-after-${from.occurrence}`, at, passedOver, next)] : [];
      const paused = typeof work.row.pausedUntil === 'object' && work.row.pausedUntil === null;
      await deps.db.transaction().execute(async (trx) => {
        const isNew =
          work.facts.length === 0
            ? !(await hasGoneOn(trx, work.enrollmentId, work))
            : await toldNow(trx, work);
        await tell(trx, work.enrollmentId, [...restedFacts(work, from, next), ...skipped]);
        if (isNew) {
          await touchEnrollment(trx, work.enrollmentId, {
            at,
            next: paused ? null : asCharged(next, work.balance),
            ...work.row,
          });
        }
      });
      // By itself, as below: a card that was good for the charge that was next may be over by the one that is now.
      await tellIfMethodFails(deps.db, work.enrollmentId, at);
      return { ...upcoming, occurrence: from.occurrence };
    },

    /** @returns null when the schedule is over by then. Writes nothing. */
    async findChargeAfter(asked: ChargeAfterWork): Promise<PlannedCharge | null> {
      const { schedule, anchorAt, occurrence, after } = asked;
      return firstChargeAfter(schedule, anchorAt, occurrence, after, withEmptyLists(asked.changes));
    },

    /**
     * Writes facts, and what a command changes in the row, without planning anew. Whoever takes a cancel back hears of a
     * payment method that fails at the charge that now comes after all. Safe to repeat.
     */
    async noteCommand(work: NoteWork): Promise<void> {
      const { waits } = work;
      await deps.db.transaction().execute(async (trx) => {
        if (waits !== undefined) {
          await extendWait(trx, { id: waits.chargeId, until: waits.until, at: work.at });
        }
        if (await toldNow(trx, work)) {
          await touchEnrollment(trx, work.enrollmentId, { at: work.at, ...work.row });
        }
      });
      if (work.row.cancelAt === null) {
        // While it was canceled nobody was told of a method that no charge needed. By itself, since it looks at what has
        // been written; after a crash in between all of this is done again.
        await tellIfMethodFails(deps.db, work.enrollmentId, work.at);
      }
    },
  };
}

/**
 * Whether the row is to follow: a command that was told before has changed it then, and may be written once more long
 * after by an attempt that was given up for dead. One that was told of another instant was another one: a Workflow that
 * was set back counts its commands anew.
 */
async function toldNow(
  trx: Kysely<Database>,
  { enrollmentId, facts }: Pick<NoteWork, 'enrollmentId' | 'facts'>,
): Promise<boolean> {
  const [fact] = facts;
  if (fact === undefined || (await tell(trx, enrollmentId, [...facts])) > 0) {
    return true;
  }
  const at = await toldAt(trx, enrollmentId, fact.key);
  return at?.toISOString() !== new Date(fact.at).toISOString();
}

/** With what it will ask for, which is what rows and pages tell. */
function asCharged(next: PlannedCharge | null, balance: ScheduleWork['balance']): PlannedCharge | null {
  return next === null || balance === undefined
    ? next
    : { ...next, amountMinor: settle(next.amountMinor, balance.currency, balance.minor).chargeMinor };
}

/** A pause that is still to end plans from its end, and one that goes on as of when it began: later ones are not owed. */
function planInstant({ at, resumesAt, pausedAt }: ScheduleWork): string {
  return resumesAt === null ? (pausedAt ?? at) : resumesAt > at ? resumesAt : at;
}

/** What fell into a pause is not charged: how many, and why, stays with the enrollment. */
function restedFacts(
  work: ScheduleWork,
  after: { occurrence: number; changes: ScheduleChanges },
  next: PlannedCharge | null,
): TimelineFact[] {
  const rested = leftOutBetween(work, after);
  const why = 'they fell into a pause';
  return rested === 0 ? [] : [catchUpFact(`rested-until-${work.resumesAt}`, work.at, rested, next, why)];
}
