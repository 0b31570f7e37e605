import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { sql } from 'kysely';
import { claimCharge } from '../../db/charge-claims.ts';
import { saveCharge } from '../../db/charges.ts';
import { touchEnrollment } from '../../db/enrollments.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { waitFor } from '../support/wait.ts';
import { insertEnrollmentRow, newCharge } from './charge-rows.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase({ poolSize: 20 });
});
afterAll(() => database.drop());

const AT = '2026-11-02T00:00:00.000Z';

const statusOf = async (id: string) =>
  (
    await database.db
      .selectFrom('enrollments')
      .select('status')
      .where('id', '=', id)
      .executeTakeFirstOrThrow()
  ).status;

describe('touchEnrollment', () => {
  it('keeps the past_due of a charge that another transaction wrote meanwhile', async () => {
    const { db } = database;
    await insertEnrollmentRow(db, 'enr_1');
    let commit = () => {};
    const held = new Promise<void>((resolve) => {
      commit = resolve;
    });
    let declinedIsWritten = () => {};
    const written = new Promise<void>((resolve) => {
      declinedIsWritten = resolve;
    });
    const declined = db.transaction().execute(async (trx) => {
      await saveCharge(trx, newCharge('enr_1', 1, { status: 'requires_payment_method' }));
      await touchEnrollment(trx, 'enr_1', { at: AT });
      declinedIsWritten();
      await held;
    });
    await written;
    const succeeded = db.transaction().execute(async (trx) => {
      await saveCharge(trx, newCharge('enr_1', 2, { status: 'succeeded' }));
      await touchEnrollment(trx, 'enr_1', { at: AT });
    });
    await waitFor('the second transaction to wait for the first', async () => {
      const { rows } = await sql`select 1 from pg_stat_activity
        where datname = current_database() and wait_event_type = 'Lock'`.execute(db);
      return rows.length > 0;
    });
    commit();
    await Promise.all([declined, succeeded]);
    expect(await statusOf('enr_1')).toBe('past_due');
  });

  it('never waits in a circle: forty writers of one enrollment all get through', async () => {
    const { db } = database;
    await insertEnrollmentRow(db, 'enr_2');
    // As in a charge's life: its row is claimed before anything is written of it.
    await Promise.all(Array.from({ length: 8 }, (_, at) => claimCharge(db, newCharge('enr_2', at + 1))));
    await Promise.all(
      Array.from({ length: 40 }, (_, at) =>
        db.transaction().execute(async (trx) => {
          const number = (at % 8) + 1;
          const status = at % 2 === 0 ? 'requires_payment_method' : 'succeeded';
          await saveCharge(trx, newCharge('enr_2', number, { status }));
          await touchEnrollment(trx, 'enr_2', { at: AT });
        }),
      ),
    );
    const open = await db
      .selectFrom('charges')
      .select('id')
      .where('enrollment_id', '=', 'enr_2')
      .where('status', '=', 'requires_payment_method')
      .execute();
    expect(await statusOf('enr_2')).toBe(open.length > 0 ? 'past_due' : 'active');
  });
});
