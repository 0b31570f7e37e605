/**
 * Whether terms make sense before anybody agrees to them: called by the API when an enrollment is created. Uses
 * the host's time zones, so never by Workflows.
 */
import { MOST_RETRIES_PER_CHARGE } from './card-budgets.ts';
import { isTimeZone } from './local-time.ts';
import { checkAmount } from './money.ts';
import { anchorOf, plannedCharge } from './schedule.ts';
import type {
  DunningPolicy,
  InstallmentsSchedule,
  Interval,
  RecurringSchedule,
  Schedule,
  Terms,
} from './terms.ts';

/** `field` is the path in {@link Terms}, e.g. `schedule.interval.count`; `message` says the value and what was expected. */
export interface TermsProblem {
  field: string;
  message: string;
}

/** The longest interval of each unit: three years, as at Stripe; a day for minutes, which are for watching. */
export const LONGEST_INTERVAL: Readonly<Record<Interval['unit'], number>> = {
  minute: 1440,
  day: 1095,
  week: 156,
  month: 36,
  year: 3,
};
/** A spread stays within the local day. */
export const LONGEST_SPREAD_MINUTES = 1440;
export const MOST_INSTALLMENTS = 120;
export const MOST_CHARGES = 10_000;
export const LONGEST_TRIAL_DAYS = 730;
export const LONGEST_RETRY_DELAY_DAYS = 30;
export const LONGEST_SETUP_DEADLINE_DAYS = 365;
/** A beginning that lies further back is a typing error: it would charge at once, and anchor the schedule at that moment. */
export const FURTHEST_BACK_HOURS = 24;

/**
 * Everything that is wrong with the terms, in the order of their fields; an empty list when nothing is.
 * @param now ISO 8601; the earliest moment that the method could be saved
 */
export function checkTerms(terms: Terms, now: string, allowMinutes: boolean): TermsProblem[] {
  const { schedule, dunning, currency, setupDeadlineDays } = terms;
  const problems = [
    ...amounts(schedule, currency),
    ...('interval' in schedule ? repetition(schedule, allowMinutes) : []),
    ...zone(schedule),
    ...instants(schedule, now),
    ...('interval' in schedule ? spreading(schedule) : []),
    ...(schedule.type === 'recurring' ? counts(schedule) : []),
    ...checkDunningPolicy(dunning),
    ...within('setupDeadlineDays', setupDeadlineDays, 1, LONGEST_SETUP_DEADLINE_DAYS),
  ];
  return problems.length > 0 ? problems : neverCharged(schedule, now);
}

/** Everything that is wrong with a dunning policy. */
export function checkDunningPolicy(policy: DunningPolicy): TermsProblem[] {
  const { retryAfterDays } = policy;
  const problems = retryAfterDays.flatMap((days, index) =>
    days > 0 && days <= LONGEST_RETRY_DELAY_DAYS
      ? []
      : problem(
          `dunning.retryAfterDays.${index}`,
          `${days}; expected more than 0 days, ${LONGEST_RETRY_DELAY_DAYS} at most`,
        ),
  );
  return retryAfterDays.length <= MOST_RETRIES_PER_CHARGE
    ? problems
    : [
        ...problem(
          'dunning.retryAfterDays',
          `${retryAfterDays.length} retries; expected ${MOST_RETRIES_PER_CHARGE} at most`,
        ),
        ...problems,
      ];
}

function amounts(schedule: Schedule, currency: string): TermsProblem[] {
  const check = (field: string, amountMinor: number) => {
    const wrong = checkAmount(amountMinor, currency);
    return wrong ? problem(wrong.code === 'currency_not_supported' ? 'currency' : field, wrong.message) : [];
  };
  switch (schedule.type) {
    case 'once':
    case 'recurring':
      return check('schedule.amountMinor', schedule.amountMinor);
    case 'installments': {
      const { length } = schedule.amountsMinor;
      const counted = within('schedule.amountsMinor', length, 1, MOST_INSTALLMENTS, ' amounts');
      const each = schedule.amountsMinor.flatMap((amount, index) =>
        check(`schedule.amountsMinor.${index}`, amount),
      );
      return [...counted, ...each];
    }
    case 'on_demand':
      return currencyOnly(currency);
    default:
      return schedule satisfies never;
  }
}

