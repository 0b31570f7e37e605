/** An enrollment that outlives its runs: continue-as-new carries open charges, pending commands and the schedule. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Terms } from '../../domain/terms.ts';
import { MONTHLY, startBilling, type TestBilling } from '../support/billing.ts';

/** The test server ends a run after 250 events, a real one after 4,096: as many runs as three years of daily billing. */
const DAYS = 50;

let billing: TestBilling;
beforeAll(async () => {
  billing = await startBilling({ virtualTime: true });
}, 60_000);
afterAll(() => billing.stop(), 300_000);

describe('daily billing for as many runs as three years have', () => {
  it('charges every day once, over several runs', async () => {
    const schedule = { ...MONTHLY.schedule, interval: { unit: 'day', count: 1 }, maxCharges: DAYS };
    const { enrollmentId } = await billing.enrolled({ ...MONTHLY, schedule } as Terms);
    const result = await billing.handle(enrollmentId).result();
    expect(result).toMatchObject({
      status: 'completed',
      chargesSucceeded: DAYS,
      amountCollectedMinor: DAYS * 980,
    });
    const runs = [];
    for await (const run of billing.temporal.virtualTimeClient.workflow.list({
      query: `WorkflowId = 'enrollment/${enrollmentId}'`,
    })) {
      runs.push(run.status.name);
    }
    expect(runs.filter((status) => status === 'CONTINUED_AS_NEW').length).toBeGreaterThanOrEqual(2);
    const rows = await billing.chargeRows(enrollmentId);
    expect(new Set(rows.map(({ occurrence }) => occurrence)).size).toBe(DAYS);
    const days = rows.slice(1).map(({ due_at }, i) => due_at.getTime() - Number(rows[i]?.due_at.getTime()));
    expect(new Set(days)).toEqual(new Set([86_400_000]));
  }, 180_000);
});
