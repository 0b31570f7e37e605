/**
 * Attempts tell their charge when it was declined last: see 0022. A migration of its own, since it wants another table.
 * Declines of before are found after the commit (`db/backfill-declines.ts`). Immutable.
 */
import { type Kysely, sql } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create function keep_last_decline() returns trigger language plpgsql as $$
    begin
      update charges set last_declined_at = new.attempted_at
        where id = new.charge_id and (last_declined_at is null or last_declined_at < new.attempted_at);
      return null;
    end $$;
    create trigger charge_attempts_last_decline after insert on charge_attempts for each row
      when (new.outcome = 'declined') execute function keep_last_decline();
    create trigger charge_attempts_found_last_decline after update on charge_attempts for each row
      when (new.outcome = 'declined' and old.outcome <> 'declined') execute function keep_last_decline();

    create or replace function sum_figures_anew() returns void language sql as $$
      update figure_sums set until = '-infinity', next_until = null, next_after = null;
      delete from summed_money;
      delete from summed_attempts;
      with summed as (delete from summed_declined), noted as (delete from noted_declined)
      insert into noted_declined
        select last_declined_at, currency, became(status), attempts > 1, 1, amount_minor from charges
        where last_declined_at is not null;
    $$;
    insert into backfills (name) values ('last_declined_at');
  `.execute(db);
}
