/** With a key, histories hold nothing that can be read, messages of failures included; they replay all the same. */
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Client } from '@temporalio/client';
import { Worker } from '@temporalio/worker';
import { createApiKey } from '../../api/api-keys.ts';
import { createTemporalBillingClient } from '../../api/temporal-billing-client.ts';
import { buildCodec } from '../../codec/app.ts';
import { createLogger } from '../../config/logger.ts';
import { createPayloadCodec, readPayloadKeys } from '../../config/payload-codec.ts';
import { failureConverterOf, temporalDataConverter } from '../../config/temporal.ts';
import { textsIn } from '../../dev/chaos/secrets.ts';
import { enrollmentWorkflowId } from '../../domain/ids.ts';
import { workflowBundle } from '../../worker/bundle.ts';
import { createBillingWorker } from '../../worker/worker.ts';
import { MONTHLY, startBilling, type TestBilling } from '../support/billing.ts';
import { waitFor } from '../support/wait.ts';
import { workflowCode } from '../support/workflow-code.ts';

let billing: TestBilling;
beforeAll(async () => {
  billing = await startBilling();
}, 60_000);
afterAll(() => billing.stop());

/** What `temporal workflow show` says to an operator whose API key may open payloads, and to one who has none. */
async function readThroughCodec(workflowId: string, settings: { PAYLOAD_ENCRYPTION_KEYS: string }) {
  const { address, namespace, program } = billing.temporal;
  const logged: string[] = [];
  const codec = await buildCodec({
    settings: {
      API_TRUSTED_PROXIES: [],
      CODEC_ALLOWED_ORIGINS: ['https://temporal.example.com'],
      CODEC_ALLOW_ENCODE: false,
      TEMPORAL_NAMESPACE: namespace,
    },
    db: billing.db,
    codec: createPayloadCodec(readPayloadKeys(settings.PAYLOAD_ENCRYPTION_KEYS) ?? []),
    log: createLogger({ LOG_LEVEL: 'info' }, { write: (line) => void logged.push(line) }),
  });
  try {
    const endpoint = `${await codec.listen({ host: '127.0.0.1', port: 0 })}/codec`;
    const { key } = await createApiKey(billing.db, { name: 'operator', scopes: ['payloads'] });
    const show = async (env: Record<string, string>, ...more: string[]) => {
      const args = ['workflow', 'show', '--workflow-id', workflowId, '--output', 'json', ...more];
      const server = { TEMPORAL_ADDRESS: address, TEMPORAL_NAMESPACE: namespace };
      const options = { env: { ...process.env, ...server, ...env }, maxBuffer: 10_000_000 };
      const { stdout } = await promisify(execFile)(program, args, options).catch((error) => error);
      // Summaries stay payloads there: their data are base64 of what they say.
      const payloads = [...String(stdout).matchAll(/"data": "([^"]+)"/g)];
      return `${stdout}${payloads.map(([, data]) => Buffer.from(String(data), 'base64')).join('\n')}`;
    };
    const withKey = await show({ TEMPORAL_CODEC_ENDPOINT: endpoint, TEMPORAL_CODEC_AUTH: `Bearer ${key}` });
    // It asks again after each refusal, by itself for ten seconds.
    const refused = await show({ TEMPORAL_CODEC_ENDPOINT: endpoint }, '--command-timeout', '4s');
    return {
      withKey,
      without: `${refused}${await show({})}`,
      statuses: new Set(logged.flatMap((line) => JSON.parse(line).status ?? [])),
    };
  } finally {
    await codec.close();
  }
}

const keys = (id: string) => `${id}:${randomBytes(32).toString('base64')}`;

describe('PAYLOAD_ENCRYPTION_KEYS', () => {
  it('F34: encrypts inputs, results and failures of a whole enrollment, which replays', async () => {
    const settings = { PAYLOAD_ENCRYPTION_KEYS: keys('k1') };
    const dataConverter = temporalDataConverter(settings);
    const { connection, namespace, nativeConnection } = billing.temporal;
    const taskQueue = `${billing.taskQueue}-encrypted`;
    // As an image has it: built before anybody knew whether there would be keys.
    const { bundle } = await workflowBundle((await workflowCode()).path, failureConverterOf(settings));
    const worker = await createBillingWorker({
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
      shutdownGraceMs: 1_000,
      overrides: { dataConverter },
    });
    const running = worker.run();
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
      // A failure that Workflow code makes: the answer of an update that was accepted.
      const sessions = { method: 'POST', path_prefix: '/v1/checkout/sessions' };
      await billing.control('faults', {
        match: sessions,
        kind: 'status',
        status: 400,
        when: 'before',
        times: 1,
      });
      const refused = await billing.newInput(MONTHLY);
      await expect(commands.enroll(refused)).rejects.toMatchObject({ code: 'setup_refused' });
      const refusal = textsIn(
        await client.workflow.getHandle(enrollmentWorkflowId(refused.enrollmentId)).fetchHistory(),
      );
      expect(refusal).toContain('SetupRefused');
      expect(refusal).not.toContain('Stripe answered');
      const plain = await billing.temporal.client.workflow
        .getHandle(enrollmentWorkflowId((await billing.enrolled(MONTHLY)).enrollmentId))
        .fetchHistory();
      expect(textsIn(plain)).toContain('Coffee, monthly');
      const commandLine = await readThroughCodec(enrollmentWorkflowId(input.enrollmentId), settings);
      // The input, a summary, and the message of a failure.
      expect(commandLine.withKey).toMatch(/Coffee, monthly/);
      expect(commandLine.withKey).toMatch(/Next charge: JPY 980/);
      expect(commandLine.withKey).toMatch(/StripeKeyRefused: Stripe answered/);
      // Both have asked, and one was refused.
      expect(commandLine.statuses).toEqual(new Set([200, 401]));
      expect(commandLine.without).toContain('EVENT_TYPE_WORKFLOW_EXECUTION_STARTED');
      expect(commandLine.without).not.toMatch(
        /Coffee, monthly|Next charge|StripeKeyRefused: Stripe answered/,
      );
      const replays = Worker.runReplayHistories({ workflowBundle: bundle, dataConverter }, [
        { workflowId: enrollmentWorkflowId(input.enrollmentId), history },
      ]);
      for await (const { error } of replays) {
        expect(error).toBeUndefined();
      }
    } finally {
      worker.shutdown();
      await running;
    }
  }, 90_000);
});
