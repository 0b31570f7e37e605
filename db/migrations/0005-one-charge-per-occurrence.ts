/**
 * One charge for each occurrence of a schedule and for each request, held by the database too; and what Stripe refused
 * when an enrollment could not be set up. Charges that already share an occurrence keep their money; the later ones
 * lose their place, and the timeline says so.
 */
import { type Kysely, sql } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    alter table charges add column request_key text;
    alter table enrollments add column setup_refusal text;

    with later as (
      select id, enrollment_id, occurrence from (
        select id, enrollment_id, occurrence,
          row_number() over (partition by enrollment_id, occurrence order by number) as place
        from charges where occurrence is not null
      ) as numbered where place > 1
    ), told as (
      insert into enrollment_events (key, enrollment_id, charge_id, at, what, who, why, details)
      select enrollment_id || '/' || id || '/occurrence-taken', enrollment_id, id, now(), 'charge.occurrence_taken',
        'operator', 'an earlier charge was made for the same occurrence; look whether a refund is owed',
        jsonb_build_object('occurrence', occurrence)
      from later
      on conflict (key) do nothing
    )
    update charges set occurrence = null from later where charges.id = later.id;

    create unique index charges_by_occurrence on charges (enrollment_id, occurrence) where occurrence is not null;
    create unique index charges_by_request_key on charges (enrollment_id, request_key) where request_key is not null;
  `.execute(db);
}
