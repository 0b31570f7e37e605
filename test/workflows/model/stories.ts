/**
 * Twenty customers and a year of each: every kind of schedule, currencies with no, two and three decimals, ends of
 * months, clocks that change, and everything that can happen to a customer. Amounts and days follow from a seed.
 */
import { random as seeded } from '../../../dev/simulate/random.ts';
import type { Interval, RecurringSchedule, Terms } from '../../../domain/terms.ts';
import type { Step, Story } from './plain-model.ts';

/** Ahead of the clock on the wall, wherever that is. */
export const YEAR = new Date().getUTCFullYear() + 1;
export const END = `${YEAR + 1}-01-10T00:00:00.000Z`;

export function stories(seed: number): Story[] {
  const random = seeded(seed);
  const between = (least: number, most: number) => least + Math.floor(random.next() * (most - least + 1));
  /** On some day of that month at an hour at which nothing falls due. */
  const on = (month: number, day = between(3, 26)) =>
    `${YEAR}-${String(month).padStart(2, '0')}-${String(day).padStart(2, '0')}T16:40:00.000Z`;
  const cents = () => between(500, 9_999);

  const tokyo31 = recurring('jpy', between(100, 5_000), 'month', `${YEAR}-01-31T01:00:00.000Z`, 'Asia/Tokyo');
  const monthly = (zone = 'UTC', hour: number | null = 9) =>
    recurring('usd', cents(), 'month', `${YEAR}-01-15T05:00:00.000Z`, zone, { localHour: hour });

  return [
    story('31st of every month in Tokyo', tokyo31, []),
    story(
      '30th of every month in New York, at nine by the clock there',
      recurring('usd', cents(), 'month', `${YEAR}-01-30T05:30:00.000Z`, 'America/New_York', { localHour: 9 }),
      [],
    ),
    story(
      'every week in Berlin, over both changes of the clock',
      recurring('eur', cents(), 'week', `${YEAR}-01-04T07:00:00.000Z`, 'Europe/Berlin'),
      [],
    ),
    story(
      'every other week on Lord Howe Island, where clocks change by half an hour',
      recurring('aud', cents(), 'week', `${YEAR}-02-01T01:00:00.000Z`, 'Australia/Lord_Howe', { every: 2 }),
      [],
    ),
    story(
      'every month in Kuwait, in thousandths of a dinar',
      recurring('kwd', between(10, 900) * 10, 'month', `${YEAR}-01-29T06:00:00.000Z`, 'Asia/Kuwait'),
      [],
    ),
    story(
      'once a year on the last of February',
      recurring('gbp', cents(), 'year', `${YEAR}-02-28T12:00:00.000Z`, 'Europe/London'),
      [],
    ),
    story('ten days of trial, then five months', trial(monthly()), []),
    story('until the end of September', ending(monthly('America/Sao_Paulo')), []),
    story(
      'seven instalments that do not divide evenly',
      installments([334, 333, 333, 1_000, 1, 999, 50].map((n) => n + 50)),
      [],
    ),
    story(
      'instalments: one is skipped, one is moved, a pause in between',
      installments(Array.from({ length: 6 }, cents)),
      [
        { at: on(3), do: 'skip' },
        { at: on(5, 3), do: 'move', to: on(5, 11) },
        { at: on(7, 3), do: 'pause', until: on(9, 3) },
      ],
    ),
    story('once, on a day in August', terms('usd', { type: 'once', amountMinor: cents(), at: on(8) }), []),
    story('when asked, one of it given back in part and one in full', terms('jpy', { type: 'on_demand' }), [
      ...[2, 4, 5, 9, 11].map((month): Step => ({ at: on(month), do: 'ask', minor: between(50, 90_000) })),
      { at: on(6), do: 'refund', number: 2, minor: 20 },
      { at: on(12), do: 'refund', number: 4, minor: null },
    ]),
    story('no money on the account in May', monthly(), [{ at: on(5, 4), do: 'decline', times: 1 }]),
    story('a card that no longer works in April, another two days later', monthly(), [
      { at: on(4, 10), do: 'decline', times: null },
      { at: on(4, 17), do: 'new_card' },
    ]),
    story('declined from June to August, and nobody answers', monthly('America/Los_Angeles'), [
      { at: on(6, 10), do: 'decline', times: null },
      { at: on(9, 10), do: 'decline', times: 0 },
    ]),
    story('a pause from March to June', monthly('Asia/Kolkata'), [{ at: on(3), do: 'pause', until: on(6) }]),
    story('skips two, moves one, pays one early', monthly('Pacific/Auckland'), [
      { at: on(2, 20), do: 'skip' },
      { at: on(4, 20), do: 'skip' },
      { at: on(6, 20), do: 'move', to: on(7, 22) },
      { at: on(9, 20), do: 'charge_now' },
    ]),
    story('another amount in May, yet another in October, gone in November', monthly('Europe/Paris'), [
      { at: on(5), do: 'amount', minor: cents() },
      { at: on(10), do: 'amount', minor: cents() },
      { at: on(11, 20), do: 'cancel_at_period_end' },
    ]),
    story('a dispute from April to July that is won', monthly(), [
      { at: on(4, 20), do: 'dispute', number: 3 },
      { at: on(7, 20), do: 'dispute_won' },
    ]),
    story(
      'a dispute that is won, and only the newest of what waited is owed',
      { ...monthly(), catchUp: 'charge_latest' },
      [
        { at: on(4, 20), do: 'dispute', number: 2 },
        { at: on(7, 20), do: 'dispute_won' },
        { at: on(10), do: 'cancel' },
      ],
    ),
    story('a dispute that is won, and nothing of what waited is owed', { ...monthly(), catchUp: 'skip' }, [
      { at: on(4, 20), do: 'dispute', number: 2 },
      { at: on(7, 20), do: 'dispute_won' },
      { at: on(12, 20), do: 'charge_now' },
    ]),
  ];
}

