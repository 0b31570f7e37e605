/** Terms as Workflows and Activities tell them to each other: without what was not agreed. Pure. */

import type { InstallmentsSchedule, RecurringSchedule, Schedule, Terms } from './terms.ts';
import { type Told, told } from './told.ts';

/** Optional in {@link Terms}, which mean the same without. */
const NOT_AGREED = { reauthorizeHolds: 0, tryOtherMethod: false };
const NOT_AGREED_OF_INSTALLMENTS = { localHour: null };
const NOT_AGREED_OF_RECURRING = { localHour: null, trialDays: 0, endsAt: null, maxCharges: null };

export type ToldSchedule =
  | Exclude<Schedule, InstallmentsSchedule | RecurringSchedule>
  | Told<InstallmentsSchedule, typeof NOT_AGREED_OF_INSTALLMENTS>
  | Told<RecurringSchedule, typeof NOT_AGREED_OF_RECURRING>;

/** {@link Terms}, or a part of them, with a {@link ToldSchedule}. */
export type ToldTerms<Part extends Pick<Terms, 'schedule'>> = Omit<Part, 'schedule'> & {
  schedule: ToldSchedule;
};

/** All terms, as an enrollment begins with them. */
export function toldTerms(terms: Terms): ToldTerms<Terms> {
  return { ...told(terms, NOT_AGREED), schedule: toldSchedule(terms.schedule) };
}

export function toldSchedule(schedule: Schedule): ToldSchedule {
  switch (schedule.type) {
    case 'recurring':
      return told(schedule, NOT_AGREED_OF_RECURRING);
    case 'installments':
      return told(schedule, NOT_AGREED_OF_INSTALLMENTS);
    default:
      return schedule;
  }
}

/** The whole of what {@link toldSchedule} told, and of a schedule that was told whole. */
export function scheduleOf(schedule: ToldSchedule): Schedule {
  switch (schedule.type) {
    case 'recurring':
      return { ...NOT_AGREED_OF_RECURRING, ...schedule };
    case 'installments':
      return { ...NOT_AGREED_OF_INSTALLMENTS, ...schedule };
    default:
      return schedule;
  }
}
