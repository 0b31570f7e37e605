import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { sql } from 'kysely';
import pRetry from 'p-retry';
import pg from 'pg';
import { claimCharge } from '../../db/charge-claims.ts';
import { writeChargeOutcome } from '../../db/charge-outcome.ts';
import { saveCharge } from '../../db/charges.ts';
import { touchEnrollment } from '../../db/enrollments.ts';
import { writeSavedMethod } from '../../db/saved-method.ts';
import { factRows, type TimelineFact } from '../../db/timeline.ts';
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

/** The first charge of an enrollment is declined, in a transaction that is held open. */
async function declineThatIsNotCommitted(enrollmentId: string) {
  const { db } = database;
  let commit = () => {};
  const held = new Promise<void>((resolve) => {
    commit = resolve;
  });
  let isWritten = () => {};
  const written = new Promise<void>((resolve) => {
    isWritten = resolve;
  });
  const transaction = db.transaction().execute(async (trx) => {
    await saveCharge(trx, newCharge(enrollmentId, 1, { status: 'requires_payment_method' }));
    await touchEnrollment(trx, enrollmentId, { at: AT });
    isWritten();
    await held;
  });
  await written;
  return {
    async commitOnceWaitedFor(): Promise<void> {
      await waitFor('somebody to wait for the transaction', async () => {
        const { rows } = await sql`select 1 from pg_stat_activity
          where datname = current_database() and wait_event_type = 'Lock'`.execute(db);
        return rows.length > 0;
      });
      commit();
      await transaction;
    },
  };
}

