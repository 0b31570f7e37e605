/**
 * What a customer should have been charged, worked out a second time: plainly, day by day and from the calendar, without
 * a line of the service's own rules. Time zones come from `Intl`, amounts from the terms as they were agreed.
 */
import type { Interval, Terms } from '../../../domain/terms.ts';

/** What happens to a customer, and when. Instants are ISO 8601. */
export type Step = { at: string } & (
  | { do: 'pause'; until: string | null }
  | { do: 'resume' | 'cancel' | 'cancel_at_period_end' | 'skip' | 'charge_now' | 'new_card' | 'dispute_won' }
  | { do: 'move'; to: string }
  | { do: 'amount' | 'ask'; minor: number }
  /** The bank declines the next charges: so many, or all (null). */
  | { do: 'decline'; times: number | null }
  /** Of the charge with that number; null gives all of it back. */
  | { do: 'refund'; number: number; minor: number | null }
  | { do: 'dispute'; number: number }
);

export interface Story {
  name: string;
  terms: Terms;
  steps: Step[];
}

export interface ShouldBe {
  dueAt: string;
  /** Asked for at that moment: the instant is right to a few minutes. */
  about: boolean;
  amountMinor: number;
  status: 'succeeded' | 'uncollectible';
}

export interface Outcome {
  charges: ShouldBe[];
  /** What the merchant has at the end. */
  netMinor: number;
}

const DAY_MS = 86_400_000;
/** 1 + 3 + 5 + 7 days of retries, and the hours until somebody is awake. */
const DUNNING_MS = 17 * DAY_MS;

export function shouldBe({ terms, steps }: Story): Outcome {
  const charges: ShouldBe[] = [];
  const { schedule } = terms;
  let place = 0;
  let late = 0;
  let movedTo: string | null = null;
  let amount: number | null = null;
  let pausedUntil: string | null = null;
  let over = false;
  let atPeriodEnd = false;
  let disputed = false;
  let declines: number | null = 0;
  let missed: ShouldBe[] = [];
  let givenBack = 0;

  const dueAt = (): string | null => {
    const at = movedTo ?? instantOfPlace(terms, place, late);
    return over || at === null || amountOfPlace(terms, place) === null ? null : at;
  };
  const amountNow = () => (schedule.type === 'recurring' ? amount : null) ?? amountOfPlace(terms, place) ?? 0;

  function charge(at: string, amountMinor: number, about: boolean): void {
    const one: ShouldBe = { dueAt: at, about, amountMinor, status: 'succeeded' };
    if (disputed) {
      missed.push(one);
      return;
    }
    if (declines === null) {
      const saved = steps.some(
        (step) => step.do === 'new_card' && step.at > at && Date.parse(step.at) < Date.parse(at) + DUNNING_MS,
      );
      one.status = saved ? 'succeeded' : 'uncollectible';
    } else {
      declines = Math.max(0, declines - 1);
    }
    charges.push(one);
  }

  function fallDue(at: string): void {
    if (atPeriodEnd) {
      over = true;
      return;
    }
    if (pausedUntil !== null && at < pausedUntil) {
      if (schedule.type === 'installments') {
        late += 1;
      } else {
        place += 1;
      }
      movedTo = null;
      return;
    }
    charge(at, amountNow(), false);
    place += 1;
    movedTo = null;
  }

  function take(step: Step): void {
    switch (step.do) {
      case 'pause':
        pausedUntil = step.until ?? '9999';
        return;
      case 'resume':
        pausedUntil = step.at;
        return;
      case 'cancel':
        over = true;
        return;
      case 'cancel_at_period_end':
        atPeriodEnd = true;
        return;
      case 'skip':
        movedTo = null;
        if (schedule.type === 'installments') {
          late += 1;
        } else {
          place += 1;
        }
        return;
      case 'charge_now':
        charge(step.at, amountNow(), true);
        place += 1;
        movedTo = null;
        return;
      case 'move':
        movedTo = step.to;
        return;
      case 'amount':
        amount = step.minor;
        return;
      case 'ask':
        charge(step.at, step.minor, true);
        return;
      case 'decline':
        declines = step.times;
        return;
      case 'new_card':
        declines = 0;
        return;
      case 'refund':
        givenBack += step.minor ?? charges[step.number - 1]?.amountMinor ?? 0;
        return;
      case 'dispute':
        disputed = true;
        return;
      case 'dispute_won': {
        disputed = false;
        const newest = missed.at(-1);
        const owed = { charge_all: missed, charge_latest: newest ? [newest] : [], skip: [] }[terms.catchUp];
        charges.push(...owed);
        missed = [];
        return;
      }
      default:
        step satisfies never;
    }
  }

  for (const step of [...steps].sort((a, b) => a.at.localeCompare(b.at))) {
    for (let due = dueAt(); due !== null && due < step.at; due = dueAt()) {
      fallDue(due);
    }
    take(step);
  }
  const paid = charges.filter(({ status }) => status === 'succeeded');
  const collected = paid.reduce((sum, { amountMinor }) => sum + amountMinor, 0);
  return { charges, netMinor: collected - givenBack };
}

