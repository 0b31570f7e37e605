/** A saved method that has changed and cannot be read: the enrollment goes on, whatever the reason. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { MockActivityEnvironment } from '@temporalio/testing';
import { createPaymentMethodActivities } from '../../activities/payment-methods.ts';
import type { Terms } from '../../domain/terms.ts';
import { MONTHLY, startBilling, type TestBilling } from '../support/billing.ts';
import { retryNow } from '../support/temporal.ts';
import { waitFor } from '../support/wait.ts';
import { workflowVariant } from '../support/workflow-variant.ts';

let billing: TestBilling;
beforeAll(async () => {
  billing = await startBilling();
}, 60_000);
afterAll(() => billing.stop(), 60_000);

const ON_DEMAND: Terms = { ...MONTHLY, schedule: { type: 'on_demand' } };

/** An enrollment that is told of a change of its method while Stripe answers the reading of it with `status`. */
async function changed(status: number) {
  const { enrollmentId } = await billing.enrolled(ON_DEMAND);
  await billing.active(enrollmentId);
  const { default_payment_method_id: method } = await billing.enrollmentRow(enrollmentId);
  const match = { method: 'GET', path_prefix: `/v1/payment_methods/${method}` };
  await billing.control('faults', { match, kind: 'status', status, when: 'before', times: 1 });
  const tell = () =>
    billing.billing.paymentMethodChanged(enrollmentId, {
      paymentMethodId: String(method),
      eventType: 'payment_method.automatically_updated',
    });
  await tell();
  return { enrollmentId, tell };
}

function told(enrollmentId: string, what: string) {
  return waitFor(what, async () => (await billing.timeline(enrollmentId)).find((one) => one.what === what));
}

async function chargeNow(enrollmentId: string): Promise<void> {
  const asked = { by: 'api:key', reason: null, requestKey: 'now', amountMinor: 700, description: null };
  await billing.billing.createCharge(enrollmentId, asked);
  await billing.charged(enrollmentId, 1, 'succeeded');
}

describe('a changed method', () => {
  it.each([401, 403])(
    'F9: is read once the key is mended that Stripe refused with %i, and charged meanwhile',
    async (status) => {
      const { enrollmentId } = await changed(status);
      await waitFor('the refusal', async () => {
        const { raw } = await billing.handle(enrollmentId).describe();
        return raw.pendingActivities?.some(({ lastFailure }) =>
          lastFailure?.message?.includes(String(status)),
        );
      });
      await chargeNow(enrollmentId);
      await retryNow(billing.temporal, `enrollment/${enrollmentId}`, 'readPaymentMethod');
      await told(enrollmentId, 'payment_method.updated');
    },
    60_000,
  );

  it('that Stripe refuses to show is told to operators; the enrollment goes on and reads the next change', async () => {
    const { enrollmentId, tell } = await changed(400);
    const fact = await told(enrollmentId, 'payment_method.unreadable');
    expect(fact).toMatchObject({ who: 'workflow', why: expect.stringContaining('StripeRequestRefused') });
    await chargeNow(enrollmentId);
    await tell();
    await told(enrollmentId, 'payment_method.updated');
  }, 60_000);

  it('is waited for a day where the key is refused, and no longer: what comes next would wait too', async () => {
    const { enrollmentId } = await billing.enrolled(ON_DEMAND);
    await billing.active(enrollmentId);
    const { default_payment_method_id: method } = await billing.enrollmentRow(enrollmentId);
    const { readPaymentMethod } = createPaymentMethodActivities({
      db: billing.db,
      stripe: billing.stripe,
      links: { create: async () => 'http://127.0.0.1:3000/c/link' },
      livemode: false,
    });
    const match = { method: 'GET', path_prefix: `/v1/payment_methods/${method}` };
    await billing.control('faults', { match, kind: 'status', status: 403, when: 'before', times: 2 });
    const triedFor = (ms: number) =>
      new MockActivityEnvironment({
        scheduledTimestampMs: 0,
        currentAttemptScheduledTimestampMs: ms,
      }).run(readPaymentMethod, {
        enrollmentId,
        paymentMethodId: String(method),
        eventType: 'payment_method.updated',
        at: new Date().toISOString(),
      });
    await expect(triedFor(86_400_000)).rejects.toMatchObject({ type: 'StripeKeyRefusedWaiting' });
    await expect(triedFor(86_400_001)).rejects.toMatchObject({
      type: 'StripeKeyRefused',
      nonRetryable: true,
    });
  }, 60_000);

  it('heals a run that older code has left stuck there', async () => {
    const older = {
      file: 'workflows/checkout.ts',
      from: "const by = { by: 'workflow', reason: problemOf(error) };",
      to: 'throw error; const by = {} as never;',
    };
    const code = await workflowVariant([older]);
    await billing.workers.stop();
    const before = await billing.addWorkers(code);
    const { enrollmentId } = await changed(400);
    await waitFor('its Workflow Task to fail', async () =>
      (await billing.history(enrollmentId)).events?.some((event) => event.workflowTaskFailedEventAttributes),
    );
    await before.stop();
    await billing.addWorkers(billing.bundle);
    await told(enrollmentId, 'payment_method.unreadable');
    await chargeNow(enrollmentId);
  }, 90_000);
});
