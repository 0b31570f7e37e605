/**
 * Charges that were declined, and what lies behind each: how the bank will answer another try, and what the
 * customer will do. Assumptions, not measurements: they are all in {@link ASSUMPTIONS}, and a file can replace them.
 */
import { memberSeed, type Random, random as seeded } from './random.ts';

/** Why charges of a subscription business are declined at first, and how people and banks behave. */
export const ASSUMPTIONS = {
  /** Weights of what lies behind a first decline. */
  causes: {
    short_of_money: 42,
    refused_today: 24,
    bank_unreachable: 5,
    over_limit: 5,
    wants_authentication: 8,
    card_expired: 8,
    card_lost: 5,
    not_allowed: 2,
    stopped_by_customer: 1,
  },
  timeZones: { 'Asia/Tokyo': 5, 'Europe/Berlin': 2, 'America/New_York': 3 },
  networks: { visa: 6, mastercard: 4 },
  /** Amounts are spread like e^N(0, 0.8) around it. */
  medianAmountMinor: 2900,
  /** Money comes on paydays, every so many days, and lasts some days. */
  paydayEveryDays: { 14: 2, 30: 3 },
  moneyLastsDays: { least: 2, most: 12 },
  /** Some accounts are never filled again. */
  neverFilledAgain: 0.18,
  /** How willing a bank is that refused without a reason, from try to try. */
  refusedTodayWillingness: { least: 0, most: 0.45 },
  outageMeanDays: 0.3,
  /** Whether a message makes a customer act, and after how many days on average. */
  reaction: { authenticate: 0.45, newCard: 0.3, topUp: 0.2, meanDays: 1.8 },
  /** Whether what they do then works. */
  worksAfterwards: { authenticate: 0.92, newCard: 0.88 },
};
export type Assumptions = typeof ASSUMPTIONS;
export type Cause = keyof Assumptions['causes'];

export interface Member {
  index: number;
  cause: Cause;
  amountMinor: number;
  timeZone: string;
  network: string;
  /** ISO 8601: the first decline. */
  declinedAt: string;
  /** Days after the first decline between which the account has money; empty when it never will. */
  funded: readonly (readonly [from: number, until: number])[];
  willingness: number;
  outageDays: number;
}

const START = Date.UTC(2027, 0, 4);
const DAY_MS = 86_400_000;
/** Paydays are laid out this far, longer than any dunning lasts. */
const HORIZON_DAYS = 400;

export function population(size: number, seed: number, assumptions: Assumptions): Member[] {
  return Array.from({ length: size }, (_, index) =>
    member(index, seeded(memberSeed(seed, index)), assumptions),
  );
}

function member(index: number, luck: Random, given: Assumptions): Member {
  const normal = Math.sqrt(-2 * Math.log(1 - luck.next())) * Math.cos(2 * Math.PI * luck.next());
  return {
    index,
    cause: luck.pick(given.causes),
    amountMinor: Math.max(50, Math.round(given.medianAmountMinor * Math.exp(0.8 * normal))),
    timeZone: luck.pick(given.timeZones),
    network: luck.pick(given.networks),
    declinedAt: new Date(START + luck.between(0, 30) * DAY_MS).toISOString(),
    funded: luck.chance(given.neverFilledAgain) ? [] : paydays(luck, given),
    willingness: luck.between(given.refusedTodayWillingness.least, given.refusedTodayWillingness.most),
    outageDays: luck.exponential(given.outageMeanDays),
  };
}

function paydays(luck: Random, { paydayEveryDays, moneyLastsDays }: Assumptions): [number, number][] {
  const every = Number(luck.pick(paydayEveryDays));
  const first = luck.between(0, every);
  const count = Math.floor((HORIZON_DAYS - first) / every);
  return Array.from({ length: count }, (_, index) => {
    const from = first + index * every;
    return [from, from + luck.between(moneyLastsDays.least, moneyLastsDays.most)];
  });
}
