/**
 * What a decline and what its recovery may cost: history events, billable actions by the server's own counters, calls to
 * Stripe by the stand-in's. A change that raises one fails here. The happy ways are in `budgets.test.ts`.
 */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ONCE, startBilling, type TestBilling } from '../support/billing.ts';
import { waitFor } from '../support/wait.ts';

/** Of a charge that is declined when it is tried, until the Workflow waits for the next try. */
const DECLINE: Cost = { events: 12, actions: 3, stripeCalls: 1 };
/** Of a try that is asked for and succeeds, the end of the enrollment included: it has no other charge. */
const RECOVERY: Cost = { events: 23, actions: 6, stripeCalls: 1 };

let billing: TestBilling;
beforeAll(async () => {
  billing = await startBilling({ ownNamespace: true });
}, 120_000);
afterAll(() => billing.stop());

interface Cost {
  events: number;
  actions: number;
  stripeCalls: number;
}

/** What an enrollment has cost so far. No other one runs in this Namespace and at this stand-in. */
async function costSoFar(id: string): Promise<Cost> {
  const actions = await settledActions();
  const { events } = await billing.history(id);
  return { events: events?.length ?? 0, actions, stripeCalls: await billing.stripeCalls() };
}

/** Billable actions by the server's counters, which arrive a little late: waits until they have stood still. */
async function settledActions(): Promise<number> {
  const { metricsUrl, namespace } = billing.temporal;
  let last = -1;
  return waitFor(
    'the counters to settle',
    async () => {
      const text = await (await fetch(metricsUrl)).text();
      const now = text
        .split('\n')
        .filter((line) => line.startsWith('action{') && line.includes(`namespace="${namespace}"`))
        .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' ') + 1)), 0);
      const settled = now === last && now > 0;
      last = now;
      return settled ? now : false;
    },
    { timeoutMs: 15_000, everyMs: 1_500 },
  );
}

/** Waits until the Workflow has taken in what its last Activity reported: by its history, since a query is billed too. */
function taken(id: string): Promise<unknown> {
  return waitFor('the Workflow to take the report in', async () => {
    const { events } = await billing.history(id);
    const last = (what: 'workflowTaskCompletedEventAttributes' | 'activityTaskCompletedEventAttributes') =>
      (events ?? []).findLastIndex((event) => event[what] != null);
    return last('workflowTaskCompletedEventAttributes') > last('activityTaskCompletedEventAttributes');
  });
}

function difference(after: Cost, before: Cost): Cost {
  return {
    events: after.events - before.events,
    actions: after.actions - before.actions,
    stripeCalls: after.stripeCalls - before.stripeCalls,
  };
}

/** What costs more than its budget, in words. */
function above(cost: Cost, budget: Cost): string[] {
  return (['events', 'actions', 'stripeCalls'] as const)
    .filter((name) => cost[name] > budget[name])
    .map((name) => `${cost[name]} ${name} instead of ${budget[name]}`);
}

describe('a decline and its recovery', () => {
  it('stay within their events, actions and Stripe calls', async () => {
    // Mostly the first is enough; on a busy machine counting may take longer than that.
    const { enrollmentId, saved } =
      (await countedBeforeCharge(10_000)) ?? (await countedBeforeCharge(30_000)) ?? neverCounted();

    await billing.charged(enrollmentId, 1, 'requires_payment_method', 60_000);
    const [charge] = await billing.chargeRows(enrollmentId);
    await taken(enrollmentId);
    const declined = await costSoFar(enrollmentId);
    const decline = difference(declined, saved);

    await billing.billing.retryCharge(enrollmentId, String(charge?.id), { by: 'operator', reason: null });
    await billing.charged(enrollmentId, 1, 'succeeded');
    await billing.handle(enrollmentId).result();
    const recovery = difference(await costSoFar(enrollmentId), declined);
    expect({ decline: above(decline, DECLINE), recovery: above(recovery, RECOVERY) }).toEqual({
      decline: [],
      recovery: [],
    });
    // Nothing was counted would be within every budget.
    expect(decline.events).toBeGreaterThan(8);
    expect(recovery.stripeCalls).toBe(1);
  }, 120_000);
});

/**
 * An enrollment whose charge, after so long, will be declined, and what it has cost before.
 * @returns null when the charge was made before all was counted; that enrollment is over then
 */
async function countedBeforeCharge(waitMs: number): Promise<{ enrollmentId: string; saved: Cost } | null> {
  const at = new Date(Date.now() + waitMs).toISOString();
  const { enrollmentId } = await billing.enrolled({
    ...ONCE,
    schedule: { type: 'once', amountMinor: 1200, at },
  });
  await billing.active(enrollmentId);
  const method = await billing.db
    .selectFrom('payment_methods')
    .select('id')
    .where('enrollment_id', '=', enrollmentId)
    .executeTakeFirstOrThrow();
  await billing.control(`payment_methods/${method.id}/next_charge`, {
    decline_code: 'insufficient_funds',
    times: 1,
  });
  const saved = await costSoFar(enrollmentId);
  if (Date.now() < Date.parse(at)) {
    return { enrollmentId, saved };
  }
  await billing.handle(enrollmentId).terminate();
  return null;
}

function neverCounted(): never {
  throw new Error('the charge was made before the counters had settled');
}
