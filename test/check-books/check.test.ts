/** The checker on a running installation: quiet when the ledgers agree; finds and mends what is put wrong by hand. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Client } from '@temporalio/client';
import { sql } from 'kysely';
import { checkBooks } from '../../check-books/check.ts';
import { repair } from '../../check-books/repair.ts';
import { createLogger } from '../../config/logger.ts';
import { findPaidCharge, type PaidCharge } from '../../db/aftermath.ts';
import { chargeId, enrollmentWorkflowId } from '../../domain/ids.ts';
import { disputesChangedSignal, enrollmentStateQuery } from '../../workflows/messages.ts';
import { MONTHLY, ONCE, startBilling, type TestBilling } from '../support/billing.ts';
import { waitFor } from '../support/wait.ts';

let billing: TestBilling;
let deps: Parameters<typeof repair>[0];
beforeAll(async () => {
  billing = await startBilling();
  deps = {
    db: billing.db,
    stripe: billing.stripe,
    client: billing.temporal.client,
    taskQueue: billing.taskQueue,
    billing: billing.billing,
    livemode: false,
    log: createLogger({ LOG_LEVEL: 'error' }, { write: () => undefined }),
  };
}, 60_000);
afterAll(() => billing.stop());

const BY = { by: 'api:key', reason: null };

/** Only this test's enrollment, with little patience. */
const check = (id: string) => checkBooks(deps, { only: [id], settleMs: 200, looks: 3 });
const codes = async (id: string) => (await check(id)).differences.map(({ code }) => code).sort();

async function paidOnce(): Promise<string> {
  const { enrollmentId } = await billing.enrolled(MONTHLY);
  const { id } = await billing.charged(enrollmentId, 1, 'succeeded');
  await billing.settled(enrollmentId, id);
  return enrollmentId;
}

/** As a restored backup from before the charge would have it; a real one has no trigger in its way either. */
async function loseCharges(id: string): Promise<void> {
  await billing.db.transaction().execute(async (trx) => {
    await sql`set local session_replication_role = replica`.execute(trx);
    for (const table of ['ledger_entries', 'charge_attempts', 'notifications', 'charges'] as const) {
      await trx.deleteFrom(table).where('enrollment_id', '=', id).execute();
    }
  });
}

/** A client whose queries nobody answers. */
function silent(client: Client): Client {
  const getHandle = (id: string) =>
    Object.create(client.workflow.getHandle(id), {
      query: { value: () => Promise.reject(new Error('no poller')) },
    });
  return Object.create(client, {
    workflow: { value: Object.create(client.workflow, { getHandle: { value: getHandle } }) },
  });
}

/** A client to which these are listed as running. */
function listing(ids: string[]): Client {
  async function* list() {
    for (const id of ids) {
      yield { workflowId: enrollmentWorkflowId(id) };
    }
  }
  return Object.create(deps.client, {
    workflow: { value: Object.create(deps.client.workflow, { list: { value: list } }) },
  });
}

const refundRows = (id: string) =>
  billing.db.selectFrom('refunds').selectAll().where('enrollment_id', '=', id).execute();

const disputesOf = (id: string) =>
  billing.db.selectFrom('disputes').selectAll().where('enrollment_id', '=', id).execute();

async function intentOf(id: string) {
  const [row] = await billing.chargeRows(id);
  return billing.stripe.paymentIntents.retrieve(String(row?.payment_intent_id));
}

async function noticesOf(id: string): Promise<string[]> {
  const query = billing.db.selectFrom('notifications').select('kind').where('enrollment_id', '=', id);
  return (await query.execute()).map(({ kind }) => kind);
}

const refundedTo = (id: string, refundedMinor: number) =>
  waitFor(`${refundedMinor} to be given back`, async () => {
    const [row] = await billing.chargeRows(id);
    return Number(row?.refunded_minor) === refundedMinor;
  });

