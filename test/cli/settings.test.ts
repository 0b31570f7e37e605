/**
 * Where the command line finds its settings, and what it says when it finds none. No server is needed for it. Most of it
 * in this process; that the entry file prints and ends the same, by three processes.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { apiAccess, serviceSettings } from '../../cli/local-stack.ts';
import { durableBilling, inProcess, inTerminal } from './command.ts';
import { paidCharge } from './fake-api.ts';

/** Takes the ten seconds after which it is given up. */
const unreached = durableBilling(['search-attributes', '--stack', '/none'], {
  TEMPORAL_ADDRESS: '127.0.0.1:9',
});

let folder: string;
let server: Server;
let url: string;
let answer: { status: number; headers?: Record<string, string>; body: object };
/** To a GET while `answer` is for the rest. */
let found: object | null = null;
const asked: {
  url: string | undefined;
  authorization: string | undefined;
  operator: unknown;
  key: unknown;
}[] = [];

beforeAll(async () => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'cli-'));
  server = createServer((request, response) => {
    const { authorization } = request.headers;
    asked.push({
      url: request.url,
      authorization,
      operator: request.headers['billing-operator'],
      key: request.headers['idempotency-key'],
    });
    if (found !== null && request.method === 'GET') {
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(found));
      return;
    }
    response.writeHead(answer.status, { 'content-type': 'application/json', ...answer.headers });
    response.end(JSON.stringify(answer.body));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => {
  server.close();
  rmSync(folder, { recursive: true });
});

describe('the file .env', () => {
  const needed = ['DATABASE_URL', 'STRIPE_SECRET_KEY'];
  const before = process.cwd();
  let place: string;
  beforeEach(() => {
    place = mkdtempSync(path.join(os.tmpdir(), 'cli-env-'));
    process.chdir(place);
  });
  afterEach(() => {
    process.chdir(before);
    rmSync(place, { recursive: true });
  });

  it('has the settings that the environment lacks, and what the environment says comes before it', () => {
    writeFileSync('.env', 'DATABASE_URL=postgres://file\nSTRIPE_SECRET_KEY=sk_test_file\nTASK_QUEUE=file\n');
    expect(serviceSettings({ TASK_QUEUE: 'environment' }, place, needed)).toEqual({
      DATABASE_URL: 'postgres://file',
      STRIPE_SECRET_KEY: 'sk_test_file',
      TASK_QUEUE: 'environment',
    });
  });

  it('says where the API is, unless the environment does', () => {
    writeFileSync('.env', 'BILLING_API_URL=https://file.example.com/\nBILLING_API_KEY=dbk_file\n');
    expect(apiAccess({}, place)).toEqual({ url: 'https://file.example.com', key: 'dbk_file' });
    expect(apiAccess({ BILLING_API_KEY: 'dbk_mine' }, place).key).toBe('dbk_mine');
    // The key is that of the other API.
    expect(() => apiAccess({ BILLING_API_URL: url }, place)).toThrow('BILLING_API_KEY is not set');
  });

  it('says where the Temporal UI is, where it is filled in', async () => {
    writeFileSync('.env', 'TEMPORAL_UI_URL=https://ui.example.com\nTEMPORAL_NAMESPACE=billing\n');
    const links = async () => {
      const { json } = await inProcess(['queries', '--json', '--stack', place], {});
      return json.queries.map((saved: { url: string | null }) => saved.url);
    };
    expect((await links())[0]).toMatch(/^https:\/\/ui\.example\.com\/namespaces\/billing\/workflows\?/);
    writeFileSync('.env', 'TEMPORAL_UI_URL=\nTEMPORAL_NAMESPACE=\n');
    expect(new Set(await links())).toEqual(new Set([null]));
  });

  it.each([
    ['of Docker Compose', 'POSTGRES_PASSWORD=secret\nSTRIPE_SECRET_KEY=sk_test_compose\n'],
    ['that is not filled in', 'DATABASE_URL=\nSTRIPE_SECRET_KEY=\n'],
  ])('%s is left alone', (_which, text) => {
    writeFileSync('.env', text);
    expect(() => serviceSettings({}, place, needed)).toThrow(/set DATABASE_URL and STRIPE_SECRET_KEY/);
  });
});

const EMPTY = { object: 'list', data: [], has_more: false, next_cursor: null };
const refusal = (code: string, message: string) => ({ error: { code, message } });

