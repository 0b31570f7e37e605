/** Two who write what became of one charge: who has read Stripe's lists first may write last. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Stripe } from 'stripe';
import { type AftermathNews, recordAftermath } from '../../activities/aftermath-record.ts';
import { findPaidCharge } from '../../db/aftermath.ts';
import { saveCharge } from '../../db/charges.ts';
import { insertEnrollmentRow, newCharge } from '../db/charge-rows.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';

const AT = '2026-11-01T00:00:00.000Z';
const WORKFLOW = { by: 'workflow', reason: 'succeeded after the cancel' };

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

let enrollments = 0;
let chargeId = '';
beforeEach(async () => {
  enrollments += 1;
  const id = `enr_${enrollments}`;
  await insertEnrollmentRow(database.db, id);
  chargeId = `chg_${id}_1`;
  const paid = { status: 'succeeded', payment_intent_id: `pi_${enrollments}`, captured_minor: 980 } as const;
  await saveCharge(database.db, newCharge(id, 1, paid));
});

async function record(news: Partial<AftermathNews>) {
  const charge = await findPaidCharge(database.db, { chargeId });
  if (charge === undefined) {
    throw new Error(`no ${chargeId}`);
  }
  const read = { refunds: [], disputes: [], warnings: [], at: AT, asked: null };
  return recordAftermath(database.db, charge, { ...read, ...news });
}

function refund(more: Partial<Stripe.Refund> = {}): Stripe.Refund {
  const id = `re_${enrollments}`;
  const metadata = { request_key: 'late-success' };
  return { id, amount: 500, status: 'succeeded', reason: null, metadata, ...more } as Stripe.Refund;
}

function dispute(status: string): Stripe.Dispute {
  const id = `du_${enrollments}`;
  const facts = { amount: 980, currency: 'jpy', reason: 'fraudulent', balance_transactions: [] };
  return { id, status, evidence_details: { due_by: null }, ...facts } as unknown as Stripe.Dispute;
}

const chargeRow = () =>
  database.db.selectFrom('charges').selectAll().where('id', '=', chargeId).executeTakeFirstOrThrow();
const refundRows = () =>
  database.db.selectFrom('refunds').selectAll().where('charge_id', '=', chargeId).execute();

describe('a look that is written before the refund that it has read', () => {
  it('leaves who asked, why and for how much to whoever made it, and the timeline tells it too', async () => {
    const asked = { refundId: `re_${enrollments}`, by: WORKFLOW, amountMinor: null };
    await record({ refunds: [refund()] });
    await record({ refunds: [refund()], asked });
    await record({ refunds: [refund()], asked });
    await record({ refunds: [refund()] });
    expect(await refundRows()).toMatchObject([
      { requested_by: WORKFLOW.by, reason: WORKFLOW.reason, asked_for_all: true },
    ]);
    const told = await database.db
      .selectFrom('enrollment_events')
      .select(['what', 'who', 'why'])
      .where('charge_id', '=', chargeId)
      .orderBy('seq')
      .execute();
    expect(told).toEqual([
      { what: 'charge.refunded', who: 'stripe', why: null },
      { what: 'charge.refund_requested', who: WORKFLOW.by, why: WORKFLOW.reason },
    ]);
  });
});

describe('a refund that does not reach the customer', () => {
  const told = async () => {
    const rows = await database.db
      .selectFrom('notifications')
      .select(['kind', 'data'])
      .where('charge_id', '=', chargeId)
      .orderBy('created_at')
      .execute();
    return rows.map(({ kind, data }) => ({ kind, amountMinor: data.amountMinor }));
  };
  const failed = () => refund({ status: 'failed', failure_reason: 'lost_or_stolen_card' });

  it('is told to them once, after they were told that it is on its way', async () => {
    await record({ refunds: [refund({ status: 'pending' })] });
    const at = '2026-11-03T00:00:00.000Z';
    await record({ refunds: [failed()], at });
    await record({ refunds: [failed()], at });
    await record({ refunds: [refund({ status: 'pending' })] });
    expect(await told()).toEqual([
      { kind: 'charge_refunded', amountMinor: 500 },
      { kind: 'refund_failed', amountMinor: 500 },
    ]);
  });

  it('is told to nobody who was never told of it, nor when it was withdrawn', async () => {
    await record({ refunds: [failed()] });
    expect(await told()).toEqual([]);
    const id = `re_${enrollments}_other`;
    await record({ refunds: [refund({ id, status: 'pending' })] });
    await record({ refunds: [refund({ id, status: 'canceled' })] });
    expect(await told()).toEqual([{ kind: 'charge_refunded', amountMinor: 500 }]);
  });
});

describe('a look that is written after the refund that it has not read', () => {
  it('leaves what went back as it is, and knows of the refund', async () => {
    const made = { refunds: [{ amountMinor: 500, status: 'pending' }] };
    expect(await record({ refunds: [refund({ status: 'pending' })] })).toMatchObject(made);
    expect(await record({ refunds: [] })).toMatchObject(made);
    expect(await chargeRow()).toMatchObject({ refunded_minor: 500 });
  });
});

describe('an older reading that is written last', () => {
  it('leaves a dispute that is lost, and one that it does not list', async () => {
    await record({ disputes: [dispute('lost')] });
    const lost = { disputes: [{ id: `du_${enrollments}`, status: 'lost' }] };
    expect(await record({ disputes: [dispute('needs_response')] })).toMatchObject(lost);
    expect(await record({ disputes: [] })).toMatchObject(lost);
    expect(await chargeRow()).toMatchObject({ dispute_status: 'lost' });
    const rows = await database.db
      .selectFrom('disputes')
      .select('status')
      .where('charge_id', '=', chargeId)
      .execute();
    expect(rows).toEqual([{ status: 'lost' }]);
  });

  it('leaves a refund that came back', async () => {
    await record({ refunds: [refund({ status: 'failed', failure_reason: 'lost_or_stolen_card' })] });
    await record({ refunds: [refund({ status: 'pending' })] });
    expect(await refundRows()).toMatchObject([{ status: 'failed', failure_reason: 'lost_or_stolen_card' }]);
    expect(await chargeRow()).toMatchObject({ refunded_minor: 0 });
  });
});
