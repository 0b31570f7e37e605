/**
 * Terms as an operator reads them in the Temporal UI. Called when a Workflow is started, and by its later runs; for
 * customers there are the templates. Free of personal data, and so of the caller's own description and metadata.
 */
import { amountText, sumMinor } from './money.ts';
import type { Interval, Schedule, Terms } from './terms.ts';

/** One line, e.g. `JPY 1980 every month, at most 12 times`; far below the 400 bytes that Temporal keeps. */
export function termsSummary(terms: Terms): string {
  const { schedule, currency } = terms;
  const money = (amountMinor: number) => amountText(amountMinor, currency);
  switch (schedule.type) {
    case 'once':
      return `${money(schedule.amountMinor)} once, ${schedule.at === null ? 'as soon as a payment method is saved' : `on ${schedule.at}`}`;
    case 'installments': {
      const total = money(sumMinor(schedule.amountsMinor));
      return `${total} in ${schedule.amountsMinor.length} payments, one ${everyInterval(schedule.interval)}`;
    }
    case 'recurring': {
      const trial = schedule.trialDays === 0 ? '' : ` after a trial of ${schedule.trialDays} days`;
      const times = schedule.maxCharges === null ? '' : `, at most ${schedule.maxCharges} times`;
      const end = schedule.endsAt === null ? '' : `, until ${schedule.endsAt}`;
      return `${money(schedule.amountMinor)} ${everyInterval(schedule.interval)}${trial}${times}${end}`;
    }
    case 'on_demand':
      return `${currency.toUpperCase()} on demand, each charge asked for through the API`;
    default:
      return schedule satisfies never;
  }
}

/** Markdown list of everything that was agreed besides {@link termsSummary}. */
export function termsDetails(terms: Terms): string {
  const { retryAfterDays, afterLastTry } = terms.dunning;
  const retries =
    retryAfterDays.length === 0
      ? 'no automatic retry'
      : `retries ${retryAfterDays.join(', ')} days after the decline before`;
  const lines = [
    ['Terms', termsSummary(terms)],
    ['Clock', clock(terms.schedule)],
    ['Capture', terms.captureMethod === 'manual' ? 'manual: funds are held until captured' : 'automatic'],
    ['After a decline', `${retries}, then ${AFTER_LAST_TRY[afterLastTry]}`],
    ['Fell due while nothing ran', CATCH_UP[terms.catchUp]],
    ['Paid after a cancel', terms.lateSuccess === 'refund' ? 'refunded' : 'kept'],
    ['Without a payment method', `expires after ${terms.setupDeadlineDays} days`],
  ];
  return lines.map(([name, text]) => `- **${name}**: ${text}`).join('\n');
}

const AFTER_LAST_TRY = {
  cancel: 'the enrollment is canceled',
  pause: 'the enrollment is paused',
  keep_active: 'the charge is given up and the schedule goes on',
} as const satisfies Record<Terms['dunning']['afterLastTry'], string>;

const CATCH_UP = {
  charge_all: 'each is charged',
  charge_latest: 'only the latest is charged',
  skip: 'not charged',
} as const satisfies Record<Terms['catchUp'], string>;

function everyInterval(interval: Interval): string {
  return interval.count === 1 ? `every ${interval.unit}` : `every ${interval.count} ${interval.unit}s`;
}

function clock(schedule: Schedule): string {
  if (schedule.type === 'once' || schedule.type === 'on_demand') {
    return schedule.timeZone ?? 'UTC';
  }
  const start =
    schedule.startsAt === null ? 'counted from saving the payment method' : `starts ${schedule.startsAt}`;
  const hour = schedule.localHour === null ? '' : `, at ${schedule.localHour}:00`;
  const spread = schedule.spread === undefined ? '' : `, spread over ${schedule.spread.minutes} minutes`;
  return `${schedule.timeZone}${hour}${spread}, ${start}`;
}
