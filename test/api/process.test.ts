/** The API, the codec endpoint and a command as processes of their own. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { type AddressInfo, connect, createServer } from 'node:net';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { Stripe } from 'stripe';
import { freePort } from '../../dev/ports.ts';
import { type RunningProcess, startProcess } from '../../dev/processes.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { waitFor } from '../support/wait.ts';
import { SECRET } from './test-api.ts';
import { sessionEvent } from './webhook-events.ts';

const ROOT = new URL('../..', import.meta.url);

let database: TestDatabase;
const children: Pick<ChildProcess | RunningProcess, 'kill'>[] = [];

beforeAll(async () => {
  database = await createTestDatabase();
});
afterEach(() => {
  for (const child of children.splice(0)) {
    child.kill('SIGKILL');
  }
});
afterAll(() => database.drop());

const { PATH, NODE_COMPILE_CACHE } = process.env;
function run(args: string[], environment: Record<string, string> = {}, stdout: 'pipe' | number = 'pipe') {
  const child = spawn(process.execPath, args, {
    cwd: ROOT,
    env: { PATH, NODE_COMPILE_CACHE, DATABASE_URL: database.url, ...environment },
    stdio: ['ignore', stdout, 'pipe'],
  });
  children.push(child);
  const out = { stdout: '', stderr: '' };
  child.stdout?.on('data', (chunk) => {
    out.stdout += chunk;
  });
  child.stderr?.on('data', (chunk) => {
    out.stderr += chunk;
  });
  const ended = new Promise<number | null>((resolve) => child.on('close', resolve));
  return { child, out, ended };
}

/** @returns where it does, once it does */
function listening({ out }: ReturnType<typeof run>): Promise<string> {
  return waitFor('the API to listen', () => /"address":"(http:[^"]+)"/.exec(out.stdout)?.[1]);
}

const SETTINGS = {
  API_PORT: '0',
  CUSTOMER_LINK_SECRETS: 'test-secret-that-is-long-enough-for-it',
  STRIPE_SECRET_KEY: 'sk_test_0123456789',
  STRIPE_WEBHOOK_SECRET: SECRET,
  MAIL_URL: 'smtp://127.0.0.1:1025',
  // Nobody listens there: the API must start, and accept webhooks, without Temporal.
  TEMPORAL_ADDRESS: '127.0.0.1:9',
};

describe('api/main.ts', () => {
  it('starts without Temporal, says so, accepts a webhook, and ends cleanly on SIGTERM', async () => {
    const api = run(['api/main.ts'], SETTINGS);
    const address = await listening(api);
    const ready = await fetch(`${address}/readyz`);
    expect(ready.status).toBe(200);
    expect(await ready.json()).toEqual({
      status: 'ready',
      checks: { database: 'ok', temporal: 'unreachable' },
    });

    const event = sessionEvent('completed', 'cs_test_1', { client_reference_id: `enr_${'a'.repeat(26)}` });
    const payload = JSON.stringify(event);
    const accepted = await fetch(`${address}/webhooks/stripe`, {
      method: 'POST',
      headers: {
        'stripe-signature': Stripe.webhooks.generateTestHeaderString({ payload, secret: SECRET }),
      },
      body: payload,
    });
    expect(accepted.status).toBe(200);

    // As a browser does that expects to ask more.
    const ahead = connect(Number(new URL(address).port), '127.0.0.1');
    await once(ahead, 'connect');
    api.child.kill('SIGTERM');
    expect(await api.ended).toBe(0);
    expect(api.out.stdout).toContain('api has stopped');
    expect(api.out.stderr).toBe('');
    const row = await database.db.selectFrom('stripe_events').selectAll().executeTakeFirstOrThrow();
    // Not lost: due again for the next process.
    expect(row).toMatchObject({ id: event.id, signalled_at: null, ignored_reason: null });
    expect(row.last_error).toBe('Temporal or its Worker did not answer in time');
  });

  it('ends cleanly on SIGTERM while it still asks Temporal, which is away', async () => {
    const api = run(['api/main.ts'], SETTINGS);
    const address = await listening(api);
    // Answered sooner than Temporal is given up: the question is still under way when its connection is closed.
    expect(await (await fetch(`${address}/readyz`)).json()).toMatchObject({
      checks: { temporal: 'unreachable' },
    });
    api.child.kill('SIGTERM');
    expect(await api.ended).toBe(0);
    expect(api.out.stderr).toBe('');
    expect(api.out.stdout).toContain('api has stopped');
  });

  it('ends on SIGTERM although whoever read its log has ended before', async () => {
    const api = run(['api/main.ts'], SETTINGS);
    await waitFor('the API to listen', () => api.out.stdout.includes('api is ready'), { timeoutMs: 20_000 });
    api.child.stdout?.destroy();
    api.child.kill('SIGTERM');
    expect(await api.ended).toBe(0);
  });

  it('goes on, and ends on SIGTERM, while there is no room for its log', async () => {
    const port = String(await freePort());
    // Of Linux, where the service runs: a disk that is always full.
    const full = openSync('/dev/full', 'w');
    // So long its lines are tried to be written, each 0.2 s.
    const api = run(['api/main.ts'], { ...SETTINGS, API_PORT: port, API_DRAIN_SECONDS: '1' }, full);
    closeSync(full);
    await waitFor('the API to listen', async () => (await fetch(`http://127.0.0.1:${port}/healthz`)).ok, {
      timeoutMs: 20_000,
    });
    api.child.kill('SIGTERM');
    expect(await api.ended).toBe(0);
    expect(api.out.stderr).toBe('');
  });

  it('exits with what is wrong when its port is taken', async () => {
    const taken = createServer();
    const port = await new Promise<number>((resolve) =>
      taken.listen(0, '127.0.0.1', () => {
        const address = taken.address();
        resolve(typeof address === 'object' && address !== null ? address.port : 0);
      }),
    );
    try {
      const api = run(['api/main.ts'], { ...SETTINGS, API_PORT: String(port) });
      expect(await api.ended).toBe(1);
      expect(api.out.stdout).toContain(`cannot listen on 127.0.0.1:${port}`);
    } finally {
      taken.close();
    }
  });

  it('exits with every setting that is wrong, and shows no secret', async () => {
    const api = run(['api/main.ts'], { ...SETTINGS, STRIPE_SECRET_KEY: 'pk_test_wrong', MAIL_URL: '' });
    expect(await api.ended).toBe(1);
    expect(api.out.stderr).toContain('STRIPE_SECRET_KEY: (not shown)');
    expect(api.out.stderr).toContain('MAIL_URL: missing');
    expect(api.out.stderr).not.toContain('pk_test_wrong');
  });
});