describe('touchEnrollment', () => {
  it('keeps the past_due of a charge that another transaction wrote meanwhile', async () => {
    const { db } = database;
    await insertEnrollmentRow(db, 'enr_1');
    const declined = await declineThatIsNotCommitted('enr_1');
    const succeeded = db.transaction().execute(async (trx) => {
      await saveCharge(trx, newCharge('enr_1', 2, { status: 'succeeded' }));
      await touchEnrollment(trx, 'enr_1', { at: AT });
    });
    await declined.commitOnceWaitedFor();
    await succeeded;
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

const CHANGE = { at: AT, next: { dueAt: '2026-12-02T00:00:00.000Z', amountMinor: 980 } };

describe('writeChargeOutcome', () => {
  const idOf = (number: number) => `enr_${number}`;
  const write = (
    enrollmentId: string,
    number: number,
    status: 'requires_payment_method' | 'succeeded',
    more: Partial<TimelineFact> = {},
  ) => {
    const charge = newCharge(enrollmentId, number, { status });
    const fact = {
      key: `${charge.id}/${status}`,
      chargeId: charge.id,
      at: AT,
      what: 'charge',
      who: 'workflow',
    };
    const facts = factRows(enrollmentId, [{ ...fact, ...more }]);
    const rows = { charge, attempt: null, facts, movement: null, notice: null };
    return writeChargeOutcome(database.db, rows, CHANGE);
  };
  const eventsOf = (id: string) =>
    database.db.selectFrom('enrollment_events').select('key').where('enrollment_id', '=', id).execute();

  it('writes all, and derives the status from what it writes and what was there', async () => {
    await insertEnrollmentRow(database.db, idOf(3));
    await write(idOf(3), 1, 'requires_payment_method');
    expect(await statusOf(idOf(3))).toBe('past_due');
    await write(idOf(3), 2, 'succeeded');
    expect(await statusOf(idOf(3))).toBe('past_due');
    await write(idOf(3), 1, 'succeeded');
    expect(await statusOf(idOf(3))).toBe('active');
    expect(await eventsOf(idOf(3))).toHaveLength(3);
  });

  it('tells the enrollment nothing of a charge that knows better than what was read before', async () => {
    await insertEnrollmentRow(database.db, idOf(9));
    await write(idOf(9), 1, 'succeeded');
    await write(idOf(9), 1, 'requires_payment_method');
    expect(await statusOf(idOf(9))).toBe('active');
    await write(idOf(9), 2, 'requires_payment_method');
    await write(idOf(9), 1, 'requires_payment_method');
    expect(await statusOf(idOf(9))).toBe('past_due');
  });

  it('writes nothing when one of them fails', async () => {
    const { db } = database;
    await insertEnrollmentRow(db, idOf(4));
    const alien = write(idOf(4), 1, 'succeeded', { chargeId: 'chg_of_nobody' });
    await expect(alien).rejects.toThrow('foreign key');
    expect(
      await db.selectFrom('charges').select('id').where('enrollment_id', '=', idOf(4)).execute(),
    ).toEqual([]);
  });

  it('looks once more when another transaction has changed the enrollment since it began', async () => {
    const { db } = database;
    await insertEnrollmentRow(db, idOf(5));
    await claimCharge(db, newCharge(idOf(5), 2));
    const declined = await declineThatIsNotCommitted(idOf(5));
    const succeeded = write(idOf(5), 2, 'succeeded');
    await declined.commitOnceWaitedFor();
    await succeeded;
    const enrollment = await db
      .selectFrom('enrollments')
      .select(['status', 'next_charge_at'])
      .where('id', '=', idOf(5))
      .executeTakeFirstOrThrow();
    // The first of what the other one has told, the second of what this one tells.
    expect(enrollment).toEqual({ status: 'past_due', next_charge_at: new Date(CHANGE.next.dueAt) });
    expect(await eventsOf(idOf(5))).toHaveLength(1);
  });

  it('never waits in a circle, and ends with the status of all: forty writers of one enrollment', async () => {
    const { db } = database;
    await insertEnrollmentRow(db, idOf(6));
    await Promise.all(Array.from({ length: 8 }, (_, at) => claimCharge(db, newCharge(idOf(6), at + 1))));
    await Promise.all(
      Array.from({ length: 40 }, (_, at) => {
        const status = at % 2 === 0 ? 'requires_payment_method' : 'succeeded';
        // As Temporal repeats it: see `saveCharge`. A circle would be refused under another code.
        return pRetry(() => write(idOf(6), (at % 8) + 1, status), {
          shouldRetry: ({ error }) => error instanceof pg.DatabaseError && error.code === '23505',
          minTimeout: 5,
        });
      }),
    );
    const open = await db
      .selectFrom('charges')
      .select('id')
      .where('enrollment_id', '=', idOf(6))
      .where('status', '=', 'requires_payment_method')
      .execute();
    expect(await statusOf(idOf(6))).toBe(open.length > 0 ? 'past_due' : 'active');
    // And once more with an end that is known: the last word of each is that it succeeded.
    await Promise.all(Array.from({ length: 8 }, (_, at) => write(idOf(6), at + 1, 'succeeded')));
    expect(await statusOf(idOf(6))).toBe('active');
  });
});

describe('writeSavedMethod', () => {
  const rowsOf = (enrollmentId: string) => ({
    customer: {
      id: `cst_${enrollmentId}`,
      stripeCustomerId: 'cus_1',
      email: 'told@example.com',
      name: null,
    },
    method: {
      id: `pm_${enrollmentId}`,
      enrollment_id: enrollmentId,
      stripe_customer_id: 'cus_1',
      type: 'card',
      brand: 'visa',
      last4: '4242',
      exp_month: 12,
      exp_year: 2030,
      fingerprint: null,
      setup_intent_id: 'seti_1',
      checkout_session_id: `cs_${enrollmentId}`,
      mandate_id: null,
      saved_at: AT,
    },
    facts: factRows(enrollmentId, [{ key: 'saved', at: AT, what: 'payment_method.saved', who: 'customer' }]),
  });
  const openSession = (enrollmentId: string) =>
    database.db
      .insertInto('checkout_sessions')
      .values({
        id: `cs_${enrollmentId}`,
        enrollment_id: enrollmentId,
        status: 'open',
        url: 'https://checkout.stripe.com/c/1',
        expires_at: AT,
        created_at: AT,
      })
      .execute();
  const written = (id: string) =>
    database.db
      .selectFrom('enrollments')
      .innerJoin('customers', 'customers.id', 'enrollments.customer_id')
      .innerJoin('checkout_sessions', 'checkout_sessions.enrollment_id', 'enrollments.id')
      .select(['enrollments.status', 'default_payment_method_id', 'started_at', 'next_charge_at'])
      .select(['customers.stripe_customer_id', 'email', 'name', 'url'])
      .select(['checkout_sessions.status as session_status', 'completed_at'])
      .where('enrollments.id', '=', id)
      .executeTakeFirstOrThrow();

  it('writes all of it once, and keeps what the caller knew of the customer and when it started', async () => {
    const { db } = database;
    await insertEnrollmentRow(db, 'enr_first', 'awaiting_payment_method');
    await openSession('enr_first');
    await writeSavedMethod(db, rowsOf('enr_first'), CHANGE);
    const first = await written('enr_first');
    expect(first).toEqual({
      status: 'active',
      default_payment_method_id: 'pm_enr_first',
      started_at: new Date(AT),
      next_charge_at: new Date(CHANGE.next.dueAt),
      stripe_customer_id: 'cus_1',
      email: 'told@example.com',
      name: null,
      url: null,
      session_status: 'complete',
      completed_at: new Date(AT),
    });
    const again = rowsOf('enr_first');
    again.customer = { ...again.customer, stripeCustomerId: 'cus_2', email: 'other@example.com' };
    const later = '2026-11-03T00:00:00.000Z';
    await writeSavedMethod(db, again, { at: later, next: { ...CHANGE.next, dueAt: later } });
    expect(await written('enr_first')).toEqual(first);
  });

  it('leaves the plan alone when none is given, and takes the end of one that is over', async () => {
    const { db } = database;
    await insertEnrollmentRow(db, 'enr_plan');
    await openSession('enr_plan');
    await writeSavedMethod(db, rowsOf('enr_plan'), CHANGE);
    await writeSavedMethod(db, rowsOf('enr_plan'), { at: AT });
    expect(await written('enr_plan')).toMatchObject({ next_charge_at: new Date(CHANGE.next.dueAt) });
    await insertEnrollmentRow(db, 'enr_none');
    await openSession('enr_none');
    await writeSavedMethod(db, rowsOf('enr_none'), { at: AT, next: null });
    expect(await written('enr_none')).toMatchObject({ next_charge_at: null });
  });

  it('looks once more when another transaction has changed the enrollment since it began', async () => {
    const { db } = database;
    await insertEnrollmentRow(db, 'enr_met');
    await openSession('enr_met');
    const declined = await declineThatIsNotCommitted('enr_met');
    const saved = writeSavedMethod(db, rowsOf('enr_met'), CHANGE);
    await declined.commitOnceWaitedFor();
    await saved;
    expect(await written('enr_met')).toMatchObject({
      status: 'past_due',
      default_payment_method_id: 'pm_enr_met',
      next_charge_at: new Date(CHANGE.next.dueAt),
    });
  });
});
