/** Temporal is restored from a backup that is older than PostgreSQL and Stripe, or lost: found, told, and nobody pays twice. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { WorkflowNotFoundError } from '@temporalio/client';
import { checkBooks } from '../../check-books/check.ts';
import { repair } from '../../check-books/repair.ts';
import { createLogger } from '../../config/logger.ts';
import { askControl } from '../../dev/stand-in-control.ts';
import { enrollmentStateQuery } from '../../workflows/messages.ts';
import { MONTHLY, startBilling, type TestBilling, type WorkerTeam } from '../support/billing.ts';
import { paymentsOf } from '../support/payments.ts';
import { fastForward } from '../support/temporal.ts';
import { waitFor } from '../support/wait.ts';

const DAY_S = 86_400;
const MONTH_MS = 31 * DAY_S * 1_000;

let billing: TestBilling;
/** Those that run now. */
let workers: WorkerTeam;
beforeAll(async () => {
  billing = await startBilling();
  workers = billing.workers;
}, 60_000);
afterAll(() => billing.stop());

async function differencesOf(id: string, looks = 3) {
  const { db, stripe, taskQueue, temporal } = billing;
  const deps = { db, stripe, taskQueue, client: temporal.client };
  const { differences } = await checkBooks(deps, { only: [id], settleMs: 200, looks });
  return differences;
}

/** PaymentIntents as Stripe has them. */
const paymentsMade = (id: string) => paymentsOf(billing.stripe, id);

/** Where a charge is made; what there is already is read below it. */
const CREATION = { method: 'POST', path_prefix: '/v1/payment_intents', path_suffix: '/payment_intents' };
const READING = { method: 'GET', path_prefix: '/v1/payment_intents/' };

/** An enrollment whose first charge is paid, and whose second meets that at Stripe. */
async function secondDue(fault: object | null): Promise<string> {
  const { enrollmentId: id } = await billing.paidOnce();
  if (fault !== null) {
    await billing.control('faults', fault);
  }
  await fastForward(billing.temporal, `enrollment/${id}`, MONTH_MS);
  return id;
}

/** The run as a backup from before the second charge would have it; that it was asked for is forgotten. */
async function setBack(id: string): Promise<void> {
  const { events } = await billing.history(id);
  const charges = events?.filter(
    ({ activityTaskScheduledEventAttributes: asked }) => asked?.activityType?.name === 'collectCharge',
  );
  const second = Number(charges?.[1]?.eventId);
  const before = events
    ?.filter((event) => event.timerStartedEventAttributes && Number(event.eventId) < second)
    .at(-1)?.timerStartedEventAttributes?.workflowTaskCompletedEventId;
  if (!before) {
    throw new Error(`${id} has not asked for a second charge`);
  }
  await billing.temporal.client.workflowService.resetWorkflowExecution({
    namespace: billing.temporal.namespace,
    workflowExecution: { workflowId: `enrollment/${id}` },
    reason: 'rehearsal of a restore',
    requestId: id,
    workflowTaskFinishEventId: before,
  });
}

/** Nothing runs while Temporal is restored; then Stripe has forgotten every key, so that none of them protects anybody. */
async function restore(id: string): Promise<void> {
  await workers.stop();
  await setBack(id);
  await billing.control('clock', { advance_seconds: 2 * DAY_S });
}

/** Both charges are known to the Workflow, each with one payment, and everybody agrees. */
async function agreed(id: string): Promise<void> {
  await waitFor(
    'the Workflow to have found the payment',
    async () => (await stateOf(id)).chargesSucceeded === 2,
    { timeoutMs: 30_000 },
  );
  const made = await paymentsMade(id);
  expect(made.map(({ status }) => status)).toEqual(['succeeded', 'succeeded']);
  expect(await differencesOf(id)).toEqual([]);
}

