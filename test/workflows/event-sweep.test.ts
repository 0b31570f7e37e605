/** Webhooks that never come: the sweep finds them at Stripe, and the inbox does the rest. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createInboxDispatcher } from '../../api/inbox-dispatcher.ts';
import { createLogger } from '../../config/logger.ts';
import { readCursor } from '../../db/sweep-cursors.ts';
import { ensureEventSweep, eventSweepScheduleId } from '../../worker/event-sweep-schedule.ts';
import { ONCE, startBilling, type TestBilling } from '../support/billing.ts';
import { waitFor } from '../support/wait.ts';

let billing: TestBilling;
beforeAll(async () => {
  // No webhook endpoint is registered: nothing ever comes by itself.
  billing = await startBilling();
}, 60_000);
afterAll(() => billing.stop());

function sweep() {
  return billing.temporal.client.workflow.execute('eventSweepWorkflow', {
    taskQueue: billing.taskQueue,
    workflowId: `sweep-${randomUUID()}`,
    args: [{ travelMs: 0 }],
  });
}

describe('the sweep over List Events', () => {
  it('F19: finds a completed session whose webhook never came, once, and the charge follows', async () => {
    const input = await billing.newInput(ONCE);
    const { checkoutSession } = await billing.billing.enroll(input);
    await billing.payOnCheckout(String(checkoutSession?.url));
    const first = await sweep();
    expect(first.found).toBeGreaterThan(0);
    const rows = await billing.db
      .selectFrom('stripe_events')
      .select(['type', 'deliveries'])
      .where('object_id', '=', String(checkoutSession?.id))
      .execute();
    expect(rows).toEqual([{ type: 'checkout.session.completed', deliveries: 1 }]);
    const again = await sweep();
    expect(again.found).toBe(0);

    const inbox = createInboxDispatcher({
      db: billing.db,
      billing: billing.billing,
      livemode: false,
      log: createLogger({ LOG_LEVEL: 'error' }, { write: () => undefined }),
      pollMs: 20,
    });
    inbox.start();
    await billing.charged(input.enrollmentId, 1, 'succeeded');
    await inbox.stop();
  }, 60_000);

  it('keeps what our own requests caused as ignored, with the reason', async () => {
    const { enrollmentId } = await billing.enrolled(ONCE);
    const charge = await billing.charged(enrollmentId, 1, 'succeeded');
    await sweep();
    const row = await billing.db
      .selectFrom('stripe_events')
      .select('ignored_reason')
      .where('object_id', '=', String(charge.payment_intent_id))
      .where('type', '=', 'payment_intent.succeeded')
      .executeTakeFirstOrThrow();
    expect(row.ignored_reason).toBe('echo of our own request');
  }, 60_000);

  it('leaves events alone that may still be on their way, and never moves its cursor back', async () => {
    const before = await readCursor(billing.db, 'stripe-events');
    await billing.temporal.client.workflow.execute('eventSweepWorkflow', {
      taskQueue: billing.taskQueue,
      workflowId: `sweep-${randomUUID()}`,
      args: [{ travelMs: 3_600_000 }],
    });
    expect(await readCursor(billing.db, 'stripe-events')).toEqual(before);
  }, 60_000);

  it('runs by a Schedule that every Worker ensures, whoever comes first', async () => {
    const { client } = billing.temporal;
    const started = await Promise.all([1, 2].map(() => ensureEventSweep(client, billing.taskQueue, 3_600)));
    expect(started.sort()).toEqual(['created', 'updated']);
    const handle = client.schedule.getHandle(eventSweepScheduleId(billing.taskQueue));
    try {
      await waitFor('the first sweep', async () => (await handle.describe()).info.recentActions.length > 0);
      expect(await ensureEventSweep(client, billing.taskQueue, 60)).toBe('updated');
      expect((await handle.describe()).spec.intervals?.map(({ every }) => every)).toEqual([60_000]);
      expect(await ensureEventSweep(client, billing.taskQueue, 0)).toBe('off');
      expect((await handle.describe()).state.paused).toBe(true);
    } finally {
      await handle.delete();
    }
  }, 60_000);
});
