/** Refunds: full, partial, several, on their way, coming back, and after the enrollment has ended. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { findPaidCharge } from '../../db/aftermath.ts';
import { listCustomerCharges } from '../../db/customer-charges.ts';
import { askControl } from '../../dev/stand-in-control.ts';
import { chargeAftermathWorkflowId } from '../../domain/ids.ts';
import { ONCE, startBilling, type TestBilling } from '../support/billing.ts';
import { retryNow } from '../support/temporal.ts';
import { waitFor } from '../support/wait.ts';

let billing: TestBilling;
beforeAll(async () => {
  billing = await startBilling();
}, 60_000);
afterAll(() => billing.stop());

const BY = { by: 'api:key', reason: 'sent twice' };

/** A charge that is paid, of an enrollment that has ended with it. */
async function paid(card?: string) {
  const { enrollmentId } = await billing.enrolled(ONCE, card);
  const row = await billing.charged(enrollmentId, 1, 'succeeded');
  await billing.handle(enrollmentId).result();
  return { enrollmentId, id: row.id, paymentIntentId: String(row.payment_intent_id) };
}

async function refund(chargeId: string, requestKey: string, amountMinor: number | null) {
  const charge = await findPaidCharge(billing.db, { chargeId });
  if (charge === undefined) {
    throw new Error(`no ${chargeId}`);
  }
  return billing.billing.refundCharge(charge, { ...BY, requestKey, amountMinor });
}

async function refundedMinor(enrollmentId: string): Promise<number> {
  return Number((await billing.chargeRows(enrollmentId))[0]?.refunded_minor);
}

/** Waits until the Workflow of a charge's refunds knows all of them and has ended: rows are written a moment before. */
function isOver(chargeId: string): Promise<true> {
  return waitFor('the end of its Workflow', async () => {
    const handle = billing.temporal.client.workflow.getHandle(chargeAftermathWorkflowId(chargeId));
    return (await handle.describe()).status.name === 'COMPLETED';
  });
}