function story(name: string, agreed: Terms, steps: Step[]): Story {
  return { name, terms: agreed, steps: [...steps, { at: END, do: 'cancel' }] };
}

function terms(currency: string, schedule: Terms['schedule']): Terms {
  return {
    currency,
    schedule,
    captureMethod: 'automatic',
    dunning: { retryAfterDays: [1, 3, 5, 7], afterLastTry: 'keep_active' },
    lateSuccess: 'refund',
    catchUp: 'charge_all',
    setupDeadlineDays: 30,
  };
}

function recurring(
  currency: string,
  amountMinor: number,
  unit: Interval['unit'],
  startsAt: string,
  timeZone: string,
  more: { localHour?: number | null; every?: number } = {},
): Terms & { schedule: RecurringSchedule } {
  const { localHour = null, every = 1 } = more;
  const schedule: RecurringSchedule = {
    type: 'recurring',
    amountMinor,
    interval: { unit, count: every },
    startsAt,
    timeZone,
    localHour,
    trialDays: 0,
    endsAt: null,
    maxCharges: null,
  };
  return { ...terms(currency, schedule), schedule };
}

function trial(agreed: Terms & { schedule: RecurringSchedule }): Terms {
  return { ...agreed, schedule: { ...agreed.schedule, trialDays: 10, maxCharges: 5 } };
}

function ending(agreed: Terms & { schedule: RecurringSchedule }): Terms {
  return { ...agreed, schedule: { ...agreed.schedule, endsAt: `${YEAR}-09-30T00:00:00.000Z` } };
}

function installments(amountsMinor: number[]): Terms {
  return terms('usd', {
    type: 'installments',
    amountsMinor,
    interval: { unit: 'month', count: 1 },
    startsAt: `${YEAR}-02-10T10:00:00.000Z`,
    timeZone: 'UTC',
    localHour: null,
  });
}