function runningStack(pid: number) {
  const stack = {
    supervisor: { name: 'dev', pid, commandLine: 'node' },
    children: [],
    ready: true,
    urls: { api: url, temporalUi: null },
    apiKey: 'dbk_of_the_stack',
    settings: { DATABASE_URL: 'postgres://127.0.0.1:9/nothing', TEMPORAL_UI_URL: 'http://ui.example.com/' },
  };
  writeFileSync(path.join(folder, 'dev.json'), JSON.stringify(stack));
}

/** @returns the id of a paid charge of JPY 980, which every GET answers from now on */
function aChargeIsFound(): string {
  const charge = paidCharge();
  found = charge;
  return charge.id;
}

describe('without settings', () => {
  it.each([
    [['list'], {}, 'set BILLING_API_URL and BILLING_API_KEY, or start the local stack with npm run dev.'],
    [['list'], { BILLING_API_URL: 'http://127.0.0.1:9' }, 'BILLING_API_KEY is not set; both are needed'],
    [['api-keys', 'list'], {}, 'set DATABASE_URL (see .env.example), or start the local stack'],
    [['check-books'], {}, 'set DATABASE_URL and STRIPE_SECRET_KEY (see .env.example), or start'],
    [['check-books'], { DATABASE_URL: 'postgres://x/y' }, 'set STRIPE_SECRET_KEY (see .env.example)'],
    [['search-attributes'], {}, 'set TEMPORAL_ADDRESS (see .env.example)'],
  ])('%j says in one sentence what to set', async (args, environment, sentence) => {
    // A script of its own, which writes past this process.
    const ask = args[0] === 'check-books' ? durableBilling : inProcess;
    const ended = await ask([...args, '--stack', path.join(folder, 'none')], environment);
    expect([ended.code, ended.stdout]).toEqual([2, '']);
    expect(ended.stderr).toContain(sentence);
    expect(ended.stderr.trim().split('\n')).toHaveLength(1);
  });

  const BOOKS = { DATABASE_URL: 'postgres://127.0.0.1:9/x', STRIPE_SECRET_KEY: 'sk_test_1' };
  const WHOLE = {
    ...BOOKS,
    CUSTOMER_LINK_SECRETS: 's'.repeat(32),
    STRIPE_WEBHOOK_SECRET: 'whsec_1',
    MAIL_URL: 'smtp://127.0.0.1:9',
  };
  it.each([
    // 1 would say that the books differ.
    [['check-books'], BOOKS, 2, 'MAIL_URL: missing'],
    [
      ['check-books'],
      { ...WHOLE, TEMPORAL_TLS_CLIENT_KEY_PATH: '/none' },
      2,
      'could not be read: TEMPORAL_TLS',
    ],
    [['api-keys', 'list'], { DATABASE_URL: 'mysql://x/y' }, 2, 'DATABASE_URL: (not shown)'],
    [['api-keys', 'list'], { DATABASE_URL: 'postgres://127.0.0.1:9/y' }, 3, 'The database does not answer'],
    [
      ['search-attributes'],
      { TEMPORAL_ADDRESS: 'x:1', TEMPORAL_TLS: 'yes' },
      2,
      "TEMPORAL_TLS: 'yes'; expected",
    ],
  ])('%j with wrong ones %j ends with %i, and says which', async (args, environment, code, sentence) => {
    const ask = args[0] === 'check-books' ? durableBilling : inProcess;
    const ended = await ask([...args, '--stack', path.join(folder, 'none')], environment);
    expect(ended).toMatchObject({ code, stdout: '', stderr: expect.stringContaining(sentence) });
    expect(ended.stderr).not.toMatch(/^\s+at /m);
  });

  it('tells its version without any', async () => {
    const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string };
    expect(await durableBilling(['--version'], {})).toMatchObject({ code: 0, stdout: `${version}\n` });
  });

  it.each([
    ['BILLING_API_URL', 'billing.example.com', 'BILLING_API_URL is no address'],
    ['BILLING_API_URL', 'localhost:3000', 'BILLING_API_URL is no address'],
    ['BILLING_API_URL', 'https://me:hunter2@billing.example.com', 'BILLING_API_URL is no address'],
    ['BILLING_API_KEY', 'dbk_secret\nhunter2', 'BILLING_API_KEY is no API key'],
    ['BILLING_API_KEY', 'dbk_…', 'BILLING_API_KEY is no API key'],
  ])('%s=%s is refused before anything is asked, and not repeated', async (name, value, sentence) => {
    const environment = { BILLING_API_URL: url, BILLING_API_KEY: 'dbk_x', [name]: value };
    const ended = await inProcess(['list'], environment);
    expect(ended).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining(sentence) });
    expect(ended.stderr).not.toMatch(/secret|hunter2/);
  });

  it('takes address and key with the line break that a file ends with', async () => {
    answer = { status: 200, body: EMPTY };
    const ended = await inProcess(['list'], { BILLING_API_URL: `${url}/\n`, BILLING_API_KEY: 'dbk_x\r\n' });
    expect([ended.code, asked.at(-1)?.authorization]).toEqual([0, 'Bearer dbk_x']);
  });

  it('a stack that has ended counts as none', async () => {
    runningStack(2 ** 22 - 1);
    expect((await inProcess(['list', '--stack', folder], {})).stderr).toContain('No API to talk to');
  });
});

