/** The real Temporal UI in a real browser: an encrypted history is readable for whoever signed in, and for nobody else. */
import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Client, Connection } from '@temporalio/client';
import type { FastifyInstance } from 'fastify';
import type { Browser, Page } from 'playwright-core';
import { createApiKey } from '../../api/api-keys.ts';
import { buildCodec } from '../../codec/app.ts';
import { createLogger } from '../../config/logger.ts';
import { createPayloadCodec, readPayloadKeys } from '../../config/payload-codec.ts';
import { temporalDataConverter } from '../../config/temporal.ts';
import { freePort } from '../../dev/ports.ts';
import { type RunningProcess, startProcess, waitUntilReady } from '../../dev/processes.ts';
import { temporalAnswers, temporalServerProcess } from '../../dev/temporal-server.ts';
import { askForServer } from '../support/ask-servers.ts';
import { launchTestBrowser } from '../support/browser.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import type { TemporalForTests } from '../support/test-servers.ts';

const KEYS = `k1:${randomBytes(32).toString('base64')}`;

let database: TestDatabase;
let server: RunningProcess;
let codec: FastifyInstance;
let browser: Browser;
let ui: string;
let endpoint: string;
let apiKey: string;

beforeAll(async () => {
  database = await createTestDatabase();
  // The shared server has no UI.
  const { program } = await askForServer<TemporalForTests>('temporal');
  const [port, uiPort, metricsPort] = [await freePort(), await freePort(), await freePort()];
  server = await startProcess(temporalServerProcess({ program, port, uiPort, metricsPort }));
  const address = `127.0.0.1:${port}`;
  await waitUntilReady(server, () => temporalAnswers(address), 30_000);
  ui = `http://127.0.0.1:${uiPort}`;
  const connection = await Connection.connect({ address });
  const dataConverter = temporalDataConverter({ PAYLOAD_ENCRYPTION_KEYS: KEYS });
  const client = new Client({ connection, dataConverter });
  await client.workflow.start('enrollmentWorkflow', {
    workflowId: 'enrollment/encrypted',
    taskQueue: 'nobody-works-on-it',
    args: [{ description: 'Tasting box for one' }],
  });
  await connection.close();
  codec = await buildCodec({
    settings: {
      API_TRUSTED_PROXIES: [],
      CODEC_ALLOWED_ORIGINS: [ui],
      CODEC_ALLOW_ENCODE: false,
      TEMPORAL_NAMESPACE: 'default',
    },
    db: database.db,
    codec: createPayloadCodec(readPayloadKeys(KEYS) ?? []),
    log: createLogger({ LOG_LEVEL: 'error' }, { write: () => undefined }),
  });
  endpoint = `${await codec.listen({ host: '127.0.0.1', port: 0 })}/codec`;
  apiKey = (await createApiKey(database.db, { name: 'operator', scopes: ['payloads'] })).key;
  browser = await launchTestBrowser();
}, 90_000);
afterAll(async () => {
  await browser?.close();
  await codec?.close();
  await server?.stop();
  await database?.drop();
});

/** The page of the Workflow's history, in a browser whose UI knows the codec endpoint. */
async function historyPage(page: Page): Promise<void> {
  await page.addInitScript((address) => {
    localStorage.setItem('endpoint', JSON.stringify(address));
    localStorage.setItem('includeCredentials', 'true');
    localStorage.setItem('overrideRemoteCodecConfiguration', 'true');
  }, endpoint);
  await page.goto(`${ui}/namespaces/default/workflows/enrollment%2Fencrypted`);
  await page.getByText('nobody-works-on-it').first().waitFor();
}

describe('the Temporal UI', () => {
  it('F34: shows what went in to whoever signed in with a key for it, and ciphertext to others', async () => {
    const context = await browser.newContext();
    try {
      const page = await context.newPage();
      await historyPage(page);
      await page.locator('#content').getByText('Codec Server could not connect').waitFor();
      expect(await page.content()).not.toContain('Tasting box');

      await page.goto(`${endpoint}/sign-in`);
      await page.getByLabel('API key').fill(apiKey);
      await page.getByRole('button', { name: 'Sign in' }).click();
      await page.getByText('Signed in').waitFor();
      await historyPage(page);
      await page.getByText('Tasting box for one').first().waitFor();
      expect(await page.content()).not.toContain('could not connect');
    } finally {
      await context.close();
    }
  }, 60_000);
});
