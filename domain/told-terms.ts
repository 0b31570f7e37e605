/** Terms as Workflows and Activities tell them to each other: without what was not agreed. Pure. */

import type { InstallmentsSchedule, RecurringSchedule, Schedule, Terms } from './terms.ts';
import { type Told, told } from './told.ts';

/** Optional in {@link Terms}, which mean the same without. */
const NOT_AGREED: Partial<Terms> = { reauthorizeHolds: 0, tryOtherMethod: false };
const NOT_AGREED_OF_INSTALLMENTS = { localHour: null };
const NOT_AGREED_OF_RECURRING = { localHour: null, trialDays: 0, endsAt: null, maxCharges: null };

export type ToldSchedule =
  | Exclude<Schedule, InstallmentsSchedule | RecurringSchedule>
  | Told<InstallmentsSchedule, typeof NOT_AGREED_OF_INSTALLMENTS>
  | Told<RecurringSchedule, typeof NOT_AGREED_OF_RECURRING>;

/** {@link Terms}, or a part of them, with a {@link ToldSchedule}. */
export type ToldTerms<Part extends Pick<Terms, 'schedule'> = Terms> = Omit<Part, 'schedule'> & {
  schedule: ToldSchedule;
};

export function toldTerms<Part extends Pick<Terms, 'schedule'>>(terms: Part): ToldTerms<Part> {
  return {
    ...told(terms, NOT_AGREED as Partial<Part>),
    schedule: toldSchedule(terms.schedule),
  } as ToldTerms<Part>;
}

/** The whole of what {@link toldTerms} told, and of terms that were told whole. */
export function termsOf<Part extends Pick<Terms, 'schedule'>>(terms: ToldTerms<Part>): Part {
  return { ...terms, schedule: scheduleOf(terms.schedule) } as unknown as Part;
}

function toldSchedule(schedule: Schedule): ToldSchedule {
  switch (schedule.type) {
    case 'recurring':
      return told(schedule, NOT_AGREED_OF_RECURRING);
    case 'installments':
      return told(schedule, NOT_AGREED_OF_INSTALLMENTS);
    default:
      return schedule;
  }
}

function scheduleOf(schedule: ToldSchedule): Schedule {
  switch (schedule.type) {
    case 'recurring':
      return { ...NOT_AGREED_OF_RECURRING, ...schedule };
    case 'installments':
      return { ...NOT_AGREED_OF_INSTALLMENTS, ...schedule };
    default:
      return schedule;
  }
}
