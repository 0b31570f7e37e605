/**
 * Sums of figures, so that who looks at a month does not read all that happened in it: by hour, with what all hours come to
 * as the hour `-infinity`. `figure_sums.until` says from which instant on nothing is summed yet (`db/figure-sums.ts`).
 *
 * Whoever writes a movement or an attempt writes no sum, since all who write at one instant would wait for one row. What is
 * written with an instant so old that it may be summed already is noted beside the sums, a row each, and added to them
 * later: a trigger looks at the instant alone, and does nothing else for a row that comes in time. Immutable.
 */
import { type Kysely, sql } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table figure_sums (
      is_only_row boolean primary key default true check (is_only_row),
      until timestamptz not null default '-infinity',
      -- What may be summed next: up to an instant, once all transactions are over that came before that one.
      next_until timestamptz,
      next_after xid8
    );
    insert into figure_sums default values;

    create table summed_money (
      hour timestamptz not null,
      kind text not null,
      currency text not null,
      entries bigint not null,
      amount_minor bigint not null,
      primary key (hour, kind, currency)
    );
    create table late_money (
      at timestamptz not null,
      kind text not null,
      currency text not null,
      entries bigint not null,
      amount_minor bigint not null
    );

    create table summed_attempts (
      hour timestamptz not null,
      outcome text not null,
      code text not null,
      attempts bigint not null,
      primary key (hour, outcome, code)
    );
    create table late_attempts (
      at timestamptz not null,
      outcome text not null,
      code text not null,
      attempts bigint not null
    );

    create function late_after() returns interval language sql immutable return interval '5 minutes';
    create function is_late(at timestamptz) returns boolean language sql volatile
      return at < clock_timestamp() - late_after();

    create function note_late_money() returns trigger language plpgsql as $$
    begin
      insert into late_money values (new.at, new.kind, new.currency, 1, new.amount_minor);
      if new.kind = 'payment' and exists (
        select from charge_attempts where charge_id = new.charge_id and outcome = 'declined'
      ) then
        insert into late_money values (new.at, 'recovered', new.currency, 1, new.amount_minor);
      end if;
      return null;
    end $$;
    create trigger ledger_entries_late after insert on ledger_entries for each row
      when (is_late(new.at)) execute function note_late_money();

    -- For when the sums are not to be trusted: a clock that was set back by minutes, rows that were copied past the triggers.
    create function sum_figures_anew() returns void language sql as $$
      update figure_sums set until = '-infinity', next_until = null, next_after = null;
      delete from summed_money;
      delete from summed_attempts;
    $$;
  `.execute(db);
}
