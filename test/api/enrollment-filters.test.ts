/** What enrollments wait for and since when they are past due: rows, answers and filters against the rule of `domain/`. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { CHARGE_STATUSES } from '../../domain/charge-states.ts';
import { PAST_DUE_CHARGE } from '../../domain/statuses.ts';
import { chargeWaitsFor, WAITS_FOR_WORDS } from '../../domain/waits-for.ts';
import { startApi, type TestApi } from './test-api.ts';

let api: TestApi;
beforeAll(async () => {
  api = await startApi();
}, 60_000);
afterAll(() => api.close());

const DUE = '2026-11-02T09:00:00.000Z';
let made = 0;

/** An active enrollment whose only charge is as given. */
async function enrolled(charge: {
  status: (typeof CHARGE_STATUSES)[number];
  next_attempt_at?: string;
  dispute_status?: string;
  refund_refused?: string;
}) {
  made += 1;
  const terms = { currency: 'jpy', schedule: { type: 'on_demand' } };
  const { body } = await api.request('POST', '/v1/enrollments', {
    body: { customer: { reference: `customer-${made}` }, terms },
    idempotencyKey: `filter-${made}`,
  });
  await api.db.updateTable('enrollments').set({ status: 'active' }).where('id', '=', body.id).execute();
  await api.db
    .insertInto('charges')
    .values({
      id: `chg_${body.id.slice(4)}_1`,
      enrollment_id: body.id,
      number: 1,
      origin: 'api',
      amount_minor: 980,
      currency: 'jpy',
      due_at: DUE,
      attempts: 1,
      captured_minor: 0,
      refunded_minor: 0,
      created_at: DUE,
      updated_at: DUE,
      ...charge,
    })
    .execute();
  return body.id as string;
}

const read = async (id: string) => (await api.request('GET', `/v1/enrollments/${id}`)).body;

async function listed(query: string): Promise<string[]> {
  const reply = await api.request('GET', `/v1/enrollments?limit=100&${query}`);
  expect(reply.status).toBe(200);
  return reply.body.data.map(({ id }: { id: string }) => id);
}

describe('what an enrollment waits for', () => {
  const cases = CHARGE_STATUSES.flatMap((status) => [
    { status, next_attempt_at: undefined },
    { status, next_attempt_at: '2026-12-01T09:00:00.000Z' },
  ]);

  it.each(cases)('follows the rule for $status, next attempt $next_attempt_at', async (row) => {
    const { status, next_attempt_at: nextAttemptAt } = row;
    const id = await enrolled({ status, ...(nextAttemptAt && { next_attempt_at: nextAttemptAt }) });
    const word = chargeWaitsFor({ status, nextAttemptAt: nextAttemptAt ?? null });
    const pastDue = PAST_DUE_CHARGE.includes(status);
    expect(await read(id)).toMatchObject({
      waits_for: word === null ? [] : [word],
      past_due_since: pastDue ? DUE : null,
    });
    for (const other of WAITS_FOR_WORDS) {
      expect([other, (await listed(`waits_for=${other}`)).includes(id)]).toEqual([other, other === word]);
    }
    expect((await listed('past_due_before=2026-11-02T09:00:01Z')).includes(id)).toBe(pastDue);
    expect((await listed('past_due_before=2026-11-02T09:00:00Z')).includes(id)).toBe(false);
  });

  it('is a dispute for as long as it is open', async () => {
    const open = await enrolled({ status: 'succeeded', dispute_status: 'needs_response' });
    const won = await enrolled({ status: 'succeeded', dispute_status: 'won' });
    const found = await listed('waits_for=dispute');
    expect([found.includes(open), found.includes(won)]).toEqual([true, false]);
  });

  it('is an operator while what came in after a cancel does not go back, unless its dispute is open', async () => {
    const refused = await enrolled({ status: 'succeeded', refund_refused: 'StripeKeyRefused: …' });
    const disputed = await enrolled({
      status: 'succeeded',
      refund_refused: 'charge_disputed: …',
      dispute_status: 'needs_response',
    });
    expect((await read(refused)).waits_for).toEqual(['operator']);
    expect((await read(disputed)).waits_for).toEqual(['dispute']);
    const found = await listed('waits_for=operator');
    expect([found.includes(refused), found.includes(disputed)]).toEqual([true, false]);
  });

  it('is a payment method before there is one, and nothing after the end', async () => {
    const id = await enrolled({ status: 'needs_attention' });
    await api.db.updateTable('enrollments').set({ status: 'canceled' }).where('id', '=', id).execute();
    expect((await read(id)).waits_for).toEqual([]);
    expect(await listed('waits_for=operator')).not.toContain(id);
    await api.db
      .updateTable('enrollments')
      .set({ status: 'awaiting_payment_method' })
      .where('id', '=', id)
      .execute();
    expect((await read(id)).waits_for).toEqual(['payment_method']);
    expect(await listed('waits_for=payment_method')).toContain(id);
  });

  it.each(['waits_for=nobody', 'past_due_before=yesterday'])('refuses ?%s', async (query) => {
    expect((await api.request('GET', `/v1/enrollments?${query}`)).status).toBe(400);
  });
});