function amountOfPlace({ schedule }: Terms, place: number): number | null {
  switch (schedule.type) {
    case 'once':
      return place === 0 ? schedule.amountMinor : null;
    case 'installments':
      return schedule.amountsMinor[place] ?? null;
    case 'recurring':
      return schedule.maxCharges !== null && place >= schedule.maxCharges ? null : schedule.amountMinor;
    case 'on_demand':
      return null;
    default:
      return schedule satisfies never;
  }
}

/** Stories say when they start; a schedule that starts with the method would have an instant that nobody can foretell. */
function instantOfPlace({ schedule }: Terms, place: number, late: number): string | null {
  if (schedule.type === 'on_demand') {
    return null;
  }
  if (schedule.type === 'once') {
    return schedule.at;
  }
  const { interval, timeZone, localHour } = schedule;
  const first = clockAt(String(schedule.startsAt), timeZone);
  const trial = schedule.type === 'recurring' ? schedule.trialDays : 0;
  const anchor = { ...first, ...calendarDay(first.year, first.month, first.day + trial) };
  const day = later(anchor, interval, place + late);
  const time = localHour === null ? anchor : { hour: localHour, minute: 0 };
  const clock = instantAt({ ...day, hour: time.hour, minute: time.minute }, timeZone);
  // Nobody owes for a time before the start: where the hour has passed on that day, the start itself is the first.
  const at = new Date(Math.max(clock, instantAt(anchor, timeZone))).toISOString();
  const ends = schedule.type === 'recurring' ? schedule.endsAt : null;
  return ends !== null && at > ends ? null : at;
}

interface Day {
  year: number;
  /** 1 to 12. */
  month: number;
  day: number;
}
type Clock = Day & { hour: number; minute: number };

function later(from: Day, { unit, count }: Interval, times: number): Day {
  switch (unit) {
    case 'day':
      return calendarDay(from.year, from.month, from.day + count * times);
    case 'week':
      return calendarDay(from.year, from.month, from.day + 7 * count * times);
    case 'month':
    case 'year': {
      const months = from.month - 1 + count * times * (unit === 'year' ? 12 : 1);
      const year = from.year + Math.floor(months / 12);
      const month = (months % 12) + 1;
      const last = new Date(Date.UTC(year, month, 0)).getUTCDate();
      return { year, month, day: Math.min(from.day, last) };
    }
    default:
      throw new RangeError(`no story is told in steps of a ${unit}`);
  }
}

function calendarDay(year: number, month: number, day: number): Day {
  const date = new Date(Date.UTC(year, month - 1, day));
  return { year: date.getUTCFullYear(), month: date.getUTCMonth() + 1, day: date.getUTCDate() };
}

/** What a clock on the wall there shows. */
function clockAt(instant: string | number, timeZone: string): Clock {
  const parts = new Intl.DateTimeFormat('en-US', {
    timeZone,
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
  }).formatToParts(new Date(instant));
  const part = (type: string) => Number(parts.find((one) => one.type === type)?.value);
  return {
    year: part('year'),
    month: part('month'),
    day: part('day'),
    hour: part('hour'),
    minute: part('minute'),
  };
}

/** When clocks there show that; tried out, minute by minute around it, where clocks change. */
function instantAt({ year, month, day, hour, minute }: Clock, timeZone: string): number {
  const asUtc = Date.UTC(year, month - 1, day, hour, minute);
  for (let quarters = -14 * 4; quarters <= 14 * 4; quarters++) {
    const instant = asUtc + quarters * 15 * 60_000;
    const shown = clockAt(instant, timeZone);
    if (shown.day === day && shown.hour === hour && shown.minute === minute && shown.month === month) {
      return instant;
    }
  }
  throw new RangeError(`clocks of ${timeZone} never show ${year}-${month}-${day} ${hour}:${minute}`);
}