function currencyOnly(currency: string): TermsProblem[] {
  const wrong = checkAmount(0, currency);
  return wrong?.code === 'currency_not_supported' ? problem('currency', wrong.message) : [];
}

function repetition(
  schedule: InstallmentsSchedule | RecurringSchedule,
  allowMinutes: boolean,
): TermsProblem[] {
  const { interval, localHour } = schedule;
  const minutes =
    interval.unit === 'minute' && !allowMinutes
      ? problem('schedule.interval.unit', 'minute is switched off here; expected day, week, month or year')
      : [];
  const count = within('schedule.interval.count', interval.count, 1, LONGEST_INTERVAL[interval.unit]);
  return [
    ...minutes,
    ...count,
    ...(localHour === null ? [] : within('schedule.localHour', localHour, 0, 23)),
  ];
}

/** The day that is left after the agreed hour is all that can be spread over. */
function spreading({
  spread,
  interval,
  startsAt,
  localHour,
}: InstallmentsSchedule | RecurringSchedule): TermsProblem[] {
  if (spread === undefined) {
    return [];
  }
  const field = 'schedule.spreadMinutes';
  if (interval.unit === 'minute') {
    return problem(field, 'minutes are not spread; expected an interval of days, weeks, months or years');
  }
  if (startsAt === null && localHour === null) {
    return problem(
      field,
      'every enrollment has its own time of day; expected local_hour or starts_at beside it',
    );
  }
  return within(field, spread.minutes, 1, LONGEST_SPREAD_MINUTES - (localHour ?? 0) * 60);
}

function zone({ timeZone = 'UTC' }: Schedule): TermsProblem[] {
  return isTimeZone(timeZone)
    ? []
    : problem('schedule.timeZone', `'${timeZone}' is no time zone; expected an IANA name, e.g. Asia/Tokyo`);
}

function instants(schedule: Schedule, now: string): TermsProblem[] {
  const given: Record<string, string | null> = {
    ...('at' in schedule ? { at: schedule.at } : {}),
    ...('startsAt' in schedule ? { startsAt: schedule.startsAt } : {}),
    ...('endsAt' in schedule ? { endsAt: schedule.endsAt } : {}),
  };
  const oldest = Date.parse(now) - FURTHEST_BACK_HOURS * 3_600_000;
  return Object.entries(given).flatMap(([name, value]) => {
    const at = value === null ? Number.POSITIVE_INFINITY : Date.parse(value);
    if (Number.isNaN(at)) {
      return problem(
        `schedule.${name}`,
        `'${value}' is no instant; expected ISO 8601, e.g. 2026-11-01T09:00:00Z`,
      );
    }
    // Of an end that is past it is said with the first charge beside it.
    return at >= oldest || name === 'endsAt'
      ? []
      : problem(
          `schedule.${name}`,
          `'${value}' is past, it is ${now} now; expected an instant ahead, or nothing for when the payment method is saved`,
        );
  });
}

function counts({ trialDays, maxCharges }: RecurringSchedule): TermsProblem[] {
  return [
    ...within('schedule.trialDays', trialDays, 0, LONGEST_TRIAL_DAYS),
    ...(maxCharges === null ? [] : within('schedule.maxCharges', maxCharges, 1, MOST_CHARGES)),
  ];
}

/** Asked of terms that are sound otherwise: an end that no charge can come before. */
function neverCharged(schedule: Schedule, now: string): TermsProblem[] {
  if (schedule.type !== 'recurring' || schedule.endsAt === null) {
    return [];
  }
  const first = anchorOf(schedule, now);
  if (plannedCharge(schedule, first, 0) !== null) {
    return [];
  }
  return problem('schedule.endsAt', `${schedule.endsAt} is before the first charge could fall due, ${first}`);
}

function within(field: string, value: number, least: number, most: number, unit = ''): TermsProblem[] {
  return Number.isSafeInteger(value) && value >= least && value <= most
    ? []
    : problem(field, `${value}${unit}; expected a whole number from ${least} to ${most}`);
}

function problem(field: string, message: string): TermsProblem[] {
  return [{ field, message }];
}