describe('the entry file', () => {
  it('says what is wrong on standard error, and ends with its code', async () => {
    const none = ['--stack', path.join(folder, 'none')];
    const unset = await durableBilling(['list', ...none], {});
    expect(unset).toEqual(await inProcess(['list', ...none], {}));
    expect([unset.code, unset.stdout]).toEqual([2, '']);
    expect(unset.stderr).toContain('set BILLING_API_URL');

    const access = { BILLING_API_URL: url, BILLING_API_KEY: 'dbk_x' };
    answer = { status: 409, body: refusal('refused', 'it is paused') };
    const refused = await durableBilling(['list', '--json'], access);
    expect(refused).toEqual(await inProcess(['list', '--json'], access));
    expect([refused.code, JSON.parse(refused.stderr).error.status]).toEqual([1, 409]);

    const wrong = await durableBilling(['refnd'], access);
    expect(wrong).toEqual(await inProcess(['refnd'], access));
    expect([wrong.code, wrong.stdout]).toEqual([2, '']);
    expect(wrong.stderr).toContain("unknown command 'refnd'");
  });
});

describe('with a local stack', () => {
  it('finds its API and key, and names the operator', async () => {
    runningStack(process.pid);
    answer = { status: 200, body: EMPTY };
    const ended = await inProcess(['list', '--past-due-for', '7d', '--as', 'hanako', '--stack', folder], {});
    expect(ended).toMatchObject({ code: 0, stdout: 'No enrollment is like that.\n' });
    expect(asked.at(-1)).toMatchObject({ authorization: 'Bearer dbk_of_the_stack', operator: 'hanako' });
    const before = new URL(String(asked.at(-1)?.url), url).searchParams.get('past_due_before');
    expect(Date.now() - Date.parse(String(before)) - 7 * 86_400_000).toBeLessThan(60_000);
  });

  it('links the saved queries to its Temporal UI', async () => {
    runningStack(process.pid);
    const { json } = await inProcess(['queries', '--json', '--stack', folder], {});
    expect(json.queries[2]).toEqual({
      question: 'What needs attention?',
      query: "WaitsFor = 'operator' AND ExecutionStatus = 'Running'",
      url: "http://ui.example.com/namespaces/default/workflows?query=WaitsFor%20%3D%20'operator'%20AND%20ExecutionStatus%20%3D%20'Running'",
    });
  });

  it('goes after the environment', async () => {
    runningStack(process.pid);
    answer = { status: 200, body: EMPTY };
    const environment = { BILLING_API_URL: `${url}/`, BILLING_API_KEY: 'dbk_mine', BILLING_OPERATOR: 'jiro' };
    await inProcess(['list', '--json', '--stack', folder], environment);
    expect(asked.at(-1)).toMatchObject({ authorization: 'Bearer dbk_mine', operator: 'jiro' });
  });
});