describe('Temporal older than PostgreSQL and Stripe', () => {
  it('F37: a Workflow that was set back is found, finds its payment, and charges nobody again', async () => {
    const id = await secondDue(null);
    await billing.charged(id, 2, 'succeeded');
    await waitFor('the Workflow to know', async () => (await stateOf(id)).chargesSucceeded === 2);
    await restore(id);

    // It would read its payment at once: it is kept from that for as long as somebody looks.
    await billing.control('faults', { match: READING, kind: 'cut', for_seconds: 100 });
    workers = await billing.addWorkers(billing.bundle);
    await waitFor('the Workflow to be set back', async () => (await stateOf(id)).chargesSucceeded === 1);
    const found = await differencesOf(id);
    expect(found.map(({ code }) => code)).toContain('sums_differ');
    expect(found.every(({ action }) => action.length > 20)).toBe(true);

    await billing.control('faults/clear');
    await agreed(id);
  }, 120_000);

  it('F37: a Workflow that was set back before it knew of its payment finds it', async () => {
    const id = await secondDue({ match: CREATION, kind: 'cut', when: 'after', for_seconds: 100 });
    await waitFor('Stripe to take the money', async () => (await paymentsMade(id)).length === 2);
    await restore(id);
    expect(await billing.chargeRows(id)).toMatchObject([
      { status: 'succeeded' },
      { status: 'scheduled', payment_intent_id: null },
    ]);

    await billing.control('faults/clear');
    workers = await billing.addWorkers(billing.bundle);
    await agreed(id);
  }, 120_000);

  it('F37: a Workflow that is set back while Stripe is being asked makes that one payment', async () => {
    const id = await secondDue({ match: CREATION, kind: 'delay', when: 'before', delay_ms: 4_500 });
    await waitFor('Stripe to be asked', async () => (await listed<object>('faults')).length === 0);
    await setBack(id);
    // The Worker outlives it, and its request with it: another one under the same key waits for that.
    await agreed(id);
    const requests = await listed<{ status: number }>(`requests?path_prefix=${CREATION.path_prefix}`);
    expect(requests.filter(({ status }) => status === 409)).not.toEqual([]);
  }, 120_000);

  it('F37: a Workflow that is gone is found; one that is started again under its id takes nothing twice', async () => {
    const input = await billing.enrolled(MONTHLY);
    const { enrollmentId: id } = input;
    await billing.charged(id, 1, 'succeeded');
    await billing.active(id);
    await billing.temporal.client.workflowService.deleteWorkflowExecution({
      namespace: billing.temporal.namespace,
      workflowExecution: { workflowId: `enrollment/${id}` },
    });
    await waitFor('the Workflow to be gone', () =>
      billing
        .handle(id)
        .describe()
        .then(
          () => false,
          (error: unknown) => error instanceof WorkflowNotFoundError,
        ),
    );
    expect(await differencesOf(id)).toMatchObject([{ invariant: 'I3', code: 'workflow_missing' }]);
    const { db, stripe, taskQueue, temporal } = billing;
    const deps = {
      db,
      stripe,
      taskQueue,
      client: temporal.client,
      billing: billing.billing,
      livemode: false,
    };
    const log = createLogger({ LOG_LEVEL: 'error' }, { write: () => undefined });
    expect(await repair({ ...deps, log }, await differencesOf(id))).toEqual([]);

    // Started again, it asks for a payment method as if nothing had been; the charge it then makes is the one there is,
    // also when no key says so any more.
    await billing.control('clock', { advance_seconds: 2 * DAY_S });
    const { checkoutSession } = await billing.billing.enroll(input);
    expect(checkoutSession).not.toBeNull();
    await billing.payOnCheckout(String(checkoutSession?.url));
    await billing.billing.checkoutSessionCompleted(id, String(checkoutSession?.id));
    await waitFor(
      'the Workflow to have found the payment',
      async () => (await stateOf(id)).chargesSucceeded === 1,
      {
        timeoutMs: 30_000,
      },
    );
    expect(await paymentsMade(id)).toMatchObject([{ status: 'succeeded', amount_received: 980 }]);
    expect(await differencesOf(id)).toEqual([]);
  }, 120_000);
});

/** What the stand-in lists. */
async function listed<Item>(route: string): Promise<Item[]> {
  return (await askControl<{ data: Item[] }>(billing.standIn.url, 'GET', route)).data;
}

function stateOf(id: string) {
  return billing.handle(id).query(enrollmentStateQuery);
}
