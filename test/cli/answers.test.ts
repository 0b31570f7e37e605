/** What the command line makes of answers that break off, say something else than the API, or come late. */
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import type { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { waitFor } from '../support/wait.ts';
import { type Ended, inProcess } from './command.ts';
import { breakOff, CHANGED, type FakeApi, monthly, page, paidCharge, startFakeApi } from './fake-api.ts';

let api: FakeApi;
let found: object;
beforeEach(async () => {
  api = await startFakeApi(() => found);
});
afterEach(() => api.stop());

const TO_1200 = ['--currency', 'jpy', '--amount-minor', '1200', '--name', 'price-2027', '--yes', '--json'];
const change = (...more: string[]) => inProcess(['terms', 'change', ...TO_1200, ...more], api.access);

describe('what a terminal would obey', () => {
  const NAME = 'Hana\u009b2J\u001b]52;c;eA==\u0007';
  const SHOWN = 'Hana\\u009b2J\\u001b]52;c;eA==\\u0007';

  it('is shown and not sent, and is the same value in JSON', async () => {
    found = page([
      { ...monthly(1), customer: { reference: NAME, email: null, name: null, stripe_customer_id: null } },
    ]);
    const list = await inProcess(['list'], api.access);
    expect(list.stdout).toContain(SHOWN);
    const asJson = await inProcess(['list', '--json'], api.access);
    expect(asJson.stdout).toContain(SHOWN);
    expect(asJson.json.data[0].customer.reference).toBe(NAME);
    found = page([]);
    expect((await inProcess(['show', NAME], api.access)).stderr).toContain(`'${SHOWN}'`);
  });
});

it('an answer in another shape is told in one sentence, however long', async () => {
  found = page(Array.from({ length: 100 }, () => ({})));
  const { code, stderr } = await inProcess(['list'], api.access);
  expect([code, stderr.trim().split('\n').length]).toEqual([2, 1]);
  expect(stderr).toContain('than this version expects: data.0.object: ');
});

describe('a refund whose answer', () => {
  it.each([
    ['breaks off', breakOff, 3],
    ['is another server’s', (_: unknown, response: { end(text: string): void }) => response.end('<html>'), 2],
    ['has another shape', (_: unknown, response: { end(text: string): void }) => response.end('{}'), 2],
  ])('%s names the key under which a repeat is the same refund', async (_which, onPost, code) => {
    const charge = paidCharge();
    found = charge;
    api.onPost = onPost;
    const refund = ['refund', charge.id, '--amount-minor', '300', '--yes'];
    const ended = await inProcess(refund, api.access);
    expect(ended.stderr).toContain(`repeat it with --idempotency-key ${api.posted[0]}`);
    expect([ended.code, ended.stdout]).toEqual([code, '']);
    const asJson = await inProcess([...refund, '--json'], api.access);
    expect(JSON.parse(asJson.stderr).error.idempotency_key).toBe(api.posted[1]);
  });
});

describe('a change of many', () => {
  it('goes on after an answer that breaks off, and tells of which it was', async () => {
    found = page([1, 2, 3, 4, 5].map(monthly));
    api.onPost = (request, response) =>
      api.posted.length === 2 ? breakOff(request, response) : response.end(JSON.stringify(CHANGED));
    const ended = await change('--concurrency', '2');
    expect(ended).toMatchObject({ code: 4, stderr: '' });
    expect(ended.json.changed).toHaveLength(4);
    expect(ended.json.failed).toEqual([
      { id: expect.any(String), why: expect.stringContaining('did not finish its answer') },
    ]);
  });

  it('by the price now is of all who pay it, and says whose was changed before', async () => {
    const next = { due_at: '2026-12-01T00:00:00.000Z', currency: 'jpy' };
    const withCredit = { ...monthly(2), balance_minor: -580, next_charge: { ...next, amount_minor: 400 } };
    const pausedAt700 = { ...monthly(3), status: 'paused', recurring_amount_minor: 700, next_charge: null };
    const pausedAt1200 = {
      ...monthly(4),
      status: 'paused',
      recurring_amount_minor: 1_200,
      next_charge: null,
    };
    const { terms } = monthly(5) as unknown as { terms: object };
    const schedule = { type: 'once', amount_minor: 980, at: null };
    const once = { ...monthly(5), recurring_amount_minor: null, terms: { ...terms, schedule } };
    const ended = { ...monthly(6), status: 'canceled', next_charge: null };
    found = page([monthly(1), withCredit, pausedAt700, pausedAt1200, once, ended]);
    const ids = (...numbers: number[]) => numbers.map((number) => monthly(number).id);
    const dry = await change('--from-amount-minor', '980', '--dry-run');
    expect(dry.json).toMatchObject({
      to_be_changed: ids(1, 2),
      already: ids(4),
      not_possible: ids(6),
      changed_before: ids(3),
    });
    const said = await inProcess(
      ['terms', 'change', ...TO_1200.slice(0, -1), '--from-amount-minor', '980', '--dry-run'],
      api.access,
    );
    expect(said.stdout).toMatch(/^Left out +1: agreed on JPY 980 at the beginning, and on another amount/m);
    const all = await change('--dry-run');
    expect(all.json).toMatchObject({
      to_be_changed: ids(1, 2, 3),
      already: ids(4),
      not_possible: ids(5, 6),
      changed_before: [],
    });
  });

  it('begins no more when what answers is not the API', async () => {
    found = page([1, 2, 3, 4, 5].map(monthly));
    api.onPost = (_request, response) => response.end('<html>');
    const ended = await change('--concurrency', '2');
    expect(ended.code).toBe(4);
    expect([ended.json.failed.length, ended.json.not_begun.length]).toEqual([2, 3]);
  });

  /** In a process of its own, for what concerns a process. */
  function start(): { child: ChildProcessByStdio<null, Readable, null>; ended: Promise<Ended> } {
    found = page([1, 2, 3].map(monthly));
    const args = ['--no-warnings', 'cli/main.ts', 'terms', 'change', ...TO_1200, '--concurrency', '1'];
    const child = spawn(process.execPath, args, {
      env: { ...process.env, ...api.access },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let stdout = '';
    child.stdout.on('data', (chunk) => {
      stdout += chunk;
    });
    const ended = new Promise<Ended>((resolve) =>
      child.on('close', (code) =>
        resolve({ code, stdout, stderr: '', json: stdout === '' ? null : JSON.parse(stdout) }),
      ),
    );
    return { child, ended };
  }

  it('waits until the API takes requests again, up to a minute', async () => {
    api.onPost = (_request, response) =>
      response.writeHead(429, { 'retry-after': '59' }).end('{"error":{"code":"x","message":"too many"}}');
    const { child, ended } = start();
    await waitFor('the first change', async () => api.posted.length === 1);
    expect(await Promise.race([ended, sleep(500, 'waits')])).toBe('waits');
    child.kill('SIGKILL');
    await ended;
  });

  describe('and Ctrl-C', () => {
    /** Presses it once a change is under way, and again after a pause. */
    async function interrupted(pauseMs: number): Promise<Ended> {
      let answer = () => {};
      api.onPost = (_request, response) => {
        answer = () => response.end(JSON.stringify(CHANGED));
      };
      const { child, ended } = start();
      await waitFor('the first change', async () => api.posted.length === 1);
      child.kill('SIGINT');
      await sleep(pauseMs);
      child.kill('SIGINT');
      await sleep(200);
      answer();
      return ended;
    }

    it('passed on to the process as well lets finish what is under way, and tells what was not begun', async () => {
      const { code, json } = await interrupted(20);
      expect([code, json?.changed, json?.not_begun]).toEqual([
        4,
        [monthly(1).id],
        [monthly(2).id, monthly(3).id],
      ]);
    });

    it('pressed again ends it', async () => {
      expect(await interrupted(700)).toMatchObject({ code: 4, stdout: '' });
    });
  });
});
