/** The business's figures at /metrics are the ledger's, to the minor unit and never across currencies. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { sql } from 'kysely';
import { waitingCharges } from '../../db/figure-series.ts';
import { startApi, type TestApi } from '../api/test-api.ts';
import { makeCharge } from './rows.ts';
import { scrape } from './scrape.ts';

const DAY_MS = 86_400_000;
const ago = (days: number) => new Date(Date.now() - days * DAY_MS);

let api: TestApi;
beforeAll(async () => {
  api = await startApi();
  const { db } = api;
  await makeCharge(db, { currency: 'jpy', amountMinor: 980, status: 'succeeded', dueAt: ago(1) });
  await makeCharge(db, {
    currency: 'jpy',
    amountMinor: 1_200,
    status: 'succeeded',
    declines: ['insufficient_funds', 'a_code_of_tomorrow'],
    dueAt: ago(40),
    at: ago(35),
  });
  await makeCharge(db, {
    currency: 'usd',
    amountMinor: 1_999,
    status: 'succeeded',
    declines: [null],
    dueAt: ago(2),
    refundedMinor: 500,
    refundRefused: 'StripeKeyRefused: …',
  });
  await makeCharge(db, {
    currency: 'usd',
    amountMinor: 900,
    status: 'succeeded',
    dueAt: ago(4),
    refundedMinor: 300,
    refundCameBack: true,
  });
  await makeCharge(db, {
    currency: 'usd',
    amountMinor: 700,
    status: 'requires_payment_method',
    declines: ['lost_card'],
    dueAt: ago(3),
  });
  await makeCharge(db, { currency: 'usd', amountMinor: 800, status: 'requires_action', dueAt: ago(5) });
  const unanswered = { status: 'scheduled' as const, dueAt: ago(6) };
  await makeCharge(db, { currency: 'jpy', amountMinor: 70, ...unanswered, at: ago(16 / 24 / 60) });
  await makeCharge(db, { currency: 'usd', amountMinor: 70, ...unanswered, at: ago(14 / 24 / 60) });
  await makeCharge(db, { currency: 'jpy', amountMinor: 50, status: 'needs_attention', dueAt: ago(1) });
  await makeCharge(db, {
    currency: 'jpy',
    amountMinor: 60,
    status: 'uncollectible',
    declines: ['lost_card'],
    dueAt: ago(9),
  });
});
afterAll(() => api.close());

const metrics = async () => scrape((await api.app.inject({ url: '/metrics' })).body);

const COUNTER: Record<string, string> = {
  payment: 'billing_charges_collected',
  refund: 'billing_refunds',
  refund_failed: 'billing_refunds_returned',
};

describe('GET /metrics: figures of the business', () => {
  it('tells what was collected, recovered and refunded as the ledger does, whenever it was', async () => {
    const told = await metrics();
    const { rows } = await sql<{ currency: string; kind: string; charges: number; amount: number }>`
      select currency, kind, count(*) as charges, abs(sum(amount_minor))::bigint as amount
      from ledger_entries group by 1, 2`.execute(api.db);
    expect(rows).toHaveLength(4);
    for (const { currency, kind, charges, amount } of rows) {
      const name = COUNTER[kind];
      expect(told.value(`${name}_total`, { currency })).toBe(charges);
      expect(told.value(`${name}_amount_minor_total`, { currency })).toBe(amount);
    }
    expect(told.of('billing_charges_recovered_amount_minor_total')).toEqual([
      { labels: { currency: 'jpy' }, value: 1_200 },
      { labels: { currency: 'usd' }, value: 1_999 },
    ]);
    expect(told.value('billing_charges_recovered_total', { currency: 'usd' })).toBe(1);
  });

  it('tells declines by codes that are known, and others as one', async () => {
    const told = await metrics();
    const declines = told
      .of('billing_declines_total')
      .map(({ labels, value }) => [labels.decline_code, value]);
    expect(Object.fromEntries(declines)).toEqual({ insufficient_funds: 1, lost_card: 2, other: 2 });
    expect(told.value('billing_charge_attempts_total', { outcome: 'succeeded' })).toBe(4);
    expect(told.value('billing_charge_attempts_total', { outcome: 'declined' })).toBe(5);
  });

  it('tells what is in dunning, what needs attention and since when the oldest waits', async () => {
    const told = await metrics();
    expect(told.of('billing_dunning_charges')).toEqual([{ labels: { currency: 'usd' }, value: 2 }]);
    expect(told.value('billing_dunning_amount_minor', { currency: 'usd' })).toBe(1_500);
    expect(told.value('billing_needs_attention_charges')).toBe(2);
    expect(told.value('billing_oldest_waiting_seconds', { status: 'requires_action' })).toBeCloseTo(
      5 * 86_400,
      -2,
    );
  });

  it('tells of charges whose first attempt has had no answer for a quarter of an hour, and of no younger ones', async () => {
    const told = await metrics();
    const scheduled = { status: 'scheduled' };
    expect(told.value('billing_charges_waiting', { ...scheduled, currency: 'jpy' })).toBe(1);
    expect(told.value('billing_charges_waiting', { ...scheduled, currency: 'usd' })).toBeUndefined();
    expect(told.value('billing_oldest_waiting_seconds', scheduled)).toBeCloseTo(6 * 86_400, -2);
    const oldest = await waitingCharges(api.db, 2);
    expect(oldest.map(({ status }) => status)).toEqual(['scheduled', 'requires_action']);
  });

  it('tells what waits in inbox, outbox and Task Queues', async () => {
    api.temporal.queues = [
      { queue: 'billing', kind: 'workflow', backlog: 3, backlogAgeSeconds: 1.5, pollers: 0 },
    ];
    const told = await metrics();
    expect(told.value('billing_inbox_pending')).toBe(0);
    expect(told.value('billing_mails_oldest_seconds')).toBe(0);
    const queue = { queue: 'billing', kind: 'workflow' };
    expect(told.value('billing_task_queue_backlog', queue)).toBe(3);
    expect(told.value('billing_task_queue_pollers', queue)).toBe(0);
    expect(told.of('billing_source_up').every(({ value }) => value === 1)).toBe(true);
  });

  it('leaves out what nobody can tell, says so, and tells the rest', async () => {
    const away = await startApi({ databaseUrl: 'postgres://nobody@127.0.0.1:9/none' });
    try {
      const told = scrape((await away.app.inject({ url: '/metrics' })).body);
      expect(told.value('billing_source_up', { source: 'ledger' })).toBe(0);
      expect(told.value('billing_source_up', { source: 'temporal' })).toBe(1);
      expect(told.of('billing_inbox_pending')).toEqual([]);
      expect(told.of('billing_charges_collected_total')).toEqual([]);
      expect(told.names).toContain('billing_http_request_seconds');
    } finally {
      await away.close();
    }
  });
});