describe('npm run start:api', () => {
  it.each([
    ['npm', 1],
    // It then reaches the API twice.
    ['npm and whatever it has started, as Ctrl-C does', -1],
  ])('finishes what is under way when a signal reaches %s', async (_whom, sign) => {
    const npm = await startProcess({
      name: 'npm',
      command: 'npm',
      args: ['run', 'start:api'],
      cwd: fileURLToPath(ROOT),
      env: { ...SETTINGS, DATABASE_URL: database.url, API_DRAIN_SECONDS: '1' },
    });
    children.push(npm);
    await waitFor('the API to listen', () => npm.lastLines().includes('api is ready'), { timeoutMs: 20_000 });
    process.kill(sign * npm.pid, 'SIGINT');
    expect(await npm.exited).toEqual({ code: 0, signal: null });
    expect(await npm.lastWords()).toContain('api has stopped');
  });
});

describe('codec/main.ts', () => {
  it('ends on SIGTERM although PostgreSQL has gone silent', async () => {
    const { hostname, port } = new URL(database.url);
    let silent = false;
    const between = createServer({ allowHalfOpen: true }, (client) => {
      const server = connect(Number(port), hostname);
      client.on('error', () => undefined).on('data', (data) => silent || server.write(data));
      server.on('error', () => undefined).on('data', (data) => silent || client.write(data));
    });
    await new Promise<void>((resolve) => between.unref().listen(0, '127.0.0.1', resolve));
    const address = new URL(database.url);
    address.port = String((between.address() as AddressInfo).port);
    const codec = run(['codec/main.ts'], {
      DATABASE_URL: address.href,
      CODEC_PORT: '0',
      CODEC_ALLOWED_ORIGINS: 'https://temporal.example.com',
      PAYLOAD_ENCRYPTION_KEYS: `k1:${Buffer.alloc(32, 1).toString('base64')}`,
    });
    const url = await waitFor('it to listen', () => /"address":"(http:[^"]+)"/.exec(codec.out.stdout)?.[1], {
      timeoutMs: 20_000,
    });
    const headers = { authorization: `Bearer dbk_${'a'.repeat(43)}`, 'content-type': 'application/json' };
    const asked = await fetch(`${url}/codec/decode`, { method: 'POST', headers, body: '{"payloads":[]}' });
    // The key was looked up, so there is a connection.
    expect(asked.status).toBe(401);
    silent = true;
    codec.child.kill('SIGTERM');
    expect(await codec.ended).toBe(0);
  });
});

describe('npm run migrate', () => {
  it('says that there is nothing to do', async () => {
    const migrate = run(['db/migrate.ts']);
    expect(await migrate.ended).toBe(0);
    expect(migrate.out.stdout).toBe('The schema is up to date.\n');
  });
});
