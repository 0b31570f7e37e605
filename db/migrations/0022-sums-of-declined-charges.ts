/**
 * When a charge was declined last, and sums of declined charges by the hour of that and by what has become of them. Each
 * change of a declined charge is noted, what it was and what it is, and added to the sums later, as in 0019. A charge that
 * was never declined notes nothing. Immutable.
 */
import { type Kysely, sql } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    alter table charges add column last_declined_at timestamptz;

    create table summed_declined (
      hour timestamptz not null,
      currency text not null,
      became text not null,
      was_retried boolean not null,
      charges bigint not null,
      amount_minor bigint not null,
      primary key (hour, currency, became, was_retried)
    );
    create table noted_declined (
      at timestamptz not null,
      currency text not null,
      became text not null,
      was_retried boolean not null,
      charges bigint not null,
      amount_minor bigint not null
    );

    create function became(status text) returns text language sql immutable return case
      when status = 'succeeded' then 'recovered'
      when status in ('uncollectible', 'canceled') then 'given_up'
      else 'open' end;

    create function note_declined() returns trigger language plpgsql as $$
    begin
      if old.last_declined_at is not null then
        insert into noted_declined values
          (old.last_declined_at, old.currency, became(old.status), old.attempts > 1, -1, -old.amount_minor);
      end if;
      insert into noted_declined values
        (new.last_declined_at, new.currency, became(new.status), new.attempts > 1, 1, new.amount_minor);
      return null;
    end $$;
    create trigger charges_declined after update on charges for each row
      when (new.last_declined_at is not null
        and (old.last_declined_at, became(old.status), old.attempts > 1, old.amount_minor)
          is distinct from (new.last_declined_at, became(new.status), new.attempts > 1, new.amount_minor))
      execute function note_declined();
  `.execute(db);
}
