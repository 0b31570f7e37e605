/** Many commands for one enrollment at one moment: one after the other, each answered, none lost, none carried out twice. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { paymentsOf, payOnCheckout } from '../support/payments.ts';
import { type HttpAnswer, startStack, type TestStack } from '../support/stack.ts';
import { waitFor } from '../support/wait.ts';

let stack: TestStack;
beforeAll(async () => {
  stack = await startStack();
}, 120_000);
afterAll(() => stack.stop());

const MONTHLY = {
  currency: 'jpy',
  schedule: {
    type: 'recurring',
    amount_minor: 980,
    interval: { unit: 'month', count: 1 },
    time_zone: 'UTC',
  },
};
const REFUSALS = [409, 429, 503];

async function paidOnce(): Promise<string> {
  const { id, checkout_url: url } = await stack.enroll({ terms: MONTHLY });
  await payOnCheckout(url);
  await waitFor('the first charge', async () => (await stack.enrollment(id)).charges_succeeded === 1, {
    timeoutMs: 20_000,
  });
  return id;
}

function statuses(answers: HttpAnswer[]): Record<number, number> {
  const counts: Record<number, number> = {};
  for (const { status } of answers) {
    counts[status] = (counts[status] ?? 0) + 1;
  }
  return counts;
}

async function timelineOf(id: string, what: string): Promise<number> {
  const rows = await stack.db
    .selectFrom('enrollment_events')
    .select('what')
    .where('enrollment_id', '=', id)
    .where('what', '=', what)
    .execute();
  return rows.length;
}

describe('twenty commands at once', () => {
  it('F26: of one kind, as many as were answered with 200 have had their effect, each once', async () => {
    const id = await paidOnce();
    const amounts = Array.from({ length: 20 }, (_, index) => 1_000 + index);
    const answers = await Promise.all(
      amounts.map((amount_minor) =>
        stack.ask('POST', `/v1/enrollments/${id}/amount`, { amount_minor, effective: 'from_next' }),
      ),
    );
    const done = answers.filter(({ status }) => status === 200).length;
    expect(done).toBeGreaterThan(0);
    expect(
      Object.keys(statuses(answers))
        .map(Number)
        .filter((s) => s !== 200 && !REFUSALS.includes(s)),
    ).toEqual([]);
    expect(await timelineOf(id, 'schedule.amount_changed')).toBe(done);
  }, 120_000);

  it('F26: more than Temporal lets wait in one Workflow: each gets the same session, or is told to come back', async () => {
    const id = await paidOnce();
    const match = { method: 'POST', path_prefix: '/v1/checkout/sessions' };
    await stack.control('faults', { match, times: 1, kind: 'delay', when: 'after', delay_ms: 4_000 });
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => stack.ask('POST', `/v1/enrollments/${id}/checkout-sessions`, {})),
    );
    const urls = answers.filter(({ status }) => status < 300).map(({ body }) => body.url);
    expect(urls.length).toBeGreaterThanOrEqual(10);
    expect(new Set(urls).size).toBe(1);
    expect(answers.filter(({ status }) => status >= 300 && !REFUSALS.includes(status))).toEqual([]);
  }, 120_000);

  it('F26: a cancel among pauses, changes and charges: serial, and nothing is charged after it', async () => {
    const id = await paidOnce();
    const route = `/v1/enrollments/${id}`;
    const ask = (what: string, body: object = {}) => stack.ask('POST', `${route}/${what}`, body);
    const once = (what: string, key: string) =>
      stack.ask('POST', `${route}/${what}`, {}, { 'idempotency-key': `${id}-${key}` });
    const charge = (key: string) =>
      stack.ask('POST', `${route}/charges`, { amount_minor: 500 }, { 'idempotency-key': `${id}-${key}` });
    const all = [
      ...['a', 'b', 'c', 'd'].map((key) => charge(key)),
      // The same request again is the same charge.
      ...['a', 'b'].map((key) => charge(key)),
      ask('pause'),
      ask('resume'),
      once('skip-next', 'skip-1'),
      once('charge-now', 'now-1'),
      ask('amount', { amount_minor: 700, effective: 'at_once' }),
      ask('amount', { amount_minor: 800, effective: 'from_next' }),
      ask('move-next', { due_at: new Date(Date.now() + 86_400_000).toISOString() }),
      ask('checkout-sessions'),
      ask('cancel'),
      ask('cancel'),
      ask('pause'),
      ask('resume'),
      once('skip-next', 'skip-2'),
      once('charge-now', 'now-2'),
    ];
    expect(all).toHaveLength(20);
    const answers = await Promise.all(all);
    const unexpected = answers.filter(({ status }) => status >= 300 && !REFUSALS.includes(status));
    expect(unexpected.map(({ status, body }) => `${status} ${JSON.stringify(body)}`)).toEqual([]);
    for (const { status, body } of answers.filter(({ status }) => status >= 300)) {
      expect({ status, body }).toMatchObject({ body: { error: { code: expect.any(String) } } });
    }
    if ((await stack.enrollment(id)).status !== 'canceled') {
      await waitFor('a cancel to be taken', async () => (await ask('cancel')).status < 300);
    }
    await stack.temporal.client.workflow.getHandle(`enrollment/${id}`).result();

    const after = await stack.enrollment(id);
    expect(after.status).toBe('canceled');
    const rows = await stack.db
      .selectFrom('charges')
      .select(['id', 'status', 'captured_minor', 'refunded_minor'])
      .where('enrollment_id', '=', id)
      .execute();
    expect(rows.filter(({ status }) => status !== 'succeeded' && status !== 'canceled')).toEqual([]);
    const payments = await paymentsOf(stack.stripe, id);
    const paid = payments.filter(({ status }) => status === 'succeeded');
    expect(new Set(paid.map(({ metadata }) => metadata.charge_id)).size).toBe(paid.length);
    expect(paid.reduce((sum, { amount_received }) => sum + amount_received, 0)).toBe(
      rows.reduce((sum, { captured_minor }) => sum + captured_minor, 0),
    );
  }, 120_000);

  it('refunds of several amounts under one key: one is made, and the others are told that it was another', async () => {
    const id = await paidOnce();
    const route = `/v1/enrollments/${id}/charges/chg_${id.slice(4)}_1/refunds`;
    const ask = (body: object) => stack.ask('POST', route, body, { 'idempotency-key': `${id}-refund` });
    const amounts = [300, 400, 500, undefined];
    const answers = await Promise.all(amounts.map((amount_minor) => ask({ amount_minor })));
    expect(statuses(answers)).toEqual({ 200: 1, 409: 3 });
    expect(answers.filter(({ status }) => status === 409)).toEqual(
      Array(3).fill(
        expect.objectContaining({
          body: { error: expect.objectContaining({ code: 'idempotency_mismatch' }) },
        }),
      ),
    );
    const place = answers.findIndex(({ status }) => status === 200);
    const made = { id: answers[place]?.body.id, amount_minor: amounts[place] ?? 980 };
    expect(answers[place]?.body).toMatchObject(made);
    expect(await stack.ask('GET', route)).toMatchObject({ body: { data: [made] } });
  }, 60_000);
});
