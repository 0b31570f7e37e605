/** With a key, histories hold nothing that can be read, messages of failures included; they replay all the same. */
import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Client } from '@temporalio/client';
import { Worker } from '@temporalio/worker';
import { createTemporalBillingClient } from '../../api/temporal-billing-client.ts';
import { failureConverterOf, temporalDataConverter } from '../../config/temporal.ts';
import { textsIn } from '../../dev/chaos/secrets.ts';
import { enrollmentWorkflowId } from '../../domain/ids.ts';
import { bundleWorkflows } from '../../worker/bundle.ts';
import { createBillingWorkers } from '../../worker/worker.ts';
import { MONTHLY, startBilling, type TestBilling } from '../support/billing.ts';
import { waitFor } from '../support/wait.ts';

let billing: TestBilling;
beforeAll(async () => {
  billing = await startBilling();
}, 60_000);
afterAll(() => billing.stop());

const keys = (id: string) => `${id}:${randomBytes(32).toString('base64')}`;

describe('PAYLOAD_ENCRYPTION_KEYS', () => {
  it('F34: encrypts inputs, results and failures of a whole enrollment, which replays', async () => {
    const settings = { PAYLOAD_ENCRYPTION_KEYS: keys('k1') };
    const dataConverter = temporalDataConverter(settings);
    const { connection, namespace, nativeConnection } = billing.temporal;
    const taskQueue = `${billing.taskQueue}-encrypted`;
    const bundle = await bundleWorkflows(failureConverterOf(settings));
    const workers = await createBillingWorkers({
      connection: nativeConnection,
      namespace,
      taskQueue,
      workflowBundle: bundle,
      activityDeps: {
        db: billing.db,
        stripe: billing.stripe,
        links: { create: async (id) => `http://127.0.0.1:3000/c/${id}` },
        livemode: false,
      },
      stripeRequestsPerSecond: 100,
      shutdownGraceMs: 1_000,
      overrides: { dataConverter },
    });
    const running = workers.run();
    try {
      const client = new Client({ connection, namespace, dataConverter });
      const commands = createTemporalBillingClient({ client, taskQueue });
      const match = { method: 'POST', path_prefix: '/v1/payment_intents' };
      await billing.control('faults', { match, kind: 'status', status: 401, when: 'before', times: 1 });
      const input = await billing.newInput(MONTHLY);
      const { checkoutSession } = await commands.enroll(input);
      await billing.payOnCheckout(String(checkoutSession?.url));
      await commands.checkoutSessionCompleted(input.enrollmentId, String(checkoutSession?.id));
      await billing.charged(input.enrollmentId, 1, 'needs_attention');
      const handle = client.workflow.getHandle(enrollmentWorkflowId(input.enrollmentId));
      await waitFor('the parked charge in the history', async () =>
        textsIn(await handle.fetchHistory()).includes('Encoded failure'),
      );
      const history = await handle.fetchHistory();
      expect(textsIn(history)).not.toMatch(/Coffee, monthly|StripeKeyRefused: Stripe answered|cus_/);
      expect(textsIn(history)).toContain('binary/encrypted');
      const plain = await billing.temporal.client.workflow
        .getHandle(enrollmentWorkflowId((await billing.enrolled(MONTHLY)).enrollmentId))
        .fetchHistory();
      expect(textsIn(plain)).toContain('Coffee, monthly');
      const replays = Worker.runReplayHistories({ workflowBundle: bundle, dataConverter }, [
        { workflowId: enrollmentWorkflowId(input.enrollmentId), history },
      ]);
      for await (const { error } of replays) {
        expect(error).toBeUndefined();
      }
    } finally {
      workers.shutdown();
      await running;
    }
  }, 90_000);
});
