/** Terms between the public API, snake_case, and the domain. The rules of terms are in domain/terms-check.ts. Pure. */
import { splitAmount } from '../domain/money.ts';
import type { Schedule, Terms } from '../domain/terms.ts';
import type { TermsProblem } from '../domain/terms-check.ts';
import { invalidRequest, type ProblemIssue } from './problems.ts';
import type { GivenTerms, TermsObject } from './schemas/terms.ts';

type GivenSchedule = GivenTerms['schedule'];

/** Where terms stand in a request. */
const AT = 'terms';

/** @throws HttpProblem 400 when instalments are given in no way, in both, or in a total that cannot be split */
export function readTerms(given: GivenTerms): Terms {
  return {
    currency: given.currency,
    schedule: readSchedule(given),
    captureMethod: given.capture_method,
    dunning: {
      retryAfterDays: given.dunning.retry_after_days,
      afterLastTry: given.dunning.after_last_try,
    },
    lateSuccess: given.late_success,
    afterLostDispute: given.after_lost_dispute,
    reauthorizeHolds: given.reauthorize_holds,
    tryOtherMethod: given.try_other_method,
    catchUp: given.catch_up,
    setupDeadlineDays: given.setup_deadline_days,
  };
}

/** A problem of the domain's in the words of the request: `schedule.amountMinor` is `terms.schedule.amount_minor`. */
export function termsIssue(problem: TermsProblem, given: GivenTerms): ProblemIssue {
  const split = given.schedule.type === 'installments' && given.schedule.amounts_minor === undefined;
  const field = split
    ? problem.field.replace(/^schedule\.amountsMinor.*/, 'schedule.totalAmountMinor')
    : problem.field;
  const param = `${AT}.${field.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)}`;
  return { param, message: `${param}: ${problem.message}` };
}

function readSchedule({ schedule: given, currency, time_zone: ofTerms }: GivenTerms): Schedule {
  // Left out where it was not said, so that terms of requests before it existed keep their fingerprint.
  const zone = ofTerms === undefined ? {} : { timeZone: ofTerms };
  switch (given.type) {
    case 'once':
      return { type: 'once', amountMinor: given.amount_minor, at: given.at, ...zone };
    case 'installments':
      return {
        type: 'installments',
        amountsMinor: readInstallments(given, currency),
        ...readClock(given, ofTerms),
      };
    case 'recurring':
      return {
        type: 'recurring',
        amountMinor: given.amount_minor,
        ...readClock(given, ofTerms),
        trialDays: given.trial_days,
        endsAt: given.ends_at,
        maxCharges: given.max_charges,
      };
    case 'on_demand':
      return { type: 'on_demand', ...zone };
    default:
      return given satisfies never;
  }
}

function readInstallments(
  given: Extract<GivenSchedule, { type: 'installments' }>,
  currency: string,
): number[] {
  const { amounts_minor: amounts, total_amount_minor: total, count } = given;
  if (amounts !== undefined && total === undefined && count === undefined) {
    return amounts;
  }
  if (amounts !== undefined || total === undefined || count === undefined) {
    const param = `${AT}.schedule`;
    const expected = 'expected either amounts_minor, or total_amount_minor with count';
    throw invalidRequest([{ param, message: `${param}: ${expected}` }]);
  }
  try {
    return splitAmount(total, count, currency);
  } catch (error) {
    if (error instanceof RangeError) {
      const param = `${AT}.schedule.total_amount_minor`;
      throw invalidRequest([{ param, message: `${param}: ${error.message}` }]);
    }
    throw error;
  }
}

function readClock(given: Extract<GivenSchedule, { interval: unknown }>, ofTerms = 'UTC') {
  return {
    interval: given.interval,
    startsAt: given.starts_at,
    timeZone: given.time_zone ?? ofTerms,
    localHour: given.local_hour,
    // Left out where it was not said, as above.
    ...(given.spread_minutes === undefined ? {} : { spread: { minutes: given.spread_minutes } }),
  };
}

/** Terms as the API answers them. */
export function termsObjectOf(terms: Terms): TermsObject {
  return {
    currency: terms.currency,
    time_zone: terms.schedule.timeZone ?? 'UTC',
    schedule: scheduleObjectOf(terms.schedule),
    capture_method: terms.captureMethod,
    dunning: {
      retry_after_days: terms.dunning.retryAfterDays,
      after_last_try: terms.dunning.afterLastTry,
    },
    late_success: terms.lateSuccess,
    after_lost_dispute: terms.afterLostDispute ?? 'cancel',
    reauthorize_holds: terms.reauthorizeHolds ?? 0,
    try_other_method: terms.tryOtherMethod ?? false,
    catch_up: terms.catchUp,
    setup_deadline_days: terms.setupDeadlineDays,
  };
}

function scheduleObjectOf(schedule: Schedule): TermsObject['schedule'] {
  switch (schedule.type) {
    case 'once':
      return { type: 'once', amount_minor: schedule.amountMinor, at: schedule.at };
    case 'installments':
      return { type: 'installments', amounts_minor: schedule.amountsMinor, ...clockObjectOf(schedule) };
    case 'recurring':
      return {
        type: 'recurring',
        amount_minor: schedule.amountMinor,
        ...clockObjectOf(schedule),
        trial_days: schedule.trialDays,
        ends_at: schedule.endsAt,
        max_charges: schedule.maxCharges,
      };
    case 'on_demand':
      return { type: 'on_demand' };
    default:
      return schedule satisfies never;
  }
}

function clockObjectOf(schedule: Extract<Schedule, { interval: unknown }>) {
  return {
    interval: schedule.interval,
    starts_at: schedule.startsAt,
    time_zone: schedule.timeZone,
    local_hour: schedule.localHour,
    ...(schedule.spread === undefined ? {} : { spread_minutes: schedule.spread.minutes }),
  };
}
