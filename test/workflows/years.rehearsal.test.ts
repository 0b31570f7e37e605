/**
 * Daily billing that outlives its runs: each run hands the schedule on to the next by continue-as-new.
 * `YEARS=3 npm run jest -- test/workflows/years` bills three years, day by day; the suite as many days as take several
 * runs, because the test server ends a run after 250 events and a real one after 4,096.
 */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Terms } from '../../domain/terms.ts';
import { MONTHLY, startBilling, type TestBilling } from '../support/billing.ts';
import { virtualClock } from '../support/virtual-clock.ts';

const DAY_MS = 86_400_000;
const DAYS_AT_ONCE = 40;
const YEARS = Number(process.env.YEARS ?? 0);
const DAYS = YEARS > 0 ? Math.round(YEARS * 365.25) : 80;
/** A run takes some forty days. */
const RUNS = Math.max(2, Math.floor(DAYS / 45));

let billing: TestBilling;
beforeAll(async () => {
  billing = await startBilling();
}, 60_000);
afterAll(() => billing.stop(), 300_000);

describe('daily billing', () => {
  it(
    `charges each of ${DAYS} days once, at the same instant of the day, over several runs`,
    async () => {
      const schedule = { ...MONTHLY.schedule, interval: { unit: 'day', count: 1 }, maxCharges: DAYS };
      const { enrollmentId } = await billing.enrolled({ ...MONTHLY, schedule } as Terms);
      await passDays(enrollmentId);
      const result = await billing.handle(enrollmentId).result();
      const told = await billing.timeline(enrollmentId);
      expect(told.map(({ what }) => what).filter((what) => what !== 'charge.succeeded')).toEqual([
        'enrollment.created',
        'checkout_session.opened',
        'payment_method.saved',
        'enrollment.completed',
      ]);
      expect(result).toMatchObject({
        status: 'completed',
        chargesSucceeded: DAYS,
        amountCollectedMinor: DAYS * 980,
      });
      expect(await runsOf(enrollmentId)).toBeGreaterThanOrEqual(RUNS);
      const rows = await billing.chargeRows(enrollmentId);
      expect(rows.map(({ occurrence }) => occurrence)).toEqual(Array.from({ length: DAYS }, (_, day) => day));
      expect(new Set(rows.map(({ payment_intent_id }) => payment_intent_id)).size).toBe(DAYS);
      const first = Number(rows[0]?.due_at);
      expect(rows.map(({ due_at }) => (Number(due_at) - first) / DAY_MS)).toEqual(
        Array.from({ length: DAYS }, (_, day) => day),
      );
      expect(await atStripe()).toEqual({ payments: DAYS, jpy: DAYS * 980 });
    },
    60_000 + DAYS * 1_000,
  );
});

/**
 * In steps, since the server forgets where it is when it jumps for years on end: after some 550 days its clock showed
 * the year 2050.
 */
async function passDays(enrollmentId: string): Promise<void> {
  const clock = virtualClock(billing.temporal, `enrollment/${enrollmentId}`);
  const start = Date.now();
  for (let day = 0; day < DAYS + DAYS_AT_ONCE; day += DAYS_AT_ONCE) {
    await clock.goTo(new Date(start + (day + DAYS_AT_ONCE) * DAY_MS).toISOString());
  }
}

/** Runs that handed over to another one. */
async function runsOf(enrollmentId: string): Promise<number> {
  let runs = 0;
  for await (const { status } of billing.temporal.client.workflow.list({
    query: `WorkflowId = 'enrollment/${enrollmentId}'`,
  })) {
    runs += status.name === 'CONTINUED_AS_NEW' ? 1 : 0;
  }
  return runs;
}

async function atStripe() {
  const answer = await fetch(`${billing.standIn.url}/_control/ledger`);
  const { payments, totals } = (await answer.json()) as { payments: unknown[]; totals: { jpy: number } };
  return { payments: payments.length, jpy: totals.jpy };
}
