import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { saveCharge } from '../../db/charges.ts';
import { findEnrollmentView, listEnrollmentViews } from '../../db/enrollment-views.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { insertEnrollmentRow, newCharge } from './charge-rows.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

describe('findEnrollmentView', () => {
  it('shows sums and latest charge of one moment, however fast they change', async () => {
    const { db } = database;
    await insertEnrollmentRow(db, 'enr_1');
    let reading = true;
    const writing = (async () => {
      for (let turn = 0; reading; turn++) {
        const status = turn % 2 === 0 ? 'succeeded' : 'requires_payment_method';
        await saveCharge(db, newCharge('enr_1', 1, { status }));
      }
    })();
    try {
      for (let look = 0; look < 300; look++) {
        const view = await findEnrollmentView(db, 'enr_1');
        const succeeded = view?.latest_charge?.status === 'succeeded' ? 1 : 0;
        expect(view?.charges_succeeded).toBe(succeeded);
      }
    } finally {
      reading = false;
      await writing;
    }
  }, 30_000);

  it('reads the latest charge as its own table does', async () => {
    const { db } = database;
    await insertEnrollmentRow(db, 'enr_2');
    const at = '2026-11-03T04:05:06.789Z';
    await saveCharge(db, newCharge('enr_2', 1));
    await saveCharge(
      db,
      newCharge('enr_2', 2, { amount_minor: 999_999_999_999, next_attempt_at: at, settled_at: at }),
    );
    const row = await db.selectFrom('charges').selectAll().where('id', '=', 'chg_enr_2_2').executeTakeFirst();
    expect((await findEnrollmentView(db, 'enr_2'))?.latest_charge).toEqual(row);
    const [listed] = await listEnrollmentViews(db, { limit: 1 });
    expect(listed?.latest_charge).toEqual(row);
  });
});
