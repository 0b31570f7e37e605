/** The command line against the service as its users run it. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startStack, type TestStack } from '../support/stack.ts';
import { waitFor } from '../support/wait.ts';
import { durableBilling, inProcess } from './command.ts';

let stack: TestStack;
beforeAll(async () => {
  stack = await startStack();
}, 180_000);
afterAll(() => stack.stop());

const MONTHLY = {
  currency: 'jpy',
  schedule: {
    type: 'recurring',
    amount_minor: 980,
    interval: { unit: 'month', count: 1 },
    time_zone: 'Asia/Tokyo',
  },
};
const HELD = { currency: 'jpy', schedule: { type: 'once', amount_minor: 4_800 }, capture_method: 'manual' };

const access = () => ({
  BILLING_API_URL: stack.api,
  BILLING_API_KEY: stack.key,
  BILLING_OPERATOR: 'hanako',
});
const cli = (...args: string[]) => inProcess(args, access());
/** Where a person would be asked, and for an exit code that a command sets by itself. */
const asProcess = (...args: string[]) => durableBilling(args, access());

/** A customer who has saved a card; waits until its first charge has that status. */
async function paying(reference: string, terms: object, status: string, card = '4242424242424242') {
  const customer = { reference, email: `${reference}@example.com` };
  const enrolled = await stack.enroll({ customer, terms, metadata: { plan: 'basic' } });
  const session = new URL(enrolled.checkout_url).pathname.split('/').pop();
  await stack.control(`checkout_sessions/${session}/complete`, { number: card, name: 'A B' });
  const settled = await waitFor(
    `the charge of ${reference} to be ${status}`,
    async () => {
      const now = await stack.enrollment(enrolled.id);
      return now.latest_charge?.status === status ? now : false;
    },
    { timeoutMs: 30_000, everyMs: 200 },
  );
  return { id: enrolled.id, chargeId: String(settled.latest_charge?.id) };
}

describe('one enrollment', () => {
  it('is found, shown, refunded and changed once under one key, paused and canceled, and the timeline says by whom', async () => {
    const { id, chargeId } = await paying('hana', MONTHLY, 'succeeded');
    expect((await cli('list', '--customer', 'hana')).stdout).toMatch(
      new RegExp(`^${id} +active +hana +JPY 980`, 'm'),
    );
    expect((await cli('show', 'hana', '--json')).json).toMatchObject({ id, charges: [{ id: chargeId }] });

    const asked = await asProcess('refund', chargeId, '--amount-minor', '300');
    expect([asked.code, asked.stdout]).toEqual([2, '']);
    expect(asked.stderr).toContain('Nobody is there to confirm it: add --yes.');
    const refund = [
      'refund',
      chargeId,
      '--amount-minor',
      '300',
      '--yes',
      '--idempotency-key',
      'r1',
      '--json',
    ];
    const first = await cli(...refund);
    expect(first.json).toMatchObject({ amount_minor: 300, status: 'succeeded' });
    expect((await cli(...refund)).json).toEqual(first.json);
    const tooMuch = await cli('refund', chargeId, '--amount-minor', '900', '--yes');
    expect(tooMuch).toMatchObject({ code: 1, stderr: expect.stringMatching(/^Refused: .*JPY 900/) });

    expect((await cli('pause', 'hana', '--reason', 'on holiday')).stdout).toContain('paused');
    expect(await cli('pause', 'hana')).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^Refused: /),
    });
    expect((await cli('resume', 'hana')).code).toBe(0);
    const skip = ['skip-next', 'hana', '--idempotency-key', 's1', '--json'];
    const skipped = await cli(...skip);
    expect(skipped.json).toMatchObject({ next_charge: { amount_minor: 980 } });
    expect((await cli(...skip)).json).toEqual(skipped.json);
    expect((await cli('cancel', 'hana', '--preview')).stdout).toMatch(/Still owed +JPY 0/);
    expect((await cli('cancel', 'hana', '--yes', '--reason', 'moved away')).stdout).toContain('canceled');
    const told = await cli('timeline', 'hana', '--json');
    expect(told.json.data).toContainEqual(
      expect.objectContaining({
        who: expect.stringMatching(/^operator:hanako \(api:key_/),
        why: 'on holiday',
      }),
    );
  }, 120_000);

  it('is named when a customer has several, and said to be none when there is none', async () => {
    await stack.enroll({ customer: { reference: 'twice' }, terms: MONTHLY });
    await stack.enroll({ customer: { reference: 'twice' }, terms: MONTHLY });
    expect(await cli('show', 'twice')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('has several'),
    });
    expect(await cli('show', 'never')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("customer 'never'"),
    });
  }, 60_000);
});

