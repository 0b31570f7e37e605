/**
 * What one enrollment and one period may cost: history events and their bytes, billable actions by the server's own
 * counters, calls to Stripe by the stand-in's. A change that raises one fails here.
 */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { temporal } from '@temporalio/proto';
import { MONTHLY, startBilling, type TestBilling } from '../support/billing.ts';
import { waitFor } from '../support/wait.ts';

const BUDGETS = {
  enrollment: { events: 25, actions: 7, stripeCalls: 2 },
  happyPeriod: { events: 11, actions: 2, stripeCalls: 1 },
};
/**
 * With room for the names of machines, which many events carry. 1.5 kB more for an Activity made bare charges 8 to 14 %
 * slower: docs/performance.md.
 */
const BYTES = { enrollment: 6_000, happyPeriod: 2_300 };
const PERIODS = 6;

let billing: TestBilling;
beforeAll(async () => {
  billing = await startBilling({ ownNamespace: true });
}, 120_000);
afterAll(() => billing.stop());

/**
 * An enrollment whose time begins to jump once its first charge is made: before, it would jump to the end of the session
 * while the customer is on Checkout.
 */
async function billedThrough(maxCharges: number): Promise<{ enrollmentId: string }> {
  const schedule = { ...MONTHLY.schedule, maxCharges } as typeof MONTHLY.schedule;
  const { enrollmentId } = await billing.enrolled({ ...MONTHLY, schedule });
  await billing.charged(enrollmentId, 1, 'succeeded');
  await billing.temporal.connection.workflowService.updateWorkflowExecutionOptions({
    namespace: billing.temporal.namespace,
    workflowExecution: { workflowId: `enrollment/${enrollmentId}` },
    workflowExecutionOptions: { timeSkippingConfig: { enabled: true } },
    updateMask: { paths: ['time_skipping_config'] },
  });
  await billing.handle(enrollmentId).result();
  return { enrollmentId };
}

/** Billable actions so far, by the counters of the server. */
async function actionsOf(billing: TestBilling): Promise<number> {
  const text = await (await fetch(billing.temporal.metricsUrl)).text();
  return text
    .split('\n')
    .filter(
      (line) => line.startsWith('action{') && line.includes(`namespace="${billing.temporal.namespace}"`),
    )
    .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' ') + 1)), 0);
}

/** The counters arrive a little late: waits until they have stood still. */
async function settledActionsOf(billing: TestBilling): Promise<number> {
  let last = -1;
  return waitFor(
    'the counters to settle',
    async () => {
      const now = await actionsOf(billing);
      const settled = now === last && now > 0;
      last = now;
      return settled ? now : false;
    },
    { timeoutMs: 15_000, everyMs: 1_500 },
  );
}

describe('an enrollment, from the request until the method is saved', () => {
  /** A Customer of the caller's own Stripe account, so that none is created or attached. */
  async function knownToStripe(customerId: string): Promise<void> {
    const owner = await billing.stripe.customers.create({ email: 'owner@example.com' });
    await billing.db
      .updateTable('customers')
      .set({ stripe_customer_id: owner.id })
      .where('id', '=', customerId)
      .execute();
  }

  it.each([
    ['whom Stripe knows', {}, knownToStripe, 0],
    ['who is made a Customer first', { reference: 'someone' }, null, 1],
    ['of whom nothing is known: made a Customer, and the method attached, after Checkout', {}, null, 2],
  ])(
    'stays within its events, actions and Stripe calls, for somebody %s',
    async (_who, given, prepare, more) => {
      const input = await billing.newInput({ ...MONTHLY, schedule: { type: 'on_demand' } }, given);
      await prepare?.(input.customerId);
      const callsBefore = await billing.stripeCalls();
      const actionsBefore = await actionsOf(billing);
      const { checkoutSession } = await billing.billing.enroll(input);
      await billing.payOnCheckout(String(checkoutSession?.url));
      await billing.billing.checkoutSessionCompleted(input.enrollmentId, String(checkoutSession?.id));
      await waitFor(
        'the method',
        async () => (await billing.enrollmentRow(input.enrollmentId)).status === 'active',
      );
      const actions = (await settledActionsOf(billing)) - actionsBefore;
      const { events } = await billing.history(input.enrollmentId);
      expect(bytesOf(events ?? [])).toBeLessThan(BYTES.enrollment);
      expect({
        events: events?.length,
        actions,
        stripeCalls: (await billing.stripeCalls()) - callsBefore,
      }).toEqual({ ...BUDGETS.enrollment, stripeCalls: BUDGETS.enrollment.stripeCalls + more });
    },
    60_000,
  );
});

