/** Who is told, by the rows, that their saved method will fail at the next charge, and who is not. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { ActivityDeps } from '../../activities/deps.ts';
import { tellIfMethodFails } from '../../activities/method-notice.ts';
import { createScheduleActivities } from '../../activities/schedule.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { daysAhead, type Seed, seedEnrollment, seedFact, seedPaymentMethod } from '../web/rows.ts';

const NEXT = daysAhead(30);

let test: TestDatabase;
beforeAll(async () => {
  test = await createTestDatabase();
});
afterAll(() => test.drop());

async function isTold(seed: Seed, told: string[] = []): Promise<boolean> {
  const next = { next_charge_at: NEXT, next_charge_amount_minor: 1980 };
  const id = await seedEnrollment(test.db, { ...next, ...seed });
  await seedPaymentMethod(test.db, id, { detached_at: daysAhead(0) });
  for (const what of told) {
    await seedFact(test.db, id, { what });
  }
  await tellIfMethodFails(test.db, id, daysAhead(0));
  return hasHeard(id);
}

async function hasHeard(id: string): Promise<boolean> {
  const { kinds } = await test.db
    .selectFrom('notifications')
    .select((eb) => eb.fn.countAll<number>().as('kinds'))
    .where('enrollment_id', '=', id)
    .where('kind', '=', 'payment_method_needed')
    .executeTakeFirstOrThrow();
  return Number(kinds) === 1;
}

describe('tellIfMethodFails', () => {
  it.each<[string, Seed, string[]]>([
    ['a charge is planned', {}, []],
    ['none is planned, since it is charged on demand', { next_charge_at: null }, []],
    ['a charge comes before the cancel', { cancel_at: daysAhead(31) }, []],
    ['a cancel was taken back', {}, ['enrollment.cancel_at_period_end', 'enrollment.cancel_undone']],
  ])('tells of a removed method when %s', async (_name, seed, told) => {
    expect(await isTold(seed, told)).toBe(true);
  });

  it.each<[string, Seed, string[]]>([
    ['it is canceled as of the next charge', { cancel_at: NEXT }, []],
    ['it is canceled before the next charge', { cancel_at: daysAhead(29) }, []],
    ['it is canceled later and nothing is planned until then', { next_charge_at: null, cancel_at: NEXT }, []],
    ['a cancel was accepted and waits for a payment', {}, ['enrollment.cancel_accepted']],
    ['it has ended', { status: 'canceled', ended_at: daysAhead(-1) }, []],
  ])('tells nothing when %s', async (_name, seed, told) => {
    expect(await isTold(seed, told)).toBe(false);
  });
});

describe('a cancel that is taken back', () => {
  /** What the Workflow has written of it, twice, as a repeated Activity would. */
  async function undone(method: Parameters<typeof seedPaymentMethod>[2]): Promise<boolean> {
    const next = { next_charge_at: NEXT, next_charge_amount_minor: 1980, cancel_at: NEXT };
    const id = await seedEnrollment(test.db, next);
    await seedPaymentMethod(test.db, id, method);
    await tellIfMethodFails(test.db, id, daysAhead(0));
    expect(await hasHeard(id)).toBe(false);
    const { noteCommand } = createScheduleActivities({ db: test.db } as ActivityDeps);
    const at = daysAhead(0);
    const fact = { key: 'command-2', at, what: 'enrollment.cancel_undone', who: 'customer' };
    for (let time = 0; time < 2; time += 1) {
      await noteCommand({ enrollmentId: id, at, row: { cancelAt: null }, facts: [fact] });
    }
    return hasHeard(id);
  }

  it('tells of a method that was removed meanwhile, once', async () => {
    expect(await undone({ detached_at: daysAhead(0) })).toBe(true);
  });

  it('tells of a card that is over by the next charge', async () => {
    expect(await undone({ exp_month: 1, exp_year: new Date().getUTCFullYear() - 1 })).toBe(true);
  });

  it('tells nothing of a good one', async () => {
    expect(await undone({})).toBe(false);
  });
});
