/** Lives one population through several policies and sums up what became of it. */
import type { DunningPolicy } from '../../domain/terms.ts';
import { live } from './dunning.ts';
import type { Assumptions, Member } from './population.ts';

export interface Summary {
  policy: string;
  retryAfterDays: readonly number[];
  charges: number;
  owedMinor: number;
  recovered: number;
  recoveredMinor: number;
  /** After the first decline: all, and for each recovered charge. */
  attempts: number;
  attemptsPerRecovered: number;
  messages: number;
  /** From the first decline to the payment. */
  medianDays: number;
  /** The most tries of one charge. */
  mostAttempts: number;
  /** Share of the owed money that was recovered by the end of each day, from day 0. */
  recoveredShareByDay: readonly number[];
}

export const DAYS_SHOWN = 30;

export function compare(
  members: readonly Member[],
  policies: ReadonlyMap<string, readonly number[]>,
  seed: number,
  assumptions: Assumptions,
): Summary[] {
  const owedMinor = members.reduce((sum, { amountMinor }) => sum + amountMinor, 0);
  return [...policies].map(([policy, retryAfterDays]) => {
    const terms: DunningPolicy = { retryAfterDays: [...retryAfterDays], afterLastTry: 'cancel' };
    const fates = members.map((member) => ({ member, ...live(member, terms, seed, assumptions) }));
    const paid = fates.flatMap((fate) =>
      fate.recoveredAtDays === null
        ? []
        : [{ days: fate.recoveredAtDays, amountMinor: fate.member.amountMinor }],
    );
    const attempts = fates.reduce((sum, fate) => sum + fate.attempts, 0);
    const recoveredBy = (days: number) =>
      paid.reduce((sum, payment) => sum + (payment.days <= days ? payment.amountMinor : 0), 0);
    const sortedDays = paid.map(({ days }) => days).sort((a, b) => a - b);
    return {
      policy,
      retryAfterDays,
      charges: members.length,
      owedMinor,
      recovered: paid.length,
      recoveredMinor: recoveredBy(Number.POSITIVE_INFINITY),
      attempts,
      attemptsPerRecovered: paid.length === 0 ? 0 : attempts / paid.length,
      messages: fates.reduce((sum, fate) => sum + fate.messages, 0),
      medianDays: sortedDays[Math.floor(sortedDays.length / 2)] ?? 0,
      mostAttempts: fates.reduce((most, fate) => Math.max(most, fate.attempts), 0),
      recoveredShareByDay: Array.from({ length: DAYS_SHOWN + 1 }, (_, day) => recoveredBy(day) / owedMinor),
    };
  });
}