describe('a happy period', () => {
  it('is a timer and one Activity with one call to Stripe', async () => {
    const { enrollmentId } = await billedThrough(1 + PERIODS);
    const { events } = await billing.history(enrollmentId);
    const types = (events ?? [])
      .map(({ eventType }) => String(eventType))
      // Virtual time adds events of its own, which real time does not have.
      .filter((type) => !/TIME_SKIPPING|^6[0-9]$/.test(type));
    const timers = (events ?? []).filter((event) => event.timerFiredEventAttributes);
    expect(timers).toHaveLength(PERIODS);
    const charges = (events ?? []).filter(
      (event) => event.activityTaskScheduledEventAttributes?.activityType?.name === 'collectCharge',
    );
    expect(charges).toHaveLength(1 + PERIODS);
    expect(types.length).toBeGreaterThan(PERIODS * BUDGETS.happyPeriod.events);
    const periods = periodsOf(events ?? []);
    expect(periods.map(({ length }) => length)).toEqual(Array(PERIODS - 2).fill(BUDGETS.happyPeriod.events));
    for (const period of periods) {
      expect(bytesOf(period)).toBeLessThan(BYTES.happyPeriod);
    }
  }, 60_000);

  it('costs two actions and one call more for each further period', async () => {
    // Run alone, this test is the first to do anything.
    const untouched = (await actionsOf(billing)) === 0;
    const before = untouched ? { actions: 0, stripeCalls: 0 } : await costSoFar();
    await billedThrough(2);
    const between = await costSoFar();
    await billedThrough(2 + PERIODS);
    const after = await costSoFar();
    const short = difference(between, before);
    const long = difference(after, between);
    expect({
      actions: (long.actions - short.actions) / PERIODS,
      stripeCalls: (long.stripeCalls - short.stripeCalls) / PERIODS,
    }).toEqual({ actions: BUDGETS.happyPeriod.actions, stripeCalls: BUDGETS.happyPeriod.stripeCalls });
  }, 90_000);
});

interface Cost {
  actions: number;
  stripeCalls: number;
}

/** Of all enrollments, once the counters have settled. */
async function costSoFar(): Promise<Cost> {
  return { actions: await settledActionsOf(billing), stripeCalls: await billing.stripeCalls() };
}

function difference(after: Cost, before: Cost): Cost {
  return {
    actions: after.actions - before.actions,
    stripeCalls: after.stripeCalls - before.stripeCalls,
  };
}

type Events = NonNullable<Awaited<ReturnType<TestBilling['history']>>['events']>;

/** Events from one timer to the next, without those of virtual time. */
function periodsOf(events: Events): Events[] {
  const periods: Events[] = [];
  let period: Events | null = null;
  for (const event of events) {
    if (event.timerStartedEventAttributes) {
      if (period !== null) {
        periods.push(period);
      }
      period = [];
    }
    const isVirtual = Object.keys(event).some((field) => /timeSkipping|optionsUpdated/i.test(field));
    if (period !== null && !isVirtual) {
      period.push(event);
    }
  }
  // The wait for the payment method is a timer too; in the first period time begins to jump, which is a task.
  return periods.slice(2);
}

/** As they are sent and stored. */
function bytesOf(events: Events): number {
  return events.reduce(
    (sum, event) => sum + temporal.api.history.v1.HistoryEvent.encode(event).finish().length,
    0,
  );
}
