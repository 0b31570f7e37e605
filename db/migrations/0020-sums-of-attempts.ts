/**
 * Attempts that are written, or learned of, so late that they may be summed already: see 0019. And declines by
 * code, of which there may be few among the attempts. A migration of its own, since it wants another table. Immutable.
 */
import { type Kysely, sql } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create function summed_code(outcome text, decline_code text, code text) returns text language sql immutable
      return case when outcome = 'declined' then coalesce(decline_code, code, '') else '' end;

    create function note_late_attempt() returns trigger language plpgsql as $$
    begin
      if tg_op = 'UPDATE' then
        insert into late_attempts values
          (old.attempted_at, old.outcome, summed_code(old.outcome, old.decline_code, old.code), -1);
      end if;
      insert into late_attempts values
        (new.attempted_at, new.outcome, summed_code(new.outcome, new.decline_code, new.code), 1);
      return null;
    end $$;
    create trigger charge_attempts_late after insert on charge_attempts for each row
      when (is_late(new.attempted_at)) execute function note_late_attempt();
    create trigger charge_attempts_learned_late after update on charge_attempts for each row
      when (is_late(new.attempted_at) and (old.outcome, old.decline_code, old.code)
        is distinct from (new.outcome, new.decline_code, new.code)) execute function note_late_attempt();

    -- A decline that is written after the payment of its charge.
    create function note_recovered() returns trigger language plpgsql as $$
    begin
      insert into late_money
        select at, 'recovered', currency, 1, amount_minor from ledger_entries
        where charge_id = new.charge_id and kind = 'payment' and is_late(at) and not exists (
          select from charge_attempts
          where charge_id = new.charge_id and outcome = 'declined' and attempt <> new.attempt);
      return null;
    end $$;
    create trigger charge_attempts_recovered after insert on charge_attempts for each row
      when (new.outcome = 'declined') execute function note_recovered();
    create trigger charge_attempts_found_recovered after update on charge_attempts for each row
      when (new.outcome = 'declined' and old.outcome <> 'declined') execute function note_recovered();

    create index charge_attempts_by_code on charge_attempts (coalesce(decline_code, code), attempted_at)
      where coalesce(decline_code, code) is not null;
  `.execute(db);
}
