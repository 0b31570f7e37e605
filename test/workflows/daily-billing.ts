/**
 * Daily billing that outlives its runs: each run hands the schedule on to the next by continue-as-new. `years.test.ts`
 * bills as many days as take several runs, and `years.rehearsal.test.ts` three years.
 */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Terms } from '../../domain/terms.ts';
import { MONTHLY, startBilling, type TestBilling } from '../support/billing.ts';
import { virtualClock } from '../support/virtual-clock.ts';

const DAY_MS = 86_400_000;
const DAYS_AT_ONCE = 40;
/**
 * A run takes ten days or, where the server's clock has run ahead and the next one is always due already, as many as make
 * the 250 events after which this server suggests to hand on: six for a day without a timer.
 */
const DAYS_OF_A_RUN = 42;

let billing: TestBilling;
beforeAll(async () => {
  billing = await startBilling();
}, 60_000);
afterAll(() => billing.stop(), 300_000);

/** Describes the test for that many days. */
export function billsDaily(days: number): void {
  describe('daily billing', () => {
    it(
      `charges each of ${days} days once, at the same instant of the day, over several runs`,
      async () => {
        const schedule = { ...MONTHLY.schedule, interval: { unit: 'day', count: 1 }, maxCharges: days };
        const { enrollmentId } = await billing.enrolled({ ...MONTHLY, schedule } as Terms);
        await passDays(enrollmentId, days);
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
          chargesSucceeded: days,
          amountCollectedMinor: days * 980,
        });
        expect(await runsOf(enrollmentId)).toBeGreaterThanOrEqual(
          Math.max(2, Math.floor(days / DAYS_OF_A_RUN)),
        );
        const rows = await billing.chargeRows(enrollmentId);
        expect(rows.map(({ occurrence }) => occurrence)).toEqual(
          Array.from({ length: days }, (_, day) => day),
        );
        expect(new Set(rows.map(({ payment_intent_id }) => payment_intent_id)).size).toBe(days);
        const first = Number(rows[0]?.due_at);
        expect(rows.map(({ due_at }) => (Number(due_at) - first) / DAY_MS)).toEqual(
          Array.from({ length: days }, (_, day) => day),
        );
        expect(await atStripe()).toEqual({ payments: days, jpy: days * 980 });
      },
      60_000 + days * 1_000,
    );
  });
}

/**
 * In steps, since the server forgets where it is when it jumps for years on end: after some 550 days its clock showed
 * the year 2050.
 */
async function passDays(enrollmentId: string, days: number): Promise<void> {
  const clock = virtualClock(billing.temporal, `enrollment/${enrollmentId}`);
  const start = Date.now();
  for (let day = 0; day < days + DAYS_AT_ONCE; day += DAYS_AT_ONCE) {
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
