/** An Activity that was given up for dead writes what it had read after its successor has written. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { extendWait, saveAttempt, saveCharge } from '../../db/charges.ts';
import type { NewChargeAttempt } from '../../db/schema.ts';
import { CHARGE_STATUSES } from '../../domain/charge-states.ts';
import type { ChargeStatus } from '../../domain/statuses.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { insertEnrollmentRow, newCharge } from './charge-rows.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

let enrollmentId = '';
let enrollments = 0;
beforeEach(async () => {
  enrollments += 1;
  enrollmentId = `enr_${enrollments}`;
  await insertEnrollmentRow(database.db, enrollmentId);
});

const rowOf = (id: string) =>
  database.db.selectFrom('charges').selectAll().where('id', '=', id).executeTakeFirstOrThrow();

describe('extendWait', () => {
  const EARLY = '2026-11-05T00:00:00.000Z';
  const UNTIL = '2026-11-06T00:00:00.000Z';
  const LATE = '2026-11-07T00:00:00.000Z';

  it.each([
    ['requires_payment_method', EARLY, UNTIL],
    ['requires_payment_method', LATE, LATE],
    // The row does not say so, as of every charge that an older version has left waiting.
    ['requires_payment_method', null, UNTIL],
    ['requires_action', null, UNTIL],
    ['processing', null, null],
    ['uncollectible', null, null],
  ] as [ChargeStatus, string | null, string | null][])(
    'has a charge in %s, until %s, wait until %s',
    async (status, before, after) => {
      const charge = newCharge(enrollmentId, 1, { status, give_up_at: before });
      await saveCharge(database.db, charge);
      await extendWait(database.db, { id: charge.id, until: UNTIL, at: LATE });
      expect((await rowOf(charge.id)).give_up_at?.toISOString() ?? null).toBe(after);
    },
  );
});

describe('saveCharge', () => {
  const SETTLED = ['succeeded', 'canceled', 'uncollectible'];

  it.each([
    ['succeeded', ['succeeded', 'needs_attention']],
    ['canceled', [...SETTLED, 'needs_attention']],
    ['uncollectible', [...SETTLED, 'needs_attention']],
    ['processing', CHARGE_STATUSES],
    ['needs_attention', CHARGE_STATUSES],
  ] as [ChargeStatus, ChargeStatus[]][])('writes over a charge that is %s only %j', async (known, later) => {
    const written = await Promise.all(
      CHARGE_STATUSES.map(async (seen, at) => {
        const charge = newCharge(enrollmentId, at + 1, { payment_intent_id: `pi_${enrollmentId}_${at}` });
        await saveCharge(database.db, { ...charge, status: known, captured_minor: 980 });
        await saveCharge(database.db, { ...charge, status: seen, next_attempt_at: charge.due_at });
        const row = await rowOf(charge.id);
        expect(row.captured_minor).toBe(980);
        // All of it, or nothing.
        expect(row.next_attempt_at !== null).toBe(row.status === seen);
        return row.status === seen ? seen : null;
      }),
    );
    expect(written.filter((status) => status !== null).sort()).toEqual([...later].sort());
  });

  it('writes what Stripe says of a charge that was canceled before there was a PaymentIntent', async () => {
    const charge = newCharge(enrollmentId, 1);
    await saveCharge(database.db, { ...charge, status: 'canceled' });
    await saveCharge(database.db, { ...charge, status: 'requires_capture', payment_intent_id: 'pi_late' });
    expect(await rowOf(charge.id)).toMatchObject({
      status: 'requires_capture',
      payment_intent_id: 'pi_late',
    });
  });

  describe('of an earlier attempt, written late', () => {
    const EARLIER = { attempts: 1, updated_at: '2026-11-01T00:00:00.000Z' };
    const LATER = { attempts: 2, updated_at: '2026-11-04T00:00:00.000Z' };

    it.each([
      ['requires_payment_method', 'processing', 'processing'],
      ['needs_attention', 'requires_capture', 'requires_capture'],
      ['requires_action', 'scheduled', 'scheduled'],
      // No later attempt takes back what is final.
      ['succeeded', 'processing', 'succeeded'],
      ['canceled', 'requires_payment_method', 'canceled'],
    ] as [ChargeStatus, ChargeStatus, ChargeStatus][])(
      'as %s over a later one that is %s leaves %s',
      async (late, known, left) => {
        const charge = newCharge(enrollmentId, 1);
        await saveCharge(database.db, { ...charge, ...LATER, status: known });
        await saveCharge(database.db, { ...charge, ...EARLIER, status: late });
        expect((await rowOf(charge.id)).status).toBe(left);
      },
    );

    it.each([
      ['requires_action', 'processing', 'processing'],
      ['requires_action', 'requires_capture', 'requires_capture'],
      ['requires_capture', 'processing', 'requires_capture'],
    ] as [ChargeStatus, ChargeStatus, ChargeStatus][])(
      'as %s over what the same has come to since, %s, leaves %s',
      async (late, known, left) => {
        const charge = { ...newCharge(enrollmentId, 1), attempts: 1 };
        await saveCharge(database.db, { ...charge, updated_at: LATER.updated_at, status: known });
        await saveCharge(database.db, { ...charge, updated_at: EARLIER.updated_at, status: late });
        expect((await rowOf(charge.id)).status).toBe(left);
      },
    );

    it('is news from a Workflow that was set back and counts its attempts anew', async () => {
      const charge = newCharge(enrollmentId, 1);
      await saveCharge(database.db, { ...charge, ...EARLIER, attempts: 3, status: 'requires_action' });
      await saveCharge(database.db, { ...charge, ...LATER, status: 'processing' });
      expect(await rowOf(charge.id)).toMatchObject({ attempts: 2, status: 'processing' });
    });
  });
});

describe('saveAttempt', () => {
  it.each([
    ['processing', 'succeeded', 'succeeded'],
    ['processing', 'declined', 'declined'],
    ['succeeded', 'processing', 'succeeded'],
    ['canceled', 'processing', 'canceled'],
    ['declined', 'succeeded', 'declined'],
  ])('of one that is %s and is then said to be %s leaves %s', async (first, then, left) => {
    const charge = newCharge(enrollmentId, 1);
    await saveCharge(database.db, charge);
    const attempt: NewChargeAttempt = {
      charge_id: charge.id,
      attempt: 1,
      enrollment_id: enrollmentId,
      idempotency_key: charge.id,
      payment_method_id: 'pm_1',
      outcome: first,
      attempted_at: charge.created_at,
    };
    await saveAttempt(database.db, attempt);
    await saveAttempt(database.db, { ...attempt, outcome: then });
    const rows = await database.db
      .selectFrom('charge_attempts')
      .select('outcome')
      .where('charge_id', '=', charge.id)
      .execute();
    expect(rows).toEqual([{ outcome: left }]);
  });
});
