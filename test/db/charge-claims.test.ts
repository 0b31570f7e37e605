import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Kysely, sql } from 'kysely';
import { claimCharge } from '../../db/charge-claims.ts';
import { saveCharge } from '../../db/charges.ts';
import { up } from '../../db/migrations/0005-one-charge-per-occurrence.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { insertEnrollmentRow, newCharge } from './charge-rows.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase({ poolSize: 20 });
});
afterAll(() => database.drop());

describe('claimCharge', () => {
  it('gives an occurrence to one of twenty charges that ask at once, and names it to the others', async () => {
    await insertEnrollmentRow(database.db, 'enr_race');
    const claims = await Promise.all(
      Array.from({ length: 20 }, (_, at) =>
        claimCharge(database.db, newCharge('enr_race', at + 1, { occurrence: 7 })),
      ),
    );
    const rows = await database.db.selectFrom('charges').selectAll().execute();
    expect(rows).toHaveLength(1);
    const won = claims.filter(({ kind }) => kind === 'claimed');
    const lost = claims.filter(({ kind }) => kind === 'taken');
    expect(won).toEqual([{ kind: 'claimed', known: null }]);
    expect(lost).toEqual(Array(19).fill({ kind: 'taken', chargeId: rows[0]?.id, what: 'occurrence' }));
  });

  it('gives a request to one charge of an enrollment, and to another of every other enrollment', async () => {
    await insertEnrollmentRow(database.db, 'enr_a');
    await insertEnrollmentRow(database.db, 'enr_b');
    const asked = { origin: 'api' as const, request_key: 'order-1' };
    await claimCharge(database.db, newCharge('enr_a', 1, asked));
    expect(await claimCharge(database.db, newCharge('enr_a', 2, asked))).toEqual({
      kind: 'taken',
      chargeId: 'chg_enr_a_1',
      what: 'request key',
    });
    expect(await claimCharge(database.db, newCharge('enr_b', 1, asked))).toMatchObject({ kind: 'claimed' });
  });

  it('changes nothing for the charge that has it, and says what is known of its PaymentIntent', async () => {
    await insertEnrollmentRow(database.db, 'enr_own');
    const charge = newCharge('enr_own', 1, { occurrence: 0 });
    await claimCharge(database.db, charge);
    await saveCharge(database.db, { ...charge, status: 'succeeded', payment_intent_id: 'pi_1', attempts: 1 });
    expect(await claimCharge(database.db, charge)).toEqual({
      kind: 'claimed',
      known: { paymentIntentId: 'pi_1', status: 'succeeded', createdAt: new Date(String(charge.created_at)) },
    });
  });

  it('tells a charge from another that was made under its number, and not by the amount alone', async () => {
    await insertEnrollmentRow(database.db, 'enr_number');
    const scheduled = newCharge('enr_number', 1, { occurrence: 4 });
    await claimCharge(database.db, scheduled);
    const taken = { kind: 'taken', chargeId: scheduled.id, what: 'number' };
    const other = { origin: 'api' as const, occurrence: null, request_key: 'order-2' };
    expect(await claimCharge(database.db, { ...scheduled, ...other })).toEqual(taken);
    expect(await claimCharge(database.db, { ...scheduled, occurrence: 5 })).toEqual(taken);
    expect(await claimCharge(database.db, { ...scheduled, amount_minor: 1 })).toMatchObject({
      kind: 'claimed',
    });
  });

  it('lets any number of charges be made besides the schedule', async () => {
    await insertEnrollmentRow(database.db, 'enr_free');
    for (const number of [1, 2, 3]) {
      expect(await claimCharge(database.db, newCharge('enr_free', number))).toMatchObject({
        kind: 'claimed',
      });
    }
  });
});

describe('migration 0005', () => {
  it('keeps the first charge of an occurrence in its place, and tells of the others', async () => {
    const { db } = database;
    await sql`drop index charges_by_occurrence, charges_by_request_key;
      alter table charges drop column request_key; alter table enrollments drop column setup_refusal`.execute(
      db,
    );
    await insertEnrollmentRow(db, 'enr_twice');
    for (const [number, occurrence] of [
      [1, 0],
      [2, 1],
      [3, 1],
      [4, 2],
    ] as const) {
      await db
        .insertInto('charges')
        .values(newCharge('enr_twice', number, { occurrence }))
        .execute();
    }
    await up(db as Kysely<unknown>);
    const charges = db.selectFrom('charges').where('enrollment_id', '=', 'enr_twice').orderBy('number');
    expect((await charges.select('occurrence').execute()).map(({ occurrence }) => occurrence)).toEqual([
      0,
      1,
      null,
      2,
    ]);
    const told = await db
      .selectFrom('enrollment_events')
      .select(['charge_id', 'what', 'details'])
      .where('enrollment_id', '=', 'enr_twice')
      .execute();
    expect(told).toEqual([
      { charge_id: 'chg_enr_twice_3', what: 'charge.occurrence_taken', details: { occurrence: 1 } },
    ]);
  });
});
