/**
 * A run of code from before decision 18 keeps a schedule's changes as a newer Worker's Activity told them to it: without
 * their empty lists. Newer code must carry it on.
 */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createScheduleActivities } from '../../activities/schedule.ts';
import { NO_CHANGES, type ScheduleChanges, type SparseChanges } from '../../domain/schedule-changes.ts';
import type { EnrollmentInput } from '../../domain/workflow-input.ts';
import { begun, resumed } from '../../workflows/run.ts';
import { insertEnrollmentRow } from '../db/charge-rows.ts';
import { MONTHLY } from '../support/billing.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';

const SPARSE: SparseChanges = { amounts: [{ fromOccurrence: 1, amountMinor: 1200 }] };
const INPUT: EnrollmentInput = {
  v: 1,
  enrollmentId: `enr_${'s'.repeat(26)}`,
  customerId: `cst_${'s'.repeat(26)}`,
  terms: MONTHLY,
  description: null,
  locale: 'en',
  returnUrl: null,
  metadata: {},
  livemode: false,
  requestFingerprint: '',
};

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
}, 60_000);
afterAll(() => database.drop());

describe('changes of a schedule without their empty lists', () => {
  it('are whole again in the run that takes over', () => {
    const { state } = begun(INPUT, Date.parse('2026-11-01T00:00:00Z'));
    const carried = { ...state, schedule: { ...state.schedule, changes: SPARSE as ScheduleChanges } };
    expect(resumed(INPUT, carried).state.schedule.changes).toEqual({ ...NO_CHANGES, ...SPARSE });
  });

  it('are understood by the Activity that plans anew after a pause', async () => {
    await insertEnrollmentRow(database.db, INPUT.enrollmentId);
    const { planSchedule } = createScheduleActivities({ db: database.db } as never);
    const plan = await planSchedule({
      enrollmentId: INPUT.enrollmentId,
      terms: MONTHLY,
      anchorAt: '2026-11-01T00:00:00.000Z',
      occurrence: 0,
      changes: SPARSE as ScheduleChanges,
      at: '2027-01-15T00:00:00.000Z',
      resumesAt: '2027-01-15T00:00:00.000Z',
      row: {},
      facts: [],
    });
    expect(plan).toMatchObject({ occurrence: 2, next: { occurrence: 3, amountMinor: 1200 } });
  });
});