describe('refundCharge', () => {
  it('gives back in parts, never more than was captured, and books each part once', async () => {
    const { enrollmentId, id } = await paid();
    const first = await refund(id, 'one', 500);
    expect(first).toMatchObject({ status: 'succeeded', amountMinor: 500 });
    expect(await refund(id, 'one', 500)).toEqual(first);
    await refund(id, 'two', 300);
    await expect(refund(id, 'three', 401)).rejects.toMatchObject({ code: 'refund_too_large' });
    expect(await refund(id, 'four', null)).toMatchObject({ amountMinor: 400 });
    await expect(refund(id, 'five', 1)).rejects.toMatchObject({ code: 'nothing_to_refund' });
    expect(await refundedMinor(enrollmentId)).toBe(1200);
    expect(await billing.ledger(enrollmentId)).toEqual([
      { kind: 'payment', amount_minor: 1200 },
      { kind: 'refund', amount_minor: -500 },
      { kind: 'refund', amount_minor: -300 },
      { kind: 'refund', amount_minor: -400 },
    ]);
    const told = await billing.timeline(enrollmentId);
    expect(told.filter(({ what }) => what === 'charge.refunded')).toEqual(
      Array(3).fill({ what: 'charge.refunded', who: BY.by, why: BY.reason }),
    );
  }, 45_000);

  it('refuses a refund that is too large without a further event in the history', async () => {
    const { id } = await paid('4000000000007726');
    await refund(id, 'one', 500);
    const handle = billing.temporal.client.workflow.getHandle(chargeAftermathWorkflowId(id));
    const before = (await handle.fetchHistory()).events?.length;
    await expect(refund(id, 'two', 5_000)).rejects.toMatchObject({ code: 'refund_too_large' });
    expect((await handle.fetchHistory()).events).toHaveLength(Number(before));
  }, 45_000);

  it.each([
    ['charge_disputed', 'charge_disputed'],
    ['refund_disputed_payment', 'charge_disputed'],
    ['charge_not_refundable', 'charge_not_refundable'],
  ])(
    'answers what Stripe refuses as %s with %s, and makes it for a later request',
    async (said, code) => {
      const { id } = await paid();
      const match = { method: 'POST', path_prefix: '/v1/refunds' };
      await billing.control('faults', {
        match,
        kind: 'status',
        status: 400,
        code: said,
        when: 'before',
        times: 1,
      });
      await expect(refund(id, 'one', null)).rejects.toMatchObject({ code });
      expect(await refund(id, 'two', null)).toMatchObject({ status: 'succeeded', amountMinor: 1200 });
    },
    45_000,
  );

  it('gives nothing back that a prevented dispute has given back, and what it left', async () => {
    const disputed = async (how: object) => {
      const { id, enrollmentId, paymentIntentId } = await paid();
      const intent = await billing.stripe.paymentIntents.retrieve(paymentIntentId);
      await billing.control(`charges/${intent.latest_charge}/dispute`, how);
      await billing.deliverEvents();
      await waitFor(
        'the dispute',
        async () => (await billing.chargeRows(enrollmentId))[0]?.dispute_status === 'prevented',
      );
      const [shown] = await listCustomerCharges(billing.db, enrollmentId, 1);
      return { id, takenMinor: shown?.takenMinor };
    };
    const resolved = await disputed({ prevented: 'resolution' });
    expect(resolved.takenMinor).toBe(1200);
    await expect(refund(resolved.id, 'one', null)).rejects.toMatchObject({ code: 'nothing_to_refund' });
    const blocked = await disputed({ prevented: 'block' });
    expect(blocked.takenMinor).toBe(0);
    expect(await refund(blocked.id, 'one', null)).toMatchObject({ status: 'succeeded', amountMinor: 1200 });
  }, 45_000);

  it('follows a refund on its way to its end', async () => {
    const { enrollmentId, id } = await paid('4000000000007726');
    const made = await refund(id, 'one', null);
    expect(made.status).toBe('pending');
    expect(await refundedMinor(enrollmentId)).toBe(1200);
    await billing.control(`refunds/${made.refundId}/settle`);
    await billing.deliverEvents();
    await waitFor('the end of its Workflow', async () => {
      const handle = billing.temporal.client.workflow.getHandle(chargeAftermathWorkflowId(id));
      return (await handle.describe()).status.name === 'COMPLETED';
    });
    const rows = await billing.db
      .selectFrom('refunds')
      .select(['status', 'requested_by', 'request_key', 'asked_for_all'])
      .where('charge_id', '=', id)
      .execute();
    expect(rows).toEqual([
      { status: 'succeeded', requested_by: BY.by, request_key: 'one', asked_for_all: true },
    ]);
  }, 45_000);

  it('takes a refund that failed days later back into the books, and allows another', async () => {
    const { enrollmentId, id } = await paid('4000000000005126');
    const made = await refund(id, 'one', null);
    expect(made.status).toBe('succeeded');
    await billing.control(`refunds/${made.refundId}/fail`);
    await billing.deliverEvents();
    await waitFor('the failure', async () => (await refundedMinor(enrollmentId)) === 0);
    await isOver(id);
    expect(await billing.ledger(enrollmentId)).toEqual([
      { kind: 'payment', amount_minor: 1200 },
      { kind: 'refund', amount_minor: -1200 },
      { kind: 'refund_failed', amount_minor: 1200 },
    ]);
    expect(await refund(id, 'two', 200)).toMatchObject({ amountMinor: 200 });
  }, 45_000);

  it('follows a refund that somebody made in the Dashboard', async () => {
    const { enrollmentId, paymentIntentId } = await paid();
    await billing.stripe.refunds.create({ payment_intent: paymentIntentId, amount: 200 });
    await billing.deliverEvents();
    await waitFor('the refund', async () => (await refundedMinor(enrollmentId)) === 200);
    expect(await billing.timeline(enrollmentId)).toContainEqual(
      expect.objectContaining({ what: 'charge.refunded', who: 'stripe' }),
    );
  }, 45_000);

  it('makes one refund when the connection is cut after Stripe made it', async () => {
    const { enrollmentId, id } = await paid();
    const match = { method: 'POST', path_prefix: '/v1/refunds' };
    await billing.control('faults', { match, times: 2, kind: 'cut', when: 'after' });
    expect(await refund(id, 'one', 700)).toMatchObject({ amountMinor: 700 });
    expect(await refundedMinor(enrollmentId)).toBe(700);
  }, 45_000);

  it('is the same refund under the same key, also when others came after it and Stripe has forgotten the key', async () => {
    const { enrollmentId, id } = await paid();
    const first = await refund(id, 'one', 500);
    await isOver(id);
    await refund(id, 'two', 100);
    await isOver(id);
    await billing.control('clock', { advance_seconds: 2 * 86_400 });
    expect(await refund(id, 'one', 500)).toEqual(first);
    expect(await refundedMinor(enrollmentId)).toBe(600);
  }, 45_000);

  it('takes a key of 255 characters, and tells it from another that begins alike', async () => {
    const { enrollmentId, id } = await paid();
    const first = await refund(id, `${'k'.repeat(254)}1`, 400);
    expect(first).toMatchObject({ status: 'succeeded', amountMinor: 400 });
    await refund(id, `${'k'.repeat(254)}2`, 300);
    expect(await refund(id, `${'k'.repeat(254)}1`, 400)).toEqual(first);
    expect(await refundedMinor(enrollmentId)).toBe(700);
  }, 45_000);
});

