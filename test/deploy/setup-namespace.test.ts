/** What Docker Compose runs before API and Worker start, each time. */
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { connectTestTemporal, type TestTemporal } from '../support/temporal.ts';
import { temporalProgram } from '../support/temporal-command.ts';
import { waitFor } from '../support/wait.ts';

const SCRIPT = path.resolve(import.meta.dirname, '../../deploy/temporal/setup-namespace.sh');
const HOUR_S = 3_600;

let temporal: TestTemporal;
beforeAll(async () => {
  temporal = await connectTestTemporal();
});
afterAll(() => temporal.close());

it('makes the Namespace, and later keeps closed Workflows for as long as is said then', async () => {
  const namespace = `setup-${randomBytes(4).toString('hex')}`;
  async function setUp(retention: string): Promise<string> {
    const { stdout } = await promisify(execFile)(
      'sh',
      ['-c', `temporal() { "$PROGRAM" "$@"; }; . "${SCRIPT}"`],
      {
        env: {
          PATH: process.env.PATH,
          PROGRAM: await temporalProgram(),
          TEMPORAL_ADDRESS: temporal.address,
          TEMPORAL_NAMESPACE: namespace,
          RETENTION: retention,
        },
      },
    );
    return stdout;
  }
  const retentionHours = async () => {
    const { config } = await temporal.client.workflowService.describeNamespace({ namespace });
    return Number(config?.workflowExecutionRetentionTtl?.seconds) / HOUR_S;
  };
  // Compose runs it again as well, until all parts of the server know the new Namespace.
  await waitFor('the Namespace', () => setUp('720h').catch(() => false), { timeoutMs: 30_000, everyMs: 500 });
  expect(await retentionHours()).toBe(720);
  expect(await setUp('48h')).toContain(`Namespace ${namespace} is ready.`);
  expect(await retentionHours()).toBe(48);
}, 60_000);
