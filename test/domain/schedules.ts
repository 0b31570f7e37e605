/** Schedules for the tests of their rules: monthly, in UTC, with what a test says otherwise. */
import { plannedCharge } from '../../domain/schedule.ts';
import type { ScheduleChanges } from '../../domain/schedule-changes.ts';
import type { InstallmentsSchedule, RecurringSchedule, Schedule } from '../../domain/terms.ts';

export function recurring(given: Partial<RecurringSchedule> = {}): RecurringSchedule {
  return {
    type: 'recurring',
    amountMinor: 1000,
    interval: { unit: 'month', count: 1 },
    startsAt: null,
    timeZone: 'UTC',
    localHour: null,
    trialDays: 0,
    endsAt: null,
    maxCharges: null,
    ...given,
  };
}

export function installments(given: Partial<InstallmentsSchedule> = {}): InstallmentsSchedule {
  return {
    type: 'installments',
    amountsMinor: [334, 333, 333],
    interval: { unit: 'month', count: 1 },
    startsAt: null,
    timeZone: 'UTC',
    localHour: null,
    ...given,
  };
}

/** When the charges at these places fall due; null for one that there is none of. */
export function dueAts(
  schedule: Schedule,
  anchorAt: string,
  places: readonly number[],
  changes?: ScheduleChanges,
) {
  return places.map((place) => plannedCharge(schedule, anchorAt, place, changes)?.dueAt ?? null);
}
