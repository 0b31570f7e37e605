/**
 * Movements of money and attempts as rows of numbers: from the sums by hour where they have been made (`db/sum-figures.ts`),
 * from what came late, and from the rows themselves since. Pieces of statements, each of which sees all three as they are at
 * one instant.
 */
import { type RawBuilder, sql } from 'kysely';

/** From `from` on, and before `until`. */
export interface Period {
  from: Date;
  until: Date;
}

/** A period of which sums are read: it begins with an hour, or with the beginning of all. */
export type SummedPeriod = Period | 'ever';

type Instant = RawBuilder<unknown>;

/** From where on nothing is summed. */
const SUMMED_UNTIL = sql`(select until from figure_sums)`;

/**
 * Of a movement's charge, to be joined laterally: asked whether there is any, PostgreSQL may read all declines that there
 * have been.
 */
export const ONE_DECLINE = sql`select from charge_attempts as attempt
  where attempt.charge_id = ledger_entries.charge_id and attempt.outcome = 'declined' limit 1`;

/** Each movement as `at`, `kind`, `currency`, `entries`, `amount_minor`; a payment after a decline once more, as `recovered`. */
export function moneyRows(from: Instant, until: Instant): RawBuilder<unknown> {
  return sql`
    select at, kind, currency, 1 as entries, amount_minor from ledger_entries where at >= ${from} and at < ${until}
    union all
    select at, 'recovered', currency, 1, amount_minor
    from ledger_entries cross join lateral (${ONE_DECLINE}) as declined
    where at >= ${from} and at < ${until} and kind = 'payment'`;
}

/** Each attempt as `at`, `outcome`, `code`, which is empty where there is none, and `attempts`. */
export function attemptRows(from: Instant, until: Instant): RawBuilder<unknown> {
  return sql`
    select attempted_at as at, outcome, summed_code(outcome, decline_code, code) as code, 1 as attempts
    from charge_attempts where attempted_at >= ${from} and attempted_at < ${until}`;
}

/** {@link moneyRows} of a period, those of an hour that has been summed as one. */
export function money(period: SummedPeriod): RawBuilder<unknown> {
  const { hours, from, until } = bounds(period);
  return sql`
    select hour as at, kind, currency, entries, amount_minor from summed_money where ${hours}
    union all
    select at, kind, currency, entries, amount_minor from late_money where at >= ${from} and at < ${SUMMED_UNTIL}
    union all
    (${moneyRows(sql`greatest(${from}, ${SUMMED_UNTIL})`, until)})`;
}

/** {@link attemptRows} of a period, those of an hour that has been summed as one. */
export function attempts(period: SummedPeriod): RawBuilder<unknown> {
  const { hours, from, until } = bounds(period);
  return sql`
    select hour as at, outcome, code, attempts from summed_attempts where ${hours}
    union all
    select at, outcome, code, attempts from late_attempts where at >= ${from} and at < ${SUMMED_UNTIL}
    union all
    (${attemptRows(sql`greatest(${from}, ${SUMMED_UNTIL})`, until)})`;
}

function bounds(period: SummedPeriod) {
  if (period === 'ever') {
    return {
      hours: sql`hour = '-infinity'`,
      from: sql`'-infinity'::timestamptz`,
      until: sql`'infinity'::timestamptz`,
    };
  }
  const [from, until] = [sql`${period.from}::timestamptz`, sql`${period.until}::timestamptz`];
  return { hours: sql`hour >= ${from} and hour < ${until}`, from, until };
}

/**
 * Declined charges as `at`, when they were declined last, `currency`, `became`, `was_retried`, `charges`, `amount_minor`;
 * those of an hour as one. Each is in the sums or noted, however recent it is.
 */
export function declined({ from }: Pick<Period, 'from'>): RawBuilder<unknown> {
  return sql`
    select hour as at, currency, became, was_retried, charges, amount_minor from summed_declined where hour >= ${from}
    union all
    select at, currency, became, was_retried, charges, amount_minor from noted_declined where at >= ${from}`;
}
