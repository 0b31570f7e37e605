/** What a customer agreed to, in sentences of their language. Called by the account page; pure. */
import type { AmountChange } from '../db/customer-view.ts';
import { formatDay, formatMoney, formatTimeOfDay, formatTimeZone, type Locale } from '../domain/format.ts';
import { sumMinor } from '../domain/money.ts';
import type { InstallmentsSchedule, Interval, RecurringSchedule, Schedule, Terms } from '../domain/terms.ts';
import type { Say } from '../templates/renderer.ts';

/** The time zone that the agreement's days are counted in; UTC when none was agreed. */
export function timeZoneOf(schedule: Schedule): string {
  return schedule.timeZone ?? 'UTC';
}

/**
 * Amount and rhythm first, then start, end, hour, and what follows when a payment fails.
 * @param terms with the enrollment's own place in a spread
 * @param change the newest change of a recurring schedule's amount
 */
export function agreementLines(
  terms: Terms,
  locale: Locale,
  say: Say,
  change: AmountChange | null = null,
): string[] {
  const { schedule } = terms;
  const money = (amountMinor: number) => formatMoney(amountMinor, terms.currency, locale);
  const day = (iso: string) => formatDay(iso, locale, timeZoneOf(schedule));
  return [
    ...(change !== null && schedule.type === 'recurring'
      ? changedLines(schedule, change, money, day, say)
      : scheduleLines(schedule, money, day, say)),
    ...('localHour' in schedule ? clockLines(schedule, locale, say) : []),
    ...(terms.captureMethod === 'manual' ? [say('agreement.reserved_first')] : []),
    ...failureLines(terms, say),
  ];
}

function scheduleLines(
  schedule: Schedule,
  money: (amountMinor: number) => string,
  day: (iso: string) => string,
  say: Say,
): string[] {
  switch (schedule.type) {
    case 'once': {
      const amount = money(schedule.amountMinor);
      return [
        schedule.at === null
          ? say('agreement.once_now', { amount })
          : say('agreement.once_at', { amount, date: day(schedule.at) }),
      ];
    }
    case 'installments':
      return [installmentsLine(schedule, money, say), ...startLines(schedule.startsAt, day, say)];
    case 'recurring': {
      const amount = money(schedule.amountMinor);
      return [
        say('agreement.recurring', { amount, interval: intervalWords(schedule.interval, say) }),
        ...(schedule.trialDays > 0 ? [say('agreement.trial', { days: schedule.trialDays })] : []),
        ...startLines(schedule.startsAt, day, say),
        ...endLines(schedule, day, say),
      ];
    }
    case 'on_demand':
      return [say('agreement.on_demand')];
    default:
      return schedule satisfies never;
  }
}

function changedLines(
  schedule: RecurringSchedule,
  change: AmountChange,
  money: (amountMinor: number) => string,
  day: (iso: string) => string,
  say: Say,
): string[] {
  const [amount = '', ...others] = scheduleLines(
    { ...schedule, amountMinor: change.amountMinor },
    money,
    day,
    say,
  );
  const facts = { date: day(change.at.toISOString()), amount: money(change.beforeMinor) };
  return [amount, say('agreement.changed', facts), ...others];
}

function installmentsLine(
  { amountsMinor, interval: every }: InstallmentsSchedule,
  money: (amountMinor: number) => string,
  say: Say,
): string {
  const facts = {
    count: amountsMinor.length,
    interval: intervalWords(every, say),
    total: money(sumMinor(amountsMinor)),
  };
  const [first = 0] = amountsMinor;
  return amountsMinor.every((amountMinor) => amountMinor === first)
    ? say('agreement.installments_equal', { ...facts, amount: money(first) })
    : say('agreement.installments', { ...facts, amounts: amountsMinor.map(money).join(' + ') });
}

function startLines(startsAt: string | null, day: (iso: string) => string, say: Say): string[] {
  return startsAt === null ? [] : [say('agreement.starts', { date: day(startsAt) })];
}

function endLines(schedule: RecurringSchedule, day: (iso: string) => string, say: Say): string[] {
  const lines = [
    ...(schedule.maxCharges === null ? [] : [say('agreement.ends_after', { count: schedule.maxCharges })]),
    ...(schedule.endsAt === null ? [] : [say('agreement.ends', { date: day(schedule.endsAt) })]),
  ];
  return lines.length > 0 ? lines : [say('agreement.until_canceled')];
}

function clockLines(
  { localHour, timeZone, spread }: InstallmentsSchedule | RecurringSchedule,
  locale: Locale,
  say: Say,
): string[] {
  if (localHour === null) {
    return [];
  }
  const zone = formatTimeZone(timeZone, locale);
  const minutes = localHour * 60 + Math.floor((spread?.offsetMs ?? 0) / 60_000);
  return [say('agreement.hour', { hour: formatTimeOfDay(minutes, locale), zone })];
}

function failureLines({ dunning }: Terms, say: Say): string[] {
  const count = dunning.retryAfterDays.length;
  const days = dunning.retryAfterDays.reduce((sum, delay) => sum + delay, 0);
  return [
    count === 0 ? say('agreement.no_retries') : say('agreement.retries', { count, days }),
    say(`agreement.then_${dunning.afterLastTry}`),
  ];
}

function intervalWords({ unit, count }: Interval, say: Say): string {
  return say(`interval.${unit}`, { count });
}