describe('what waits for somebody', () => {
  it('is found, captured, retried and resumed', async () => {
    const held = await paying('held', HELD, 'requires_capture');
    expect((await cli('list', '--waits-for', 'capture', '--json')).json.data).toMatchObject([
      { id: held.id },
    ]);
    expect((await cli('capture', held.chargeId)).stdout).toContain('JPY 4800 is succeeded');

    const declined = await paying('declined', MONTHLY, 'requires_payment_method', '4000000000000341');
    const pastDue = await cli('list', '--past-due-for', '1m', '--json');
    expect(pastDue.json.data).toEqual([]);
    expect((await cli('list', '--waits-for', 'retry', '--json')).json.data).toMatchObject([
      { id: declined.id },
    ]);
    expect((await cli('retry', declined.chargeId)).stdout).toContain('requires_payment_method');
    expect((await cli('forgive', declined.chargeId, '--yes')).stdout).toContain('is canceled');

    const match = { method: 'POST', path_prefix: '/v1/payment_intents' };
    await stack.control('faults', { match, kind: 'status', status: 401, code: 'api_key_expired', times: 1 });
    const parked = await paying('parked', MONTHLY, 'needs_attention');
    expect((await cli('list', '--needs-attention')).stdout).toContain(parked.id);
    expect((await cli('charges', 'parked')).stdout).toContain('StripeKeyRefused');
    expect((await cli('resume-charge', parked.chargeId)).code).toBe(0);
    await waitFor(
      'the charge',
      async () => (await stack.enrollment(parked.id)).latest_charge?.status === 'succeeded',
    );
    expect((await cli('list', '--needs-attention')).stdout).toBe('No enrollment is like that.\n');
  }, 120_000);
});

describe('terms change', () => {
  it('shows, changes, and changes nothing twice; what is refused stops none of the others', async () => {
    const people = [];
    for (const name of ['p1', 'p2', 'p3']) {
      people.push((await paying(name, MONTHLY, 'succeeded')).id);
    }
    const change = (...more: string[]) => changeBy(cli, ...more);
    const changeBy = (by: typeof cli, ...more: string[]) =>
      by(
        'terms',
        'change',
        '--currency',
        'jpy',
        '--status',
        'active',
        '--metadata',
        'plan=basic',
        '--json',
        ...more,
      );
    const to1200 = ['--from-amount-minor', '980', '--amount-minor', '1200', '--name', 'price-2027'];
    const dry = await change(...to1200, '--dry-run');
    expect(dry.json.to_be_changed).toEqual(expect.arrayContaining(people));
    const changesOf = (id: string) =>
      stack.db
        .selectFrom('enrollment_events')
        .select('why')
        .where('enrollment_id', '=', id)
        .where('what', '=', 'schedule.amount_changed')
        .execute();
    expect(await changesOf(String(people[0]))).toEqual([]);

    expect(await changeBy(asProcess, ...to1200)).toMatchObject({ code: 2, stdout: '' });
    const done = await change(...to1200, '--yes');
    expect(done).toMatchObject({ code: 0, json: { failed: [], not_begun: [] } });
    expect(done.json.changed).toEqual(expect.arrayContaining(people));
    const again = await change(...to1200, '--yes');
    expect(again).toMatchObject({ code: 0, json: { changed: [], already: expect.arrayContaining(people) } });
    for (const id of people) {
      expect(await changesOf(id)).toEqual([{ why: 'price-2027' }]);
    }

    const shown = (await cli('show', 'p1')).stdout;
    expect(shown).toMatch(/^Agreed +JPY 1200 every month, JPY 980 at the beginning$/m);
    expect(shown).not.toContain('Balance');

    // The same name for another amount changes nothing, and must not say that it has.
    const used = await change('--amount-minor', '1300', '--name', 'price-2027', '--yes');
    expect(used).toMatchObject({ code: 4, json: { changed: [] } });
    expect(used.json.failed[0].why).toMatch(
      /--name price-2027 is another change's: .*amount \{"amount_minor":1200,"effective":"from_next"\}/,
    );

    const tooLittle = await changeBy(asProcess, '--amount-minor', '1', '--name', 'too-little', '--yes');
    expect(tooLittle.code).toBe(4);
    expect(tooLittle.json.failed.map(({ id }: { id: string }) => id)).toEqual(expect.arrayContaining(people));
    expect(tooLittle.json.failed[0].why).toContain('below the least');
  }, 120_000);
});

