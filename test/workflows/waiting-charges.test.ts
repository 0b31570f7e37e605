/** A charge that is accepted and was not tried yet: it can be read and canceled, and while a dispute is open none is accepted. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { sql } from 'kysely';
import { startApi, type TestApi } from '../api/test-api.ts';
import { startBilling, type TestBilling } from '../support/billing.ts';
import { waitFor } from '../support/wait.ts';
import { BY, heldRequests, tellOfDispute, whileChanging } from './disputed.ts';

let billing: TestBilling;
let api: TestApi;
beforeAll(async () => {
  billing = await startBilling();
  const { db, databaseUrl } = billing;
  api = await startApi({ over: { db, databaseUrl, billing: billing.billing } });
}, 60_000);
afterAll(async () => {
  await api.close();
  await billing.stop();
});

const path = (id: string, chargeId: string) => `/v1/enrollments/${id}/charges/${chargeId}`;

/** What the timeline tells of one charge. */
async function told(id: string, chargeId: string) {
  const rows = await billing.db
    .selectFrom('enrollment_events')
    .select(['what', 'who', 'why', 'charge_id', 'details'])
    .where('enrollment_id', '=', id)
    .orderBy('seq')
    .execute();
  return rows.filter((row) => [row.charge_id, row.details.charge_id].includes(chargeId));
}

describe('a charge that a dispute has found accepted and not begun', () => {
  it('is read from its Workflow, and made when the dispute is won', async () => {
    const { id, chargeIds, won } = await heldRequests(billing);
    const chargeId = String(chargeIds[0]);
    expect(await billing.chargeRows(id)).toHaveLength(1);
    const { status, body } = await api.request('GET', path(id, chargeId));
    expect(status).toBe(200);
    expect(body).toMatchObject({
      id: chargeId,
      number: 2,
      origin: 'api',
      status: 'scheduled',
      amount_minor: 700,
      currency: 'jpy',
      description: 'Ride',
      attempts: 0,
      payment_intent_id: null,
    });
    await won();
    await billing.charged(id, 2, 'succeeded');
    api.asked.length = 0;
    expect((await api.request('GET', path(id, chargeId))).body.status).toBe('succeeded');
    expect(api.asked).toEqual([]);
  }, 60_000);

  it.each(['cancel', 'forgive'] as const)(
    'is not made any more after %s',
    async (as) => {
      const { id, chargeIds, won } = await heldRequests(billing, { amounts: [700, 800] });
      const [first, second] = chargeIds.map(String);
      const calls = await billing.stripeCalls();
      const body = { reason: 'a mistake' };
      const answer = await api.request('POST', `${path(id, String(first))}/${as}`, { body });
      expect([answer.status, answer.body]).toMatchObject([
        200,
        { id: first, status: 'canceled', attempts: 0 },
      ]);
      expect(await billing.stripeCalls()).toBe(calls);
      const by = { who: `api:${api.apiKeyId}`, why: 'a mistake' };
      // Two Activities, at one instant: either may write first.
      const facts = (await told(id, String(first))).toSorted((a, b) => a.what.localeCompare(b.what));
      expect(facts).toMatchObject(
        [`charge.${as}_asked`, 'charge.canceled'].toSorted().map((what) => ({ what, ...by })),
      );
      expect(await api.request('POST', `${path(id, String(first))}/${as}`, { body })).toMatchObject({
        status: 409,
        body: { error: { code: 'charge_settled' } },
      });
      await won();
      expect((await billing.charged(id, 3, 'succeeded')).id).toBe(second);
      expect(await billing.chargeRows(id)).toMatchObject([
        { status: 'succeeded' },
        { id: first, status: 'canceled', payment_intent_id: null },
        { id: second, status: 'succeeded' },
      ]);
    },
    60_000,
  );

  it('is not known when nobody has asked for it', async () => {
    const { id } = await heldRequests(billing);
    for (const chargeId of [`chg_${id.slice(4)}_9`, `chg_${'0'.repeat(26)}_1`]) {
      expect(await api.request('GET', path(id, chargeId))).toMatchObject({ status: 404 });
      expect(await api.request('POST', `${path(id, chargeId)}/cancel`)).toMatchObject({ status: 404 });
    }
  }, 60_000);
});