describe('checkBooks', () => {
  it('finds nothing where a charge was paid, one was declined, and one enrollment has ended', async () => {
    const paid = await paidOnce();
    const declined = (await billing.enrolled(MONTHLY, '4000000000000341')).enrollmentId;
    await billing.charged(declined, 1, 'requires_payment_method');
    const ended = (await billing.enrolled(ONCE)).enrollmentId;
    await billing.handle(ended).result();
    for (const id of [paid, declined, ended]) {
      expect(await codes(id)).toEqual([]);
    }
    expect((await check(paid)).collectedMinor).toEqual({ jpy: { stripe: 980, rows: 980 } });
  }, 60_000);

  it('looks again at what differs alone, and still counts all', async () => {
    const [agrees, differs] = [await paidOnce(), await paidOnce()];
    await billing.db
      .updateTable('charges')
      .set({ captured_minor: 0 })
      .where('enrollment_id', '=', differs)
      .execute();
    const asked: string[] = [];
    const onRequest = ({ method, path }: { method: string; path: string }) => asked.push(`${method} ${path}`);
    billing.stripe.on('request', onRequest);
    const { differences, counted, collectedMinor } = await checkBooks(deps, {
      only: [agrees, differs],
      settleMs: 0,
      looks: 3,
    });
    billing.stripe.off('request', onRequest);
    expect(differences).toMatchObject([
      { code: 'payment_not_recorded', enrollmentId: differs },
      { code: 'ledger_differs', enrollmentId: differs },
      { code: 'sums_differ', enrollmentId: differs },
    ]);
    expect(counted).toMatchObject({ enrollments: 2, charges: 2, payments: 2, workflows: 2 });
    expect(collectedMinor).toEqual({ jpy: { stripe: 1_960, rows: 980 } });
    const { customer } = await intentOf(differs);
    const payments = asked.filter((request) => request.startsWith('GET /v1/payment_intents'));
    const again = expect.stringContaining(`customer=${customer}`);
    expect(payments).toEqual([expect.stringContaining('created'), again, again]);
  }, 60_000);

  it('finds and repairs a status that was changed by hand', async () => {
    const id = await paidOnce();
    await billing.db.updateTable('enrollments').set({ status: 'past_due' }).where('id', '=', id).execute();
    const { differences } = await check(id);
    expect(differences).toMatchObject([{ invariant: 'I5', code: 'status_differs' }]);
    await repair(deps, differences);
    expect(await codes(id)).toEqual([]);
  }, 60_000);

  it('leaves an end alone that came after the look', async () => {
    const id = await paidOnce();
    await billing.db.updateTable('enrollments').set({ status: 'past_due' }).where('id', '=', id).execute();
    const { differences } = await check(id);
    expect(differences).toMatchObject([{ code: 'status_differs' }]);
    await billing.billing.cancelEnrollment(id, BY);
    await billing.handle(id).result();
    const ended = await billing.enrollmentRow(id);
    expect(await repair(deps, differences)).toEqual([
      `${id}: its row has changed meanwhile; nothing is written`,
    ]);
    expect(await billing.enrollmentRow(id)).toEqual(ended);
    expect(ended).toMatchObject({ status: 'canceled', next_charge_at: null });
    expect(await codes(id)).toEqual([]);
  }, 60_000);

  it('writes what the Workflow says by the time of the repair, its end included', async () => {
    const id = await paidOnce();
    await billing.db.updateTable('enrollments').set({ status: 'past_due' }).where('id', '=', id).execute();
    const { differences } = await check(id);
    await billing.billing.cancelEnrollment(id, BY);
    await billing.handle(id).result();
    // As a backup from before the end would have it.
    const lost = { status: 'past_due', ended_at: null, end_reason: null } as const;
    await billing.db.updateTable('enrollments').set(lost).where('id', '=', id).execute();
    expect(await repair(deps, differences)).toEqual([`${id}: written from its Workflow: canceled`]);
    const { closeTime } = await billing.handle(id).describe();
    expect(await billing.enrollmentRow(id)).toMatchObject({ status: 'canceled', ended_at: closeTime });
    expect(await codes(id)).toEqual([]);
  }, 60_000);

  it('writes a pause with its end, and takes it away when it is over', async () => {
    const id = await paidOnce();
    const resumeAt = new Date(Date.now() + 45 * 86_400_000).toISOString();
    await billing.billing.pauseEnrollment(id, { ...BY, resumeAt });
    const paused = { status: 'paused', paused_until: new Date(resumeAt), next_charge_at: null } as const;
    expect(await billing.enrollmentRow(id)).toMatchObject(paused);
    for (const [lost, code] of [
      [{ status: 'active', paused_until: null }, 'status_differs'],
      [{ paused_until: null }, 'plan_differs'],
    ] as const) {
      await billing.db.updateTable('enrollments').set(lost).where('id', '=', id).execute();
      const { differences } = await check(id);
      expect(differences).toMatchObject([{ code }]);
      await repair(deps, differences);
      expect(await billing.enrollmentRow(id)).toMatchObject(paused);
    }
    await billing.billing.resumeEnrollment(id, BY);
    await billing.db.updateTable('enrollments').set(paused).where('id', '=', id).execute();
    await repair(deps, (await check(id)).differences);
    expect(await billing.enrollmentRow(id)).toMatchObject({ status: 'active', paused_until: null });
    expect(await codes(id)).toEqual([]);
  }, 60_000);

  it('F37: rows older than Stripe and Temporal are found and written again, and nobody is charged again', async () => {
    const id = await paidOnce();
    await loseCharges(id);
    const { next_charge_at, next_charge_amount_minor } = await billing.enrollmentRow(id);
    expect(next_charge_amount_minor).toBe(980);
    const cancelAt = new Date('2027-01-01T00:00:00Z');
    await billing.db
      .updateTable('enrollments')
      .set({ next_charge_at: null, next_charge_amount_minor: null, cancel_at: cancelAt })
      .where('id', '=', id)
      .execute();
    expect(await codes(id)).toEqual(['payment_without_charge', 'plan_differs', 'sums_differ']);
    await repair(deps, (await check(id)).differences);
    expect(await codes(id)).toEqual([]);
    const asBefore = { next_charge_at, next_charge_amount_minor, cancel_at: null };
    expect(await billing.enrollmentRow(id)).toMatchObject(asBefore);
    const [row] = await billing.chargeRows(id);
    expect(row).toMatchObject({ id: chargeId(id, 1), status: 'succeeded', captured_minor: 980 });
    const intents = await billing.stripe.paymentIntents
      .list({ limit: 100 })
      .autoPagingToArray({ limit: 1000 });
    expect(intents.filter(({ metadata }) => metadata.enrollment_id === id)).toHaveLength(1);
  }, 60_000);

  it('finds an open charge that no Workflow follows, and writes it once it was canceled at Stripe', async () => {
    const id = await paidOnce();
    const [paid] = await billing.chargeRows(id);
    const forgotten = chargeId(id, 9);
    const intent = await billing.stripe.paymentIntents.create({
      amount: 980,
      currency: 'jpy',
      metadata: { charge_id: forgotten, enrollment_id: id },
    });
    await billing.db
      .insertInto('charges')
      .values({
        ...(paid as NonNullable<typeof paid>),
        id: forgotten,
        number: 9,
        occurrence: null,
        status: 'requires_payment_method',
        payment_intent_id: intent.id,
        captured_minor: 0,
        settled_at: null,
      })
      .execute();
    const { differences } = await check(id);
    expect(differences).toMatchObject([{ invariant: 'I4', code: 'charge_not_followed', subject: forgotten }]);
    expect(await repair(deps, differences)).toEqual([]);
    await billing.stripe.paymentIntents.cancel(intent.id);
    await repair(deps, (await check(id)).differences);
    expect(await codes(id)).toEqual([]);
  }, 60_000);

  it('F37: writes a lost charge that was given back in part with its refund', async () => {
    const id = await paidOnce();
    const [row] = await billing.chargeRows(id);
    await billing.stripe.refunds.create({ payment_intent: String(row?.payment_intent_id), amount: 300 });
    await loseCharges(id);
    await repair(deps, (await check(id)).differences);
    await refundedTo(id, 300);
    expect(await refundRows(id)).toMatchObject([{ amount_minor: 300, status: 'succeeded' }]);
    expect(await codes(id)).toEqual([]);
  }, 60_000);

  it('writes no lost charge while its Workflow does not answer, and none twice', async () => {
    const id = await paidOnce();
    await loseCharges(id);
    const lost = (await check(id)).differences.filter(({ code }) => code === 'payment_without_charge');
    const client = silent(deps.client);
    expect(await repair({ ...deps, client }, lost)).toEqual([
      expect.stringContaining('its Workflow does not answer and may write it; nothing is written'),
    ]);
    expect(await billing.chargeRows(id)).toEqual([]);
    await repair(deps, lost);
    const charge = await findPaidCharge(billing.db, { chargeId: chargeId(id, 1) });
    await billing.billing.refundCharge(charge as PaidCharge, { ...BY, requestKey: 'one', amountMinor: 300 });
    const rows = await billing.chargeRows(id);
    expect(rows).toMatchObject([{ captured_minor: 980, refunded_minor: 300 }]);
    expect(await repair(deps, lost)).toEqual([
      expect.stringContaining('its row has changed meanwhile; nothing is written'),
    ]);
    expect(await billing.chargeRows(id)).toEqual(rows);
  }, 60_000);

  it('has what was given back in the Dashboard, where no webhook came, read, written and told to the customer', async () => {
    const id = await paidOnce();
    const [row] = await billing.chargeRows(id);
    await billing.stripe.refunds.create({ payment_intent: String(row?.payment_intent_id) });
    const { differences } = await check(id);
    expect(differences).toMatchObject([{ invariant: 'I1', code: 'payment_not_recorded' }]);
    expect(differences[0]?.found).toContain('980 taken, 0 given back');
    expect(await repair(deps, differences)).toEqual([`${row?.id}: its refunds and disputes are being read`]);
    await refundedTo(id, 980);
    expect(await refundRows(id)).toMatchObject([{ amount_minor: 980, status: 'succeeded' }]);
    expect((await noticesOf(id)).filter((kind) => kind === 'charge_refunded')).toHaveLength(1);
    expect(await billing.ledger(id)).toEqual([
      { kind: 'payment', amount_minor: 980 },
      { kind: 'refund', amount_minor: -980 },
    ]);
    expect(await codes(id)).toEqual([]);
  }, 60_000);

  it('has a refund that came back, where no webhook came, read, so that it can be made again', async () => {
    const id = await paidOnce();
    const refund = async (requestKey: string) => {
      const charge = await findPaidCharge(billing.db, { chargeId: chargeId(id, 1) });
      return billing.billing.refundCharge(charge as PaidCharge, { ...BY, requestKey, amountMinor: null });
    };
    const { refundId } = await refund('one');
    await billing.control(`refunds/${refundId}/fail`);
    const { differences } = await check(id);
    expect(differences).toMatchObject([{ code: 'payment_not_recorded', repair: { do: 'read_aftermath' } }]);
    await repair(deps, differences);
    await refundedTo(id, 0);
    expect(await refundRows(id)).toMatchObject([{ status: 'failed' }]);
    expect(await billing.ledger(id)).toEqual([
      { kind: 'payment', amount_minor: 980 },
      { kind: 'refund', amount_minor: -980 },
      { kind: 'refund_failed', amount_minor: 980 },
    ]);
    expect(await codes(id)).toEqual([]);
    // The row is written a moment before the Workflow knows that there is something to give back again.
    const again = await waitFor('the second refund', () => refund('two'));
    expect(again).toMatchObject({ amountMinor: 980, status: 'succeeded' });
    expect(await codes(id)).toEqual([]);
  }, 60_000);

  it('finds nothing where a part of what was held was taken, nor when some of that was given back', async () => {
    const { enrollmentId: id } = await billing.enrolled({ ...ONCE, captureMethod: 'manual' });
    const held = await billing.charged(id, 1, 'requires_capture');
    await billing.known(id, held.id, 'requires_capture');
    await billing.billing.captureCharge(id, held.id, { ...BY, amountMinor: 400 });
    await billing.handle(id).result();
    expect(await codes(id)).toEqual([]);
    const charge = await findPaidCharge(billing.db, { chargeId: held.id });
    await billing.billing.refundCharge(charge as PaidCharge, { ...BY, requestKey: 'one', amountMinor: 100 });
    expect(await codes(id)).toEqual([]);
    expect((await check(id)).collectedMinor).toEqual({ jpy: { stripe: 300, rows: 300 } });
  }, 60_000);

  it('finds nothing while a dispute holds back what has fallen due', async () => {
    const id = await paidOnce();
    const intent = await intentOf(id);
    await billing.control(`charges/${intent.latest_charge}/dispute`);
    await billing.deliverEvents();
    await waitFor('the dispute', async () => (await disputesOf(id)).length === 1);
    const dueAt = new Date(Date.now() + 2_000).toISOString();
    await billing.billing.moveNext(id, { ...BY, dueAt });
    await waitFor('it to be due', () => Date.now() > Date.parse(dueAt) + 1_000);
    expect(await disputesOf(id)).toMatchObject([{ status: 'needs_response' }]);
    const limits = { deliveryLagMs: 0, dueLagMs: 0, mostTries: 20 };
    expect((await checkBooks(deps, { only: [id], settleMs: 200, limits })).differences).toEqual([]);
    expect(await billing.chargeRows(id)).toHaveLength(1);
  }, 60_000);

  it('tells a Workflow that has missed a dispute of it, and one that has missed its end', async () => {
    const id = await paidOnce();
    const intent = await intentOf(id);
    const dispute = (await billing.control(`charges/${intent.latest_charge}/dispute`)) as { id: string };
    await billing.deliverEvents();
    const isDisputed = async () => (await billing.handle(id).query(enrollmentStateQuery)).disputed;
    const known = (is: boolean) => waitFor('the Workflow to know', async () => (await isDisputed()) === is);
    await known(true);
    /** As if it had never been told what its rows say. */
    const forget = (disputes: { id: string; status: string }[]) =>
      billing.handle(id).signal(disputesChangedSignal, { chargeId: chargeId(id, 1), disputes });
    const repaired = async () => {
      const { differences } = await check(id);
      expect(differences).toMatchObject([{ code: 'disputes_differ', subject: id }]);
      expect(await repair(deps, differences)).toEqual([`${id}: its Workflow is told of 1 dispute`]);
    };
    await forget([]);
    await known(false);
    await repaired();
    await known(true);
    await billing.control(`disputes/${dispute.id}/close`, { won: true });
    await billing.deliverEvents();
    await known(false);
    await forget([{ id: dispute.id, status: 'under_review' }]);
    await known(true);
    await repaired();
    await known(false);
    expect(await codes(id)).toEqual([]);
  }, 60_000);

  it('has a dispute that no webhook told of read, and its end', async () => {
    const id = await paidOnce();
    const intent = await intentOf(id);
    const dispute = (await billing.control(`charges/${intent.latest_charge}/dispute`)) as { id: string };
    const repaired = async (status: string) => {
      const { differences } = await check(id);
      expect(differences).toMatchObject([{ code: 'dispute_not_recorded', subject: dispute.id }]);
      expect(await repair(deps, differences)).toEqual([
        `${dispute.id}: its refunds and disputes are being read`,
      ]);
      await waitFor(`the dispute as ${status}`, async () => (await disputesOf(id))[0]?.status === status);
      expect(await codes(id)).toEqual([]);
    };
    await repaired('needs_response');
    await billing.control(`disputes/${dispute.id}/close`, { won: true });
    await repaired('won');
    expect(await billing.ledger(id)).toEqual([
      { kind: 'payment', amount_minor: 980 },
      { kind: 'dispute', amount_minor: -980 },
      { kind: 'dispute_reversed', amount_minor: 980 },
    ]);
  }, 60_000);

  it('F37: writes a lost charge with its dispute', async () => {
    const id = await paidOnce();
    const intent = await intentOf(id);
    await billing.control(`charges/${intent.latest_charge}/dispute`);
    await loseCharges(id);
    await repair(deps, (await check(id)).differences);
    await waitFor('the dispute', async () => (await disputesOf(id)).length === 1);
    expect(await codes(id)).toEqual([]);
  }, 60_000);

  it('delivers an accepted webhook that nobody has delivered', async () => {
    const { enrollmentId } = await billing.enrolled(ONCE);
    await billing.handle(enrollmentId).result();
    await billing.db
      .insertInto('stripe_events')
      .values({
        id: 'evt_stuck',
        type: 'checkout.session.completed',
        livemode: false,
        payload: JSON.stringify({
          id: 'evt_stuck',
          object: 'event',
          type: 'checkout.session.completed',
          livemode: false,
          data: { object: { id: 'cs_test_gone', mode: 'setup', client_reference_id: enrollmentId } },
        }),
        stripe_created_at: new Date(),
        received_at: new Date(Date.now() - 1_200_000),
        next_signal_at: new Date(Date.now() + 600_000),
      })
      .execute();
    const all = await checkBooks(deps, { settleMs: 10 });
    const stuck = all.differences.filter(({ subject }) => subject === 'evt_stuck');
    expect(stuck).toMatchObject([{ invariant: 'I2', code: 'webhook_not_delivered' }]);
    expect(await repair(deps, stuck)).toEqual(['evt_stuck: ignored, because: workflow closed or unknown']);
  }, 60_000);

  it('has the Workflow read a payment of an open charge that nobody told it of', async () => {
    const { enrollmentId: id } = await billing.enrolled(MONTHLY, '4000000000000341');
    const declined = await billing.charged(id, 1, 'requires_payment_method');
    await billing.known(id, declined.id, 'requires_payment_method');
    // Somebody pays it in the Dashboard with another card, and no webhook comes.
    const intent = await billing.stripe.paymentIntents.retrieve(String(declined.payment_intent_id));
    const method = await billing.stripe.paymentMethods.attach('pm_card_visa', {
      customer: String(intent.customer),
    });
    await billing.stripe.paymentIntents.confirm(intent.id, { payment_method: method.id, off_session: true });
    const { differences } = await check(id);
    expect(differences).toMatchObject([
      { code: 'payment_not_recorded', repair: { do: 'tell_workflow', chargeId: declined.id } },
    ]);
    expect(await repair(deps, differences)).toEqual([`${declined.id}: its Workflow reads the PaymentIntent`]);
    await billing.charged(id, 1, 'succeeded');
    expect(await codes(id)).toEqual([]);
    expect((await billing.chargeRows(id))[0]).toMatchObject({ captured_minor: 980 });
  }, 60_000);

  it('takes an event from Stripe that never came in, and delivers it', async () => {
    const input = await billing.newInput(ONCE);
    const { checkoutSession } = await billing.billing.enroll(input);
    await billing.payOnCheckout(String(checkoutSession?.url));
    const limits = { deliveryLagMs: 0, dueLagMs: 60_000, mostTries: 20 };
    const find = async () => {
      const { differences } = await checkBooks(deps, { settleMs: 1_000, looks: 2, limits });
      return differences.filter(
        ({ code, found }) => code === 'webhook_missed' && found.includes('checkout.session.completed'),
      );
    };
    const missed = await find();
    expect(missed.length).toBeGreaterThan(0);
    expect(missed[0]).toMatchObject({ invariant: 'I2', repair: { do: 'take_event' } });
    const done = await repair(deps, missed);
    expect(done.some((said) => said.endsWith('delivered to its Workflow'))).toBe(true);
    await billing.charged(input.enrollmentId, 1, 'succeeded');
    expect(await find()).toEqual([]);
  }, 60_000);

  it('finds what runs without a row among 70,000 Workflows that run, more than one statement takes parameters', async () => {
    const { enrollmentId } = await billing.enrolled(ONCE);
    const others = Array.from({ length: 70_000 }, (_, n) => `enr_${String(n).padStart(26, '0')}`);
    const client = listing([...others, enrollmentId]);
    const { differences } = await checkBooks({ ...deps, client }, { looks: 1 });
    const found = differences.filter(({ code }) => code === 'enrollment_without_row');
    expect(found).toHaveLength(70_000);
    expect(found.some(({ subject }) => subject === enrollmentId)).toBe(false);
  }, 60_000);

  it('leaves out what ran without a row and has ended by the second look', async () => {
    const client = listing([`enr_${'e'.repeat(26)}`]);
    const find = async (looks: number) => {
      const { differences } = await checkBooks({ ...deps, client }, { looks, settleMs: 10 });
      return differences.filter(({ code }) => code === 'enrollment_without_row').length;
    };
    expect([await find(1), await find(2)]).toEqual([1, 0]);
  }, 60_000);
});
