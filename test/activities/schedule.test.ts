/** A command that is written once more, by an Activity that was given up for dead, say: what came after it stands. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createOpenChargeActivities } from '../../activities/open-charges.ts';
import { createScheduleActivities, type ScheduleWork } from '../../activities/schedule.ts';
import { toldCharge } from '../../domain/open-charge.ts';
import { NO_CHANGES } from '../../domain/schedule-changes.ts';
import { firstCharge } from '../domain/charges.ts';
import { MONTHLY } from '../support/billing.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { seedEnrollment } from '../web/rows.ts';

let test: TestDatabase;
let activities: ReturnType<typeof createScheduleActivities>;
beforeAll(async () => {
  test = await createTestDatabase();
  // Only rows are written.
  activities = createScheduleActivities({ db: test.db } as Parameters<typeof createScheduleActivities>[0]);
});
afterAll(() => test.drop());

const ANCHOR = '2026-03-10T00:00:00.000Z';
const AT = '2026-03-12T00:00:00.000Z';
const MAY = '2026-05-10T00:00:00.000Z';

const command = (number: number, what: string) => ({
  key: `command-${number}/${what}`,
  at: AT,
  what,
  who: 'operator',
});

async function rowOf(id: string) {
  const columns = [
    'status',
    'paused_until',
    'cancel_at',
    'next_charge_at',
    'next_charge_amount_minor',
  ] as const;
  const query = test.db.selectFrom('enrollments').select(columns).where('id', '=', id);
  return query.executeTakeFirstOrThrow();
}

function planOf(enrollmentId: string, changed: Partial<ScheduleWork>): ScheduleWork {
  const { schedule, catchUp } = MONTHLY;
  const terms = { schedule, catchUp };
  const still = { anchorAt: ANCHOR, occurrence: 0, changes: NO_CHANGES, at: AT, resumesAt: null, row: {} };
  return { enrollmentId, terms, ...still, facts: [], ...changed };
}

describe('a command that is written once more', () => {
  it('is told once, and pauses or cancels nothing that goes on again', async () => {
    const enrollmentId = await seedEnrollment(test.db, {});
    const write = (number: number, what: string, row: Parameters<typeof activities.noteCommand>[0]['row']) =>
      activities.noteCommand({ enrollmentId, at: AT, row, facts: [command(number, what)] });
    const pause = () => write(1, 'enrollment.paused', { pausedUntil: null, next: null });
    const cancel = () => write(3, 'enrollment.cancel_at_period_end', { cancelAt: MAY });
    await pause();
    expect(await rowOf(enrollmentId)).toMatchObject({ status: 'paused', next_charge_at: null });
    const resumed = { resumesAt: AT, row: { pausedUntil: false } as const };
    const facts = [command(2, 'enrollment.resumed')];
    await activities.planSchedule(planOf(enrollmentId, { ...resumed, facts }));
    await cancel();
    await write(4, 'enrollment.cancel_undone', { cancelAt: null });
    const after = await rowOf(enrollmentId);
    expect(after).toMatchObject({ status: 'active', paused_until: null, cancel_at: null });
    expect(after.next_charge_at).not.toBeNull();
    await pause();
    await cancel();
    expect(await rowOf(enrollmentId)).toEqual(after);
  });

  it('is another command when a Workflow that was set back counts anew', async () => {
    const enrollmentId = await seedEnrollment(test.db, {});
    const row = { pausedUntil: null, next: null };
    const later = { ...command(1, 'enrollment.paused'), at: '2026-03-13T00:00:00.000Z' };
    const resumed = { resumesAt: AT, row: { pausedUntil: false } as const };
    await activities.noteCommand({ enrollmentId, at: AT, row, facts: [command(1, 'enrollment.paused')] });
    await activities.planSchedule(
      planOf(enrollmentId, { ...resumed, facts: [command(2, 'enrollment.resumed')] }),
    );
    await activities.noteCommand({ enrollmentId, at: later.at, row, facts: [later] });
    expect(await rowOf(enrollmentId)).toMatchObject({ status: 'paused', next_charge_at: null });
  });

  it('plans what it planned, told or not, and leaves the next charge to whoever came later', async () => {
    const enrollmentId = await seedEnrollment(test.db, {});
    const skip = planOf(enrollmentId, {
      changes: { ...NO_CHANGES, skipped: [1] },
      facts: [command(1, 'schedule.skipped')],
    });
    const caughtUp = planOf(enrollmentId, { at: ANCHOR });
    await activities.planSchedule(caughtUp);
    expect(await rowOf(enrollmentId)).toMatchObject({ next_charge_at: new Date('2026-04-10T00:00:00.000Z') });
    const first = await activities.planSchedule(skip);
    const amount = { fromOccurrence: 2, amountMinor: 700 };
    await activities.planSchedule(
      planOf(enrollmentId, {
        changes: { ...NO_CHANGES, skipped: [1], amounts: [amount] },
        facts: [command(2, 'schedule.amount_changed')],
      }),
    );
    const after = await rowOf(enrollmentId);
    expect(after).toMatchObject({ next_charge_amount_minor: 700 });
    expect(await activities.planSchedule(skip)).toEqual(first);
    await activities.planSchedule(caughtUp);
    expect(await rowOf(enrollmentId)).toEqual(after);
  });

  it('leaves what was skipped since to whoever skipped it, also when a charge is parked once more', async () => {
    const enrollmentId = await seedEnrollment(test.db, {});
    const { parkCharge } = createOpenChargeActivities({ db: test.db } as never);
    const park = () =>
      parkCharge({
        toldCharge: toldCharge(firstCharge({ id: `chg_${enrollmentId}`, occurrence: 0 })),
        context: { enrollmentId, currency: 'jpy', description: null, locale: 'en', timeZone: 'UTC' },
        terms: MONTHLY,
        stripeCustomerId: 'cus_1',
        paymentMethodId: 'pm_1',
        paymentMethodType: 'card',
        expires: null,
        at: ANCHOR,
        planAfter: { anchorAt: ANCHOR, occurrence: 0 },
        problem: 'StripeKeyRefused: …',
        attempted: true,
      });
    await park();
    expect(await rowOf(enrollmentId)).toMatchObject({ next_charge_at: new Date('2026-04-10T00:00:00.000Z') });
    const changes = { ...NO_CHANGES, skipped: [1] };
    await activities.planSchedule(planOf(enrollmentId, { changes, facts: [command(1, 'schedule.skipped')] }));
    await park();
    expect(await rowOf(enrollmentId)).toMatchObject({ next_charge_at: new Date(MAY) });
  });
});
