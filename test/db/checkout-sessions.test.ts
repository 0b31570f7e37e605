import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { closeCheckoutSession, writeOpenSession } from '../../db/checkout-sessions.ts';
import { writeEnrollment } from '../../db/enrollments.ts';
import { factRows } from '../../db/timeline.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { insertEnrollmentRow } from './charge-rows.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

const AT = '2026-11-02T00:00:00.000Z';
const factsOf = (id: string, key: string) =>
  factRows(id, [{ key, at: AT, what: 'checkout_session.opened', who: 'workflow' }]);
const toldOf = (id: string) =>
  database.db.selectFrom('enrollment_events').select('key').where('enrollment_id', '=', id).execute();

it('opens a session once: an Activity that is tried again neither fails nor opens one that has ended', async () => {
  const { db } = database;
  await insertEnrollmentRow(db, 'enr_1');
  const session = {
    id: 'cs_1',
    enrollment_id: 'enr_1',
    status: 'open' as const,
    url: 'https://checkout.stripe.com/c/1',
    expires_at: AT,
    created_at: AT,
  };
  const rows = { session, facts: factsOf('enr_1', 'checkout-session-1') };
  await writeOpenSession(db, rows);
  await closeCheckoutSession(db, { id: 'cs_1', enrollmentId: 'enr_1' }, { status: 'expired', at: AT });
  await writeOpenSession(db, rows);
  const [kept] = await db.selectFrom('checkout_sessions').select(['status', 'url']).execute();
  expect(kept).toEqual({ status: 'expired', url: null });
  expect(await toldOf('enr_1')).toHaveLength(1);
});

it('writes a new enrollment once: a repeat changes nothing of one that has gone on', async () => {
  const { db } = database;
  await insertEnrollmentRow(db, 'enr_2', 'active');
  const row = await db
    .selectFrom('enrollments')
    .selectAll()
    .where('id', '=', 'enr_2')
    .executeTakeFirstOrThrow();
  const again = {
    ...row,
    status: 'awaiting_payment_method' as const,
    terms: JSON.stringify(row.terms),
    metadata: JSON.stringify(row.metadata),
  };
  const customer = await writeEnrollment(db, { enrollment: again, facts: factsOf('enr_2', 'enrolled') });
  expect(customer.id).toBe(row.customer_id);
  await writeEnrollment(db, { enrollment: again, facts: factsOf('enr_2', 'enrolled') });
  const kept = await db.selectFrom('enrollments').selectAll().where('id', '=', 'enr_2').execute();
  expect(kept).toEqual([row]);
  expect(await toldOf('enr_2')).toHaveLength(1);
});
