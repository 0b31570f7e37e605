/** A balance that has met a charge, when that charge ends without being paid: it is not gone with it. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { findEnrollmentView } from '../../db/enrollment-views.ts';
import type { Terms } from '../../domain/terms.ts';
import { MONTHLY, startBilling, type TestBilling } from '../support/billing.ts';
import { waitFor } from '../support/wait.ts';
import { tellOfDispute, whileChanging } from './disputed.ts';

let billing: TestBilling;
beforeAll(async () => {
  billing = await startBilling();
}, 60_000);
afterAll(() => billing.stop(), 60_000);

const BY = { by: 'operator', reason: 'a test' };
const DAY_MS = 86_400_000;
const KEPT: Terms = { ...MONTHLY, dunning: { retryAfterDays: [1], afterLastTry: 'keep_active' } };
const HELD: Terms = { ...KEPT, captureMethod: 'manual' };

const atOnce = (id: string, amountMinor: number) =>
  billing.billing.changeAmount(id, { ...BY, amountMinor, effective: 'at_once' });

/** As the Workflow holds it, and as the API tells it. */
async function balanceOf(id: string) {
  const { balanceMinor } = await billing.stateOf(id);
  expect((await findEnrollmentView(billing.db, id))?.balance_minor).toBe(balanceMinor);
  return balanceMinor;
}

const nextAmount = async (id: string) => (await billing.enrollmentRow(id)).next_charge_amount_minor;

/** What the timeline tells of balances that came back. */
const returned = (id: string) => facts(id, 'charge.balance_returned');

function facts(id: string, what: string) {
  return billing.db
    .selectFrom('enrollment_events')
    .select(['charge_id', 'details'])
    .where('enrollment_id', '=', id)
    .where('what', '=', what)
    .orderBy('seq')
    .execute();
}

const toldOf = (chargeId: string, minor: number) => [
  { charge_id: chargeId, details: { amount_minor: minor, balance_minor: minor } },
];

/** The period is paid for, and another amount at once has left a balance. */
async function withBalance(amountMinor: number, terms = KEPT) {
  const { enrollmentId } = await billing.paidOnce(terms);
  const { balanceMinor } = await atOnce(enrollmentId, amountMinor);
  expect(balanceMinor).not.toBe(0);
  return { id: enrollmentId, balanceMinor };
}

async function declineNext(id: string) {
  const { paymentMethodId } = await billing.stateOf(id);
  const empty = { code: 'card_declined', decline_code: 'insufficient_funds', times: 1 };
  await billing.control(`payment_methods/${paymentMethodId}/next_charge`, empty);
}

/** The next charge is made now, meets the balance, and comes to be in that status. @returns its id */
async function met(id: string, number: number, status: 'requires_payment_method' | 'requires_capture') {
  if (status === 'requires_payment_method') {
    await declineNext(id);
  }
  await billing.billing.chargeNow(id, BY);
  const row = await billing.charged(id, number, status);
  await billing.known(id, row.id, status);
  expect(await balanceOf(id)).toBe(0);
  return row.id;
}

/** The balance meets the charge after the one that it came back from. */
async function paysFor(id: string, number: number, amountMinor: number) {
  await billing.billing.chargeNow(id, BY);
  expect(await billing.charged(id, number, 'succeeded')).toMatchObject({ amount_minor: amountMinor });
  expect(await balanceOf(id)).toBe(0);
}

const CREDIT = 900;
const TOO_LITTLE_TO_CHARGE = 1_000;

