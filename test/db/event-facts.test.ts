import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { writeOpenSession } from '../../db/checkout-sessions.ts';
import { findSessionFacts } from '../../db/event-facts.ts';
import { factRows } from '../../db/timeline.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { insertEnrollmentRow } from './charge-rows.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

const AT = '2026-11-02T00:00:00.000Z';

it('tells of Checkout Sessions by either name, each in its place', async () => {
  const { db } = database;
  for (const number of [1, 2]) {
    const enrollmentId = `enr_${number}`;
    await insertEnrollmentRow(db, enrollmentId);
    await writeOpenSession(db, {
      session: {
        id: `cs_${number}`,
        enrollment_id: enrollmentId,
        status: 'open',
        url: 'https://checkout.stripe.com/c/1',
        setup_intent_id: `seti_${number}`,
        expires_at: AT,
        created_at: AT,
      },
      facts: factRows(enrollmentId, [
        { key: 'opened', at: AT, what: 'checkout_session.opened', who: 'workflow' },
      ]),
    });
  }
  const factsOf = (number: number) => ({
    checkoutSessionId: `cs_${number}`,
    enrollmentId: `enr_${number}`,
    status: 'open',
    isBeingProven: false,
  });
  const names = [
    { setupIntentId: 'seti_2' },
    { checkoutSessionId: 'cs_3' },
    { checkoutSessionId: 'cs_1' },
    { setupIntentId: 'cs_1' },
    { checkoutSessionId: 'cs_2' },
  ];
  expect(await findSessionFacts(db, names)).toEqual([factsOf(2), null, factsOf(1), null, factsOf(2)]);
  expect(await findSessionFacts(db, [{ setupIntentId: 'seti_9' }])).toEqual([null]);
  await db.updateTable('checkout_sessions').set({ url: null }).where('id', '=', 'cs_1').execute();
  expect(await findSessionFacts(db, [{ setupIntentId: 'seti_1' }])).toEqual([
    { ...factsOf(1), isBeingProven: true },
  ]);
});