describe('an answer that is no success', () => {
  const list = (more: string[] = []) =>
    inProcess(['list', ...more], { BILLING_API_URL: url, BILLING_API_KEY: 'dbk_x' });

  it.each([
    [
      401,
      'unauthorized',
      'the API key is unknown',
      2,
      'The API key is unknown. Make one with: durable-billing api-keys create',
    ],
    [
      403,
      'forbidden',
      "the API key lacks the scope 'read'",
      2,
      "The API key lacks the scope 'read'. Use a key that has the scope.",
    ],
    [404, 'not_found', "no enrollment 'x'", 1, "There is no enrollment 'x'."],
    [409, 'refused', 'it is paused', 1, 'Refused: it is paused.'],
    [500, 'internal', 'something', 3, 'The API failed (500 internal): its log says why.'],
  ])('%i becomes a sentence and an exit code', async (status, code, message, exit, sentence) => {
    answer = { status, body: refusal(code, message) };
    const ended = await list();
    expect(ended).toMatchObject({ code: exit, stdout: '' });
    expect(ended.stderr).toContain(sentence);
    expect(ended.stderr).not.toMatch(/^\s+at /m);
    const { stderr } = await list(['--json']);
    expect(JSON.parse(stderr)).toMatchObject({ error: { code, status } });
  });

  it('that passes is waited out, a few times', async () => {
    answer = {
      status: 503,
      headers: { 'retry-after': '0' },
      body: refusal('unavailable', 'Temporal is away'),
    };
    const before = asked.length;
    const ended = await list();
    expect([ended.code, ended.stderr.trim()]).toEqual([3, 'Temporal is away. Try again in 0 seconds.']);
    expect(asked.length - before).toBe(4);
  });

  it('to a refund that may have been made names the key under which a repeat is the same refund', async () => {
    const id = aChargeIsFound();
    answer = { status: 500, body: refusal('internal', 'something') };
    const environment = { BILLING_API_URL: url, BILLING_API_KEY: 'dbk_x' };
    const ended = await inProcess(['refund', id, '--amount-minor', '300', '--yes'], environment);
    found = null;
    expect(ended.code).toBe(3);
    expect(asked.at(-1)?.key).toMatch(/^cli-/);
    expect(ended.stderr).toContain(`--idempotency-key ${String(asked.at(-1)?.key)}`);
  });

  it('of somebody else’s server is told from ours', async () => {
    answer = { status: 404, body: { hello: 'world' } };
    expect(await list()).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('Is BILLING_API_URL right?'),
    });
  });

  it('that sends elsewhere is not followed, and says where the API is', async () => {
    const Location = 'https://billing.example.com/v1/enrollments';
    answer = { status: 301, headers: { Location }, body: {} };
    const ended = await list();
    expect([ended.code, ended.stderr.trim()]).toEqual([
      2,
      `${url} sends to another address, ${Location}. Set BILLING_API_URL to where the API is.`,
    ]);
  });

  it('and none at all says where it was looked for', async () => {
    const gone = { BILLING_API_URL: 'http://127.0.0.1:9', BILLING_API_KEY: 'dbk_x' };
    const ended = await inProcess(['list'], gone);
    expect(ended).toMatchObject({
      code: 3,
      stderr: expect.stringContaining('http://127.0.0.1:9 does not answer'),
    });
  });
});

describe('a question in a terminal', () => {
  it.each([
    ['another word', 'yes\r'],
    ['Ctrl-C', '\x03'],
    ['Ctrl-D', '\x04'],
  ])('answered with %s does nothing, and says so', async (_, typed) => {
    const id = aChargeIsFound();
    const before = asked.length;
    const environment = { BILLING_API_URL: url, BILLING_API_KEY: 'dbk_x' };
    const { code, shown } = await inTerminal(['refund', id, '--amount-minor', '300'], environment, typed);
    found = null;
    expect(shown).toMatch(/to go on: [\s\S]*\nNothing was done\.\r?\n$/);
    expect(code).toBe(2);
    expect(asked.slice(before).every(({ key }) => key === undefined)).toBe(true);
  });
});

describe('wrong use', () => {
  it.each([
    [['list', '--past-due-for', 'long'], 'expected a number with m, h, d or w behind it'],
    [['list', '--status', 'lost'], 'expected one of awaiting_payment_method'],
    [['list', '--needs-attention', '--waits-for', 'capture'], 'give one of the two'],
    [['retry', 'chg_1'], 'is no charge’s id'.replace('’', "'")],
    [['refnd'], "unknown command 'refnd'"],
    [
      ['terms', 'change', '--amount-minor', '0', '--currency', 'jpy', '--name', 'x'],
      'expected a whole number from 1',
    ],
    [
      ['terms', 'change', '--amount-minor', '5', '--currency', 'jpy', '--name', 'a b'],
      'expected 1 to 60 letters',
    ],
    [['api-keys', 'create', '--name', 'x', '--expires', 'soon'], 'expected a time from now, e.g. 90d'],
    [['pause', 'x', '--until', '2027-04-31T09:00:00+09:00'], 'expected an instant with its offset'],
    [['move-next', 'x', '--to', '2027-02-29T09:00:00Z'], 'expected an instant with its offset'],
    [['list', '--as', 'a b'], 'no name of an operator'],
  ])('%j is told what was expected', async (args, sentence) => {
    const ended = await inProcess(args, { BILLING_API_URL: url, BILLING_API_KEY: 'dbk_x' });
    expect([ended.code, ended.stdout]).toEqual([2, '']);
    expect(ended.stderr).toContain(sentence);
    expect(ended.stderr).not.toMatch(/^\s+at /m);
  });
});

it('search-attributes ends with 3 where Temporal is not reached', async () => {
  const said = expect.stringContaining('Temporal at 127.0.0.1:9: ');
  expect(await unreached).toMatchObject({ code: 3, stdout: '', stderr: said });
}, 30_000);