describe('a balance that has met a charge', () => {
  it.each([
    ['canceled', 'a credit', CREDIT, 'cancel', true],
    ['canceled', 'what was too little to charge', TOO_LITTLE_TO_CHARGE, 'cancel', true],
    ['forgiven', 'a credit', CREDIT, 'forgive', true],
    ['forgiven', 'what was too little to charge', TOO_LITTLE_TO_CHARGE, 'forgive', false],
    ['given up', 'a credit', CREDIT, 'stop', true],
    ['given up', 'what was too little to charge', TOO_LITTLE_TO_CHARGE, 'stop', false],
  ] as const)(
    'when the charge is %s: %s',
    async (_end, _left, amountMinor, as, comesBack) => {
      const { id, balanceMinor } = await withBalance(amountMinor);
      const chargeId = await met(id, 2, 'requires_payment_method');
      expect(await nextAmount(id)).toBe(amountMinor);
      if (as === 'stop') {
        await billing.billing.stopDunning(id, chargeId, BY);
      } else {
        await billing.billing.cancelCharge(id, chargeId, { ...BY, as });
      }
      const back = comesBack ? balanceMinor : 0;
      expect(await balanceOf(id)).toBe(back);
      expect(await nextAmount(id)).toBe(amountMinor + back);
      await paysFor(id, 3, amountMinor + back);
      expect(await nextAmount(id)).toBe(amountMinor);
      expect(await returned(id)).toEqual(comesBack ? toldOf(chargeId, balanceMinor) : []);
    },
    45_000,
  );

  it('comes back when the PaymentIntent is canceled in the Dashboard', async () => {
    const { id, balanceMinor } = await withBalance(CREDIT);
    const chargeId = await met(id, 2, 'requires_payment_method');
    const [, row] = await billing.chargeRows(id);
    await billing.stripe.paymentIntents.cancel(String(row?.payment_intent_id));
    await billing.deliverEvents();
    await billing.settled(id, chargeId);
    expect(await nextAmount(id)).toBe(CREDIT + balanceMinor);
    expect(await returned(id)).toEqual(toldOf(chargeId, balanceMinor));
  }, 45_000);

  it('stays with a hold that is made again, and comes back once when that one is released', async () => {
    const { enrollmentId: id } = await billing.enrolled({ ...HELD, reauthorizeHolds: 1 });
    const first = await billing.charged(id, 1, 'requires_capture');
    await billing.known(id, first.id, 'requires_capture');
    await billing.billing.captureCharge(id, first.id, { ...BY, amountMinor: null });
    await billing.settled(id, first.id);
    const { balanceMinor } = await atOnce(id, CREDIT);
    const lapsing = await met(id, 2, 'requires_capture');
    await billing.control('clock', { advance_seconds: 8 * 86_400 });
    await billing.deliverEvents();
    const again = await billing.charged(id, 3, 'requires_capture');
    await billing.known(id, again.id, 'requires_capture');
    await billing.settled(id, lapsing);
    expect(again.amount_minor).toBe(CREDIT + balanceMinor);
    expect(await balanceOf(id)).toBe(0);
    await billing.billing.cancelCharge(id, again.id, { ...BY, as: 'cancel' });
    expect(await nextAmount(id)).toBe(CREDIT + balanceMinor);
    expect(await returned(id)).toEqual(toldOf(again.id, balanceMinor));
  }, 45_000);

  it('comes back from the rest of a period that is raised and not paid', async () => {
    const { id, balanceMinor } = await withBalance(500);
    await declineNext(id);
    const raised = String((await atOnce(id, 2_000)).chargeId);
    const { amount_minor: asked } = await billing.charged(id, 2, 'requires_payment_method');
    await billing.known(id, raised, 'requires_payment_method');
    expect(asked).toBeLessThanOrEqual(1_500 + balanceMinor);
    await billing.billing.cancelCharge(id, raised, { ...BY, as: 'cancel' });
    expect(await balanceOf(id)).toBe(balanceMinor);
    expect(await nextAmount(id)).toBe(2_000 + balanceMinor);
    expect(await returned(id)).toEqual(toldOf(raised, balanceMinor));
  }, 45_000);

  it('comes back when what came too late is given back', async () => {
    const { enrollmentId: id } = await billing.enrolledWithAccount(
      { ...KEPT, currency: 'usd' },
      '000123456789',
    );
    const first = await billing.charged(id, 1, 'processing');
    await billing.known(id, first.id, 'processing');
    await billing.control(`payment_intents/${first.payment_intent_id}/settle`);
    await billing.deliverEvents();
    await billing.settled(id, first.id);
    const { balanceMinor } = await atOnce(id, CREDIT);
    await billing.billing.chargeNow(id, BY);
    const charge = await billing.charged(id, 2, 'processing');
    await billing.known(id, charge.id, 'processing');
    await billing.control(`payment_intents/${charge.payment_intent_id}/cancel_window`, { seconds: 0 });
    const canceled = billing.billing.cancelCharge(id, charge.id, { ...BY, as: 'cancel' });
    await waitFor('the cancel to be asked for', async () =>
      (await billing.timeline(id)).some(({ what }) => what === 'charge.cancel_asked'),
    );
    expect(await balanceOf(id)).toBe(0);
    await billing.control(`payment_intents/${charge.payment_intent_id}/settle`);
    await billing.deliverEvents();
    await canceled;
    await billing.settled(id, charge.id);
    expect((await billing.ledger(id)).map(({ kind }) => kind)).toEqual(['payment', 'payment', 'refund']);
    expect(await nextAmount(id)).toBe(CREDIT + balanceMinor);
    expect(await returned(id)).toEqual(toldOf(charge.id, balanceMinor));
  }, 45_000);

  it('meets the first charge after the pause that dunning has ended with', async () => {
    const paused: Terms = { ...KEPT, dunning: { retryAfterDays: [1], afterLastTry: 'pause' } };
    const { id, balanceMinor } = await withBalance(CREDIT, paused);
    const chargeId = await met(id, 2, 'requires_payment_method');
    await billing.billing.stopDunning(id, chargeId, BY);
    expect(await billing.enrollmentRow(id)).toMatchObject({ status: 'paused', next_charge_at: null });
    await billing.billing.resumeEnrollment(id, BY);
    expect(await nextAmount(id)).toBe(CREDIT + balanceMinor);
    await paysFor(id, 3, CREDIT + balanceMinor);
  }, 45_000);

  it('is told to whoever pays back what is left when the enrollment ends', async () => {
    const { id, balanceMinor } = await withBalance(CREDIT);
    const chargeId = await met(id, 2, 'requires_payment_method');
    expect(await billing.billing.cancelEnrollment(id, BY)).toEqual({ status: 'canceled' });
    expect(await returned(id)).toEqual(toldOf(chargeId, balanceMinor));
    expect(await billing.enrollmentRow(id)).toMatchObject({ status: 'canceled', next_charge_at: null });
    expect(await facts(id, 'enrollment.canceled')).toEqual([
      { charge_id: null, details: { balance_minor: balanceMinor } },
    ]);
  }, 45_000);

  it('is told when the enrollment ends before any charge has met it', async () => {
    const { id, balanceMinor } = await withBalance(CREDIT);
    expect(await billing.billing.cancelEnrollment(id, BY)).toEqual({ status: 'canceled' });
    expect(await facts(id, 'enrollment.canceled')).toEqual([
      { charge_id: null, details: { balance_minor: balanceMinor } },
    ]);
  }, 45_000);

  it('is told when the enrollment ends before the charge that has met it was begun', async () => {
    const { id, balanceMinor } = await withBalance(CREDIT);
    // Asked for at once, and then held back by a dispute.
    const raised = await whileChanging(
      billing,
      id,
      () => atOnce(id, 5_000),
      () => tellOfDispute(billing, id, 'needs_response'),
    );
    expect(raised).toMatchObject({ balanceMinor: 0, chargeId: expect.any(String) });
    expect(await billing.billing.cancelEnrollment(id, BY)).toEqual({ status: 'canceled' });
    expect(await facts(id, 'enrollment.canceled')).toEqual([
      { charge_id: null, details: { balance_minor: balanceMinor } },
    ]);
  }, 45_000);

  it('is in the amount that is told while another charge is being tried', async () => {
    const { id, balanceMinor } = await withBalance(CREDIT);
    const chargeId = await met(id, 2, 'requires_payment_method');
    const match = { method: 'POST', path_prefix: '/v1/payment_intents' };
    await billing.control('faults', { match, kind: 'delay', delay_ms: 2_500, when: 'after', times: 1 });
    await billing.billing.chargeNow(id, BY);
    await waitFor('it to be tried', async () => (await billing.stateOf(id)).charges.length === 2);
    await billing.billing.cancelCharge(id, chargeId, { ...BY, as: 'cancel' });
    expect(await billing.charged(id, 3, 'succeeded')).toMatchObject({ amount_minor: CREDIT });
    expect(await nextAmount(id)).toBe(CREDIT + balanceMinor);
  }, 45_000);

  it('comes back once, also from run to run', async () => {
    const { id, balanceMinor } = await withBalance(CREDIT);
    const chargeId = await met(id, 2, 'requires_payment_method');
    await nextRun(id);
    await billing.billing.cancelCharge(id, chargeId, { ...BY, as: 'cancel' });
    expect(await balanceOf(id)).toBe(balanceMinor);
    await nextRun(id);
    expect(await balanceOf(id)).toBe(balanceMinor);
    await paysFor(id, 3, CREDIT + balanceMinor);
    expect(await returned(id)).toEqual(toldOf(chargeId, balanceMinor));
  }, 60_000);
});

/** Makes history by moving the next charge about, until another run has taken over. */
async function nextRun(id: string) {
  const run = async () => (await billing.handle(id).describe()).runId;
  const before = await run();
  for (let hour = 0; (await run()) === before; hour++) {
    const dueAt = new Date(Date.now() + 10 * DAY_MS + (hour % 20) * 3_600_000).toISOString();
    await billing.billing.moveNext(id, { ...BY, dueAt });
  }
}
