/**
 * The price and the balance of an enrollment as its timeline tells them, since no charge should write more for them.
 * Expressions over a row of `enrollments`. Writes nothing.
 */
import { sql } from 'kysely';
import { ENDED } from '../domain/statuses.ts';

/** Each tells of the balance as it was left. Those of migration 0026, whose index is over them alone. */
const OF_BALANCE = ['schedule.amount_changed', 'schedule.paid_from_balance', 'charge.balance_returned'];

/** What a period of a recurring schedule costs from its next charge on; null for other schedules. */
export const recurringMinor = sql<
  number | null
>`case when enrollments.terms #>> '{schedule,type}' = 'recurring' then
  coalesce(
    (select (told.details ->> 'amount_minor')::bigint from enrollment_events as told
      where told.enrollment_id = enrollments.id and told.what = 'schedule.amount_changed'
      order by told.seq desc limit 1),
    (enrollments.terms #>> '{schedule,amountMinor}')::bigint)
  end`;

/**
 * What changes of amount left over: owed by the customer, or to their credit when negative. The next charge of the schedule
 * meets all of it, but for what would be more than Stripe charges at once; the end tells what no charge has met.
 */
export const balanceMinor = sql<number>`coalesce(
  case when enrollments.status in (${literals(ENDED)}) then
    (select (told.details ->> 'balance_minor')::bigint from enrollment_events as told
      where told.key = enrollments.id || '/ended')
  else
    (select case when exists (
        select from charges as later where later.enrollment_id = enrollments.id
          and later.origin = 'schedule' and later.created_at > told.at
      ) then 0 else (told.details ->> 'balance_minor')::bigint end
      from enrollment_events as told
      where told.enrollment_id = enrollments.id and told.what in (${literals(OF_BALANCE)})
      order by told.seq desc limit 1)
  end, 0)`;

function literals(texts: readonly string[]) {
  return sql.join(texts.map((text) => sql.lit(text)));
}