describe('webhooks, keys and books', () => {
  it('are listed and delivered again, made and revoked, and compared', async () => {
    const listed = await cli('webhooks', 'list', '--state', 'signalled', '--limit', '1', '--json');
    const [event] = listed.json.data;
    expect((await cli('webhooks', 'redeliver', event.id, '--reason', 'a test')).stdout).toBe(
      `${event.id} is due again.\n`,
    );
    expect((await cli('webhooks', 'show', event.id, '--json')).json.redeliveries).toMatchObject([
      { why: 'a test' },
    ]);
    expect(await cli('webhooks', 'redeliver', 'evt_none')).toMatchObject({
      code: 1,
      stderr: "There is no webhook 'evt_none'.\n",
    });

    const service = (...args: string[]) => inProcess(args, { ...stack.settings });
    const serviceAsProcess = (...args: string[]) => durableBilling(args, { ...stack.settings });
    const create = ['api-keys', 'create', '--name', 'reader', '--scopes', 'read'];
    const made = await serviceAsProcess(...create, '--expires', '90d');
    expect(made.stdout).toMatch(/^dbk_[0-9a-f]{48}\n$/);
    const keys = (await service('api-keys', 'list', '--json')).json.data;
    const { expires_at: expiresAt } = keys.find(({ name }: { name: string }) => name === 'reader');
    expect(Math.abs(Date.parse(expiresAt) - Date.now() - 90 * 86_400_000)).toBeLessThan(60_000);
    const passed = await service(...create, '--expires', '2026-01-01T00:00:00Z');
    expect(passed).toMatchObject({ code: 2, stderr: expect.stringContaining('has passed') });
    const access = { BILLING_API_URL: stack.api, BILLING_API_KEY: made.stdout.trim() };
    expect((await inProcess(['list'], access)).code).toBe(0);
    const refused = await inProcess(['pause', 'held'], access);
    expect(refused).toMatchObject({ code: 2, stderr: expect.stringContaining("lacks the scope 'write'") });
    const id = /key_[0-9a-f]+/.exec(made.stderr)?.[0] ?? '';
    expect((await service('api-keys', 'revoke', id)).stdout).toBe(`Revoked ${id}.\n`);
    expect((await service('api-keys', 'list')).stdout).toMatch(
      new RegExp(`^${id} +reader +read +revoked`, 'm'),
    );
    expect(await service('api-keys', 'revoke', 'key_17')).toMatchObject({ code: 1 });
    expect(await service('api-keys', 'create', '--name', 'x', '--scopes', 'admin')).toMatchObject({
      code: 2,
    });

    expect((await service('search-attributes', '--json')).json).toMatchObject({ registered_now: [] });
    const books = await serviceAsProcess('check-books', '--json', '--settle-ms', '500');
    expect(books.json).toMatchObject({ differences: [] });
    expect(books.code).toBe(0);
  }, 120_000);
});
