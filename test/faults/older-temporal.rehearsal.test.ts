/** Temporal is restored from a backup that is older than PostgreSQL and Stripe, or lost: found, told, and nobody pays twice. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { WorkflowNotFoundError } from '@temporalio/client';
import { checkBooks } from '../../check-books/check.ts';
import { repair } from '../../check-books/repair.ts';
import { createLogger } from '../../config/logger.ts';
import { enrollmentStateQuery } from '../../workflows/messages.ts';
import { MONTHLY, startBilling, type TestBilling } from '../support/billing.ts';
import { fastForward } from '../support/temporal.ts';
import { waitFor } from '../support/wait.ts';

const MONTH_MS = 31 * 86_400_000;

let billing: TestBilling;
beforeAll(async () => {
  billing = await startBilling();
}, 60_000);
afterAll(() => billing.stop());

async function differencesOf(id: string, looks = 3) {
  const { db, stripe, taskQueue, temporal } = billing;
  const deps = { db, stripe, taskQueue, client: temporal.client };
  const { differences } = await checkBooks(deps, { only: [id], settleMs: 200, looks });
  return differences;
}

async function paymentsOf(id: string) {
  const all = await billing.stripe.paymentIntents.list({ limit: 100 }).autoPagingToArray({ limit: 1_000 });
  return all.filter(({ metadata }) => metadata.enrollment_id === id);
}

/** The run as a backup from before the second charge would have it. */
async function resetBeforeSecondCharge(id: string): Promise<void> {
  const { events } = await billing.history(id);
  const charges = events?.filter(
    ({ activityTaskScheduledEventAttributes: asked }) => asked?.activityType?.name === 'collectCharge',
  );
  const second = Number(charges?.[1]?.eventId);
  const before = events
    ?.filter((event) => event.timerStartedEventAttributes && Number(event.eventId) < second)
    .at(-1)?.timerStartedEventAttributes?.workflowTaskCompletedEventId;
  await billing.temporal.client.workflowService.resetWorkflowExecution({
    namespace: billing.temporal.namespace,
    workflowExecution: { workflowId: `enrollment/${id}` },
    reason: 'rehearsal of a restore',
    requestId: id,
    ...(before ? { workflowTaskFinishEventId: before } : {}),
  });
}

describe('Temporal older than PostgreSQL and Stripe', () => {
  it('F37: a Workflow that was set back is found, finds its payment, and charges nobody again', async () => {
    const { enrollmentId: id } = await billing.enrolled(MONTHLY);
    await billing.charged(id, 1, 'succeeded');
    await billing.active(id);
    await fastForward(billing.temporal, `enrollment/${id}`, MONTH_MS);
    await billing.charged(id, 2, 'succeeded');
    await waitFor('the Workflow to know', async () => (await stateOf(id)).chargesSucceeded === 2);

    // Long enough to look: the Workflow finds the payment by itself, because its key is the same.
    const match = { method: 'POST', path_prefix: '/v1/payment_intents' };
    await billing.control('faults', { match, kind: 'delay', when: 'after', delay_ms: 4_500, times: 1 });
    await resetBeforeSecondCharge(id);
    await waitFor('the Workflow to be set back', async () => (await stateOf(id)).chargesSucceeded === 1);
    const found = await differencesOf(id, 1);
    expect(found.map(({ code }) => code)).toContain('sums_differ');
    expect(found.every(({ action }) => action.length > 20)).toBe(true);

    await waitFor(
      'the Workflow to have found the payment',
      async () => (await stateOf(id)).chargesSucceeded === 2,
      {
        timeoutMs: 30_000,
      },
    );
    expect(await paymentsOf(id)).toHaveLength(2);
    expect(await differencesOf(id)).toEqual([]);
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

    // Started again, it asks for a payment method as if nothing had been; the charge it then makes is the one there is.
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
    expect(await paymentsOf(id)).toMatchObject([{ status: 'succeeded', amount_received: 980 }]);
    expect(await differencesOf(id)).toEqual([]);
  }, 120_000);
});

function stateOf(id: string) {
  return billing.handle(id).query(enrollmentStateQuery);
}
