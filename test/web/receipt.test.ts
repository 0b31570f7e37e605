import { describe, expect, it } from '@jest/globals';
import { mentioned } from './pages-app.ts';
import { get, test } from './pages-of-each-test.ts';
import { seedCharge, seedEnrollment, seedPaymentMethod } from './rows.ts';

describe('GET /c/:token/charges/:id/receipt', () => {
  it('shows what was paid, by whom, with what, and what went back', async () => {
    const id = await seedEnrollment(test.db);
    const method = await seedPaymentMethod(test.db, id, { brand: 'jcb', last4: '0505' });
    const chargeId = await seedCharge(test.db, id, {
      settled_at: '2026-11-23T01:02:00.000Z',
      refunded_minor: 500,
    });
    await test.db
      .insertInto('charge_attempts')
      .values({
        charge_id: chargeId,
        attempt: 1,
        enrollment_id: id,
        idempotency_key: `key-of-${chargeId}`,
        payment_method_id: method,
        outcome: 'succeeded',
        attempted_at: '2026-11-23T01:02:00.000Z',
      })
      .execute();
    await test.db
      .insertInto('ledger_entries')
      .values({
        key: `refund/re_${id}`,
        enrollment_id: id,
        charge_id: chargeId,
        kind: 'refund',
        amount_minor: -500,
        currency: 'jpy',
        stripe_object_id: `re_${id}`,
        at: '2026-11-30T00:00:00.000Z',
      })
      .execute();
    const answer = await get(id, `/charges/${chargeId}/receipt`);
    const text = mentioned(answer.body);
    expect(answer.statusCode).toBe(200);
    for (const fact of [
      'Paid to Kissa Coffee',
      'Paid by Aoi Sato',
      'Paid with JCB ending in 0505',
      'Paid on November 23, 2026 at 10:02 AM GMT+9',
      `Receipt number ${chargeId}`,
      'Returned on November 30, 2026 − ¥500',
      'Paid after returns ¥1,480',
    ]) {
      expect(text).toContain(fact);
    }
  });

  it.each([
    ['lost', [-1480], ['Taken back at your bank on December 2, 2026 − ¥1,480', 'Paid after returns ¥0']],
    [
      'won',
      [-1480, 1480],
      ['Paid again by your bank on December 3, 2026 ¥1,480', 'Paid after returns ¥1,480'],
    ],
  ])('counts what a dispute took besides a refund: %s', async (_end, moved, facts) => {
    const id = await seedEnrollment(test.db);
    const chargeId = await seedCharge(test.db, id, { refunded_minor: 500 });
    const entry = { enrollment_id: id, charge_id: chargeId, currency: 'jpy' };
    await test.db
      .insertInto('ledger_entries')
      .values([
        {
          ...entry,
          key: `refund/re_${id}`,
          kind: 'refund' as const,
          amount_minor: -500,
          stripe_object_id: `re_${id}`,
          at: '2026-12-01T00:00:00.000Z',
        },
        ...moved.map((amount_minor, index) => ({
          ...entry,
          key: `dispute/txn_${id}_${index}`,
          kind: amount_minor < 0 ? ('dispute' as const) : ('dispute_reversed' as const),
          amount_minor,
          stripe_object_id: `txn_${id}_${index}`,
          at: `2026-12-0${index + 2}T00:00:00.000Z`,
        })),
      ])
      .execute();
    const text = mentioned((await get(id, `/charges/${chargeId}/receipt`)).body);
    for (const fact of ['Returned on December 1, 2026 − ¥500', ...facts]) {
      expect(text).toContain(fact);
    }
  });

  it('says of a part that a lost dispute took what the list of payments says', async () => {
    const id = await seedEnrollment(test.db);
    const chargeId = await seedCharge(test.db, id, { dispute_status: 'lost' });
    const said = async (path: string) => mentioned((await get(id, path)).body);
    expect(await said('/account')).toContain('Returned');
    await test.db
      .insertInto('ledger_entries')
      .values({
        key: `dispute/txn_${id}`,
        enrollment_id: id,
        charge_id: chargeId,
        currency: 'jpy',
        kind: 'dispute',
        amount_minor: -1580,
        stripe_object_id: `dp_${id}`,
        at: '2026-12-02T00:00:00.000Z',
      })
      .execute();
    expect(await said('/account')).toContain('Paid, ¥1,580 returned');
    expect(await said(`/charges/${chargeId}/receipt`)).toContain('Paid after returns ¥400');
  });

  it('exists only for money that was taken, and only for the customer of it', async () => {
    const id = await seedEnrollment(test.db);
    const unpaid = await seedCharge(test.db, id, { status: 'requires_payment_method' });
    const foreign = await seedCharge(test.db, await seedEnrollment(test.db));
    for (const chargeId of [unpaid, foreign, 'chg_x_1', 'nonsense', '%27%3B--']) {
      const answer = await get(id, `/charges/${chargeId}/receipt`);
      expect(answer.statusCode).toBe(404);
      expect(mentioned(answer.body)).toContain('There is no such receipt');
    }
  });
});