describe('a charge that has no row yet', () => {
  it('is read and canceled while the schedule is being changed', async () => {
    const { enrollmentId: id } = await billing.paidOnce();
    await whileChanging(
      billing,
      id,
      () => billing.billing.skipNext(id, BY),
      async () => {
        const asked = { body: { amount_minor: 700 }, idempotencyKey: 'ride' };
        const accepted = await api.request('POST', `/v1/enrollments/${id}/charges`, asked);
        expect(accepted.status).toBe(202);
        const read = await api.request('GET', path(id, accepted.body.id));
        expect([read.status, read.body.status, read.body.amount_minor]).toEqual([200, 'scheduled', 700]);
        const canceled = api.request('POST', `${path(id, accepted.body.id)}/cancel`);
        await waitFor('the cancel to be known', async () => {
          const again = await api.request('POST', `${path(id, accepted.body.id)}/cancel`);
          return again.body.error?.code === 'cancel_pending';
        });
        void canceled;
      },
    );
    const row = await billing.charged(id, 2, 'canceled');
    expect(row).toMatchObject({ attempts: 0, payment_intent_id: null });
  }, 60_000);

  it('is read and canceled while its first attempt waits', async () => {
    const { enrollmentId: id } = await billing.paidOnce();
    const asked = { ...BY, requestKey: 'ride', amountMinor: 700, description: null };
    const chargeId = await billing.db.transaction().execute(async (trx) => {
      // No row of a charge can be written before this is over.
      await sql`lock table charges in share row exclusive mode`.execute(trx);
      const accepted = await billing.billing.createCharge(id, asked);
      await waitFor('the first attempt', async () => (await billing.stateOf(id)).charges.length === 1);
      const read = await api.request('GET', path(id, accepted.chargeId));
      expect([read.status, read.body.status, read.body.number]).toEqual([200, 'scheduled', 2]);
      void api.request('POST', `${path(id, accepted.chargeId)}/cancel`);
      await waitFor('the cancel in the timeline', async () =>
        (await told(id, accepted.chargeId)).some(({ what }) => what === 'charge.cancel_asked'),
      );
      return accepted.chargeId;
    });
    await billing.settled(id, chargeId);
    // The attempt was under way, and what it took goes back.
    expect((await billing.ledger(id)).map(({ kind }) => kind)).toEqual(['payment', 'payment', 'refund']);
  }, 60_000);
});

describe('while a dispute is open', () => {
  it('no charge is accepted, and no raise at once; a repeat gets its answer', async () => {
    const { id, chargeIds, won } = await heldRequests(billing);
    const ask = (requestKey: string) =>
      billing.billing.createCharge(id, { ...BY, requestKey, amountMinor: 700, description: 'Ride' });
    await expect(ask('another')).rejects.toMatchObject({ code: 'charge_disputed' });
    expect(await ask('held-700')).toEqual({ chargeId: chargeIds[0] });
    const change = (amountMinor: number, effective: 'from_next' | 'at_once') =>
      billing.billing.changeAmount(id, { ...BY, amountMinor, effective });
    await expect(change(5_000, 'at_once')).rejects.toMatchObject({ code: 'charge_disputed' });
    expect(await change(5_000, 'from_next')).toMatchObject({ chargeId: null });
    expect(await change(900, 'at_once')).toMatchObject({ chargeId: null });
    await won();
    expect(await ask('another')).toEqual({ chargeId: `chg_${id.slice(4)}_3` });
  }, 60_000);

  it('a raise at once that waits for its turn is refused when its turn has come', async () => {
    const { enrollmentId: id } = await billing.paidOnce();
    let raised: Promise<unknown> = Promise.resolve();
    await whileChanging(
      billing,
      id,
      () => billing.billing.skipNext(id, BY),
      async () => {
        raised = billing.billing.changeAmount(id, { ...BY, amountMinor: 5_000, effective: 'at_once' });
        raised.catch(() => {});
        await waitFor('it to be accepted', async () =>
          JSON.stringify(await billing.history(id)).includes('"changeAmount"'),
        );
        await tellOfDispute(billing, id, 'needs_response');
      },
    );
    await expect(raised).rejects.toMatchObject({ code: 'charge_disputed' });
  }, 60_000);
});
