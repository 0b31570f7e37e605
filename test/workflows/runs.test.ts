/** A run of an enrollment is short, whoever made its history long: who wakes from a long sleep is replayed quickly. */
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import type { Terms } from '../../domain/terms.ts';
import { EVENTS_OF_A_RUN } from '../../workflows/billing.ts';
import { MONTHLY, startBilling, type TestBilling } from '../support/billing.ts';
import { virtualClock } from '../support/virtual-clock.ts';

const DAY_MS = 86_400_000;
const CHARGES = 14;
/** Of a period, with those of virtual time, which real time does not have. */
const EVENTS_OF_A_PERIOD = 16;

let billing: TestBilling;
beforeAll(async () => {
  billing = await startBilling();
}, 60_000);
afterAll(() => billing.stop(), 60_000);

it('hands on to a new one after some ten periods, with what operators see of it', async () => {
  const schedule = { ...MONTHLY.schedule, interval: { unit: 'day', count: 1 }, maxCharges: CHARGES };
  const { enrollmentId } = await billing.enrolled({ ...MONTHLY, schedule } as Terms);
  const first = await billing.handle(enrollmentId).describe();
  const clock = virtualClock(billing.temporal, `enrollment/${enrollmentId}`);
  await clock.goTo(new Date(Date.now() + (CHARGES + 2) * DAY_MS).toISOString());
  expect(await billing.handle(enrollmentId).result()).toMatchObject({ chargesSucceeded: CHARGES });

  const before = await billing.temporal.client.workflow
    .getHandle(`enrollment/${enrollmentId}`, first.runId)
    .describe();
  expect(before.status.name).toBe('CONTINUED_AS_NEW');
  expect(before.historyLength).toBeGreaterThanOrEqual(EVENTS_OF_A_RUN);
  expect(before.historyLength).toBeLessThan(EVENTS_OF_A_RUN + EVENTS_OF_A_PERIOD);
  const last = await billing.handle(enrollmentId).describe();
  expect(last.historyLength).toBeLessThan(EVENTS_OF_A_RUN);
  // Temporal does not hand on what the first run was started with, so the later ones say it themselves.
  expect(await before.staticSummary()).toBe('JPY 980 every day, at most 14 times');
  expect(await detailsOf(enrollmentId)).toContain('- **Terms**: JPY 980 every day, at most 14 times');
  expect(await detailsOf(enrollmentId, first.runId)).not.toContain('**Terms**');
}, 60_000);

/** The current details of a run, the last one where none is named. */
async function detailsOf(enrollmentId: string, runId?: string): Promise<string> {
  const handle = billing.temporal.client.workflow.getHandle(`enrollment/${enrollmentId}`, runId);
  const { currentDetails } = await handle.query<{ currentDetails: string }>('__temporal_workflow_metadata');
  return currentDetails;
}