describe('refundCharge while a look at what Stripe tells of is under way', () => {
  async function listsOfRefunds(): Promise<number> {
    const asked = await askControl(billing.standIn.url, 'GET', 'requests?path_prefix=/v1/refunds');
    return (asked as { data: unknown[] }).data.length;
  }

  it('comes after the look, which may have read the refunds before', async () => {
    const { enrollmentId, id } = await paid('4000000000007726');
    const match = { method: 'GET', path_prefix: '/v1/radar/early_fraud_warnings' };
    await billing.control('faults', { match, kind: 'delay', when: 'before', delay_ms: 3_000 });
    const charge = await findPaidCharge(billing.db, { chargeId: id });
    if (charge === undefined) {
      throw new Error(`no ${id}`);
    }
    const before = await listsOfRefunds();
    await billing.billing.chargeAftermath(charge);
    const handle = billing.temporal.client.workflow.getHandle(chargeAftermathWorkflowId(id));
    await waitFor('the look', async () => (await handle.describe()).raw.pendingActivities?.length === 1);
    // Its first lists are read, its last one is on its way.
    await waitFor('its lists', async () => (await listsOfRefunds()) > before);
    expect(await refund(id, 'one', 500)).toMatchObject({ status: 'pending' });
    await waitFor('all that is under way', async () => {
      const { raw } = await handle.describe();
      return (raw.pendingActivities?.length ?? 0) === 0;
    });
    expect(await refundedMinor(enrollmentId)).toBe(500);
    expect(await billing.timeline(enrollmentId)).toContainEqual({
      what: 'charge.refund_pending',
      who: BY.by,
      why: BY.reason,
    });
    // The refund is on its way: its Workflow follows it.
    expect((await handle.describe()).status.name).toBe('RUNNING');
  }, 45_000);
});

describe('refundCharge while Stripe refuses our key', () => {
  it('waits for no look that is refused: the caller hears that the charge is busy', async () => {
    const { id } = await paid();
    await refuse(401, '/v1/disputes');
    const charge = await findPaidCharge(billing.db, { chargeId: id });
    if (charge === undefined) {
      throw new Error(`no ${id}`);
    }
    await billing.billing.chargeAftermath(charge);
    await isRefused(id, '401');
    await expect(refund(id, 'one', 500)).rejects.toMatchObject({ code: 'charge_busy' });
    await billing.control('faults/clear');
    await retryNow(billing.temporal, chargeAftermathWorkflowId(id), 'followAftermath');
    await isOver(id);
    expect(await refund(id, 'one', 500)).toMatchObject({ status: 'succeeded' });
  }, 45_000);

  const BOOKED = [
    { kind: 'payment', amount_minor: 1200 },
    { kind: 'refund', amount_minor: -500 },
  ];
  const refuse = (status: number, path_prefix: string) =>
    billing.control('faults', {
      match: { method: 'GET', path_prefix },
      kind: 'status',
      status,
      for_seconds: 60,
    });
  afterEach(() => billing.control('faults/clear'));

  /** Waits until an Activity of the Workflow of a charge's refunds was answered so, and is to be retried. */
  function isRefused(chargeId: string, said: string) {
    const handle = billing.temporal.client.workflow.getHandle(chargeAftermathWorkflowId(chargeId));
    return waitFor('the refusal', async () => {
      const { raw } = await handle.describe();
      return raw.pendingActivities?.some(({ lastFailure }) => lastFailure?.message?.includes(said));
    });
  }

  async function isBookedOnceMended(charge: Awaited<ReturnType<typeof paid>>, asked: Promise<unknown>) {
    await billing.control('faults/clear');
    await retryNow(billing.temporal, chargeAftermathWorkflowId(charge.id), 'refundCharge');
    expect(await asked).toMatchObject({ status: 'succeeded', amountMinor: 500 });
    expect(await billing.ledger(charge.enrollmentId)).toEqual(BOOKED);
    expect(await madeAtStripe(charge.paymentIntentId)).toHaveLength(1);
  }

  async function madeAtStripe(paymentIntentId: string) {
    return (await billing.stripe.refunds.list({ payment_intent: paymentIntentId })).data;
  }

  it('F9: books what Stripe made, and answers with it, when the key may not read disputes', async () => {
    const charge = await paid();
    await refuse(403, '/v1/disputes');
    const asked = refund(charge.id, 'one', 500);
    asked.catch(() => {});
    await isRefused(charge.id, '403');
    await isBookedOnceMended(charge, asked);
  }, 45_000);

  it('F9: books what Stripe made, and answers with it, when the key is revoked right after it', async () => {
    const charge = await paid();
    const match = { method: 'POST', path_prefix: '/v1/refunds' };
    await billing.control('faults', { match, kind: 'delay', when: 'after', delay_ms: 4_000 });
    const asked = refund(charge.id, 'one', 500);
    asked.catch(() => {});
    await waitFor('the refund', async () => (await madeAtStripe(charge.paymentIntentId)).length === 1);
    await refuse(401, '/v1/');
    await isRefused(charge.id, '401');
    await isBookedOnceMended(charge, asked);
  }, 45_000);

  it('refuses at once what was not made, makes it behind nobody’s back, and makes it under the same key when asked again', async () => {
    const { enrollmentId, id, paymentIntentId } = await paid();
    await refuse(401, '/v1/refunds');
    await expect(refund(id, 'one', 500)).rejects.toMatchObject({ name: 'WorkflowUpdateFailedError' });
    await billing.control('faults/clear');
    await isOver(id);
    expect(await madeAtStripe(paymentIntentId)).toEqual([]);
    expect(await billing.ledger(enrollmentId)).toHaveLength(1);
    await refund(id, 'one', 500);
    expect(await billing.ledger(enrollmentId)).toEqual(BOOKED);
  }, 45_000);
});

describe('a refund that Stripe has refused', () => {
  /** A payment whose refund of 500 under the key `one` was refused for want of a balance, which has been filled up since. */
  async function refused() {
    const { enrollmentId, id } = await paid();
    const match = { method: 'POST', path_prefix: '/v1/refunds' };
    const refusal = { kind: 'status', status: 400, code: 'balance_insufficient', when: 'instead', times: 9 };
    await billing.control('faults', { match, ...refusal });
    await expect(refund(id, 'one', 500)).rejects.toMatchObject({ name: 'WorkflowUpdateFailedError' });
    await isOver(id);
    await billing.control('faults/clear');
    return { enrollmentId, id };
  }

  it('is made under the same key once a balance is filled up, while Stripe repeats its refusal for that key', async () => {
    const { enrollmentId, id } = await refused();
    await refund(id, 'one', 500);
    expect(await billing.ledger(enrollmentId)).toContainEqual({ kind: 'refund', amount_minor: -500 });
  }, 45_000);

  it('is refused under its key for another amount, and made for its own', async () => {
    const { enrollmentId, id } = await refused();
    for (const _ of ['asked', 'repeated']) {
      await expect(refund(id, 'one', 700)).rejects.toMatchObject({
        code: 'idempotency_mismatch',
        message: expect.stringContaining('send a new key'),
      });
    }
    expect(await refund(id, 'one', 500)).toMatchObject({ amountMinor: 500 });
    expect(await refundedMinor(enrollmentId)).toBe(500);
  }, 45_000);

  it('is refused for another amount also while the Workflow that knows the refusal goes on', async () => {
    const { enrollmentId, id } = await paid('4000000000007726');
    await refund(id, 'on its way', 100);
    const match = { method: 'POST', path_prefix: '/v1/refunds' };
    const refusal = { kind: 'status', status: 400, code: 'charge_disputed', when: 'instead', times: 9 };
    await billing.control('faults', { match, ...refusal });
    await expect(refund(id, 'one', 500)).rejects.toMatchObject({ code: 'charge_disputed' });
    await billing.control('faults/clear');
    await expect(refund(id, 'one', 700)).rejects.toMatchObject({ code: 'idempotency_mismatch' });
    expect(await refundedMinor(enrollmentId)).toBe(100);
  }, 45_000);

  it('F10: of all that is left is made under the same key when less, or more, is left by then, and once', async () => {
    const { enrollmentId, id, paymentIntentId } = await paid();
    const match = { method: 'POST', path_prefix: '/v1/refunds' };
    const refusal = { kind: 'status', status: 400, code: 'charge_disputed', when: 'instead', times: 9 };
    const isRefused = async () => {
      await billing.control('faults', { match, ...refusal });
      await expect(refund(id, 'one', null)).rejects.toMatchObject({ code: 'charge_disputed' });
      await billing.control('faults/clear');
    };
    await isRefused();
    const other = await billing.stripe.refunds.create({ payment_intent: paymentIntentId, amount: 200 });
    await billing.deliverEvents();
    await waitFor('the other refund', async () => (await refundedMinor(enrollmentId)) === 200);
    await isRefused();
    await billing.control(`refunds/${other.id}/fail`);
    await billing.deliverEvents();
    await waitFor('its failure', async () => (await refundedMinor(enrollmentId)) === 0);
    await isOver(id);
    await refund(id, 'two', 100);
    const made = await refund(id, 'one', null);
    expect(made).toMatchObject({ status: 'succeeded', amountMinor: 1100 });
    expect(await refundedMinor(enrollmentId)).toBe(1200);
    expect((await billing.stripe.refunds.list({ payment_intent: paymentIntentId })).data).toHaveLength(3);
  }, 45_000);
});
