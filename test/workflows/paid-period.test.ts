/** Another amount at once: against what was paid for the running period, and never against what was not. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { findPaidCharge } from '../../db/aftermath.ts';
import type { Terms } from '../../domain/terms.ts';
import { MONTHLY, startBilling, type TestBilling } from '../support/billing.ts';
import { fastForward } from '../support/temporal.ts';
import { waitFor } from '../support/wait.ts';

let billing: TestBilling;
beforeAll(async () => {
  billing = await startBilling();
}, 60_000);
afterAll(() => billing.stop());

const BY = { by: 'customer', reason: null };
const DAY_MS = 86_400_000;
const KEPT: Terms = { ...MONTHLY, dunning: { retryAfterDays: [1], afterLastTry: 'keep_active' } };
const DECLINES = '4000000000000341';

/** So many days later, by the Workflow's clock. */
async function passed(enrollmentId: string, days: number) {
  const jumps = async () =>
    ((await billing.history(enrollmentId)).events ?? []).filter(
      (event) => event.workflowExecutionTimeSkippingTransitionedEventAttributes?.disabledAfterFastForward,
    ).length;
  const before = await jumps();
  await fastForward(billing.temporal, `enrollment/${enrollmentId}`, days * DAY_MS);
  await waitFor('the jump', async () => (await jumps()) > before);
}

const atOnce = (enrollmentId: string, amountMinor: number) =>
  billing.billing.changeAmount(enrollmentId, { ...BY, amountMinor, effective: 'at_once' });

describe('another amount at once', () => {
  it('is for the rest of the period that was paid for when the next charge is skipped, and costs nothing after it', async () => {
    const { enrollmentId } = await billing.paidOnce();
    await billing.billing.skipNext(enrollmentId, BY);
    await passed(enrollmentId, 15);
    const half = await atOnce(enrollmentId, 980 + 1_000);
    expect(half.chargeId).not.toBeNull();
    const { amount_minor: charged } = await billing.charged(enrollmentId, 2, 'succeeded');
    expect(charged).toBeGreaterThan(400);
    expect(charged).toBeLessThan(540);
    await passed(enrollmentId, 25);
    expect(await atOnce(enrollmentId, 3_000)).toMatchObject({ chargeId: null, balanceMinor: 0 });
  }, 60_000);

  it('is for the days until the next charge when that was moved to before the skipped one', async () => {
    const { enrollmentId, next } = await billing.paidOnce();
    await billing.billing.skipNext(enrollmentId, BY);
    const dueAt = new Date(Date.now() + (next.getTime() - Date.now()) / 2).toISOString();
    await billing.billing.moveNext(enrollmentId, { ...BY, dueAt });
    await passed(enrollmentId, 10);
    await atOnce(enrollmentId, 980 + 3_000);
    // A third of a period that is half as long.
    const { amount_minor: charged } = await billing.charged(enrollmentId, 2, 'succeeded');
    expect(charged).toBeGreaterThan(700);
    expect(charged).toBeLessThan(1_200);
  }, 60_000);

  it('credits nothing while the period is not paid for', async () => {
    const { enrollmentId } = await billing.enrolledWith(MONTHLY, { number: DECLINES });
    const { id } = await billing.charged(enrollmentId, 1, 'requires_payment_method');
    await billing.known(enrollmentId, id, 'requires_payment_method');
    await expect(atOnce(enrollmentId, 500)).rejects.toMatchObject({ code: 'period_not_paid' });
    const fromNext = { ...BY, amountMinor: 500, effective: 'from_next' as const };
    expect(await billing.billing.changeAmount(enrollmentId, fromNext)).toMatchObject({ balanceMinor: 0 });
  }, 30_000);

  it('neither credits nor charges anything of a period that was given up', async () => {
    const { enrollmentId } = await billing.enrolledWith(KEPT, { number: DECLINES });
    const { id } = await billing.charged(enrollmentId, 1, 'requires_payment_method');
    await billing.known(enrollmentId, id, 'requires_payment_method');
    await billing.billing.stopDunning(enrollmentId, id, BY);
    await billing.settled(enrollmentId, id);
    expect(await atOnce(enrollmentId, 500)).toMatchObject({ chargeId: null, balanceMinor: 0 });
    expect(await atOnce(enrollmentId, 5_000)).toMatchObject({ chargeId: null, balanceMinor: 0 });
  }, 30_000);

  it('credits nothing of a raise that was not paid, and all of one that was', async () => {
    const { enrollmentId } = await billing.paidOnce(KEPT);
    const { paymentMethodId } = await billing.stateOf(enrollmentId);
    const empty = { code: 'card_declined', decline_code: 'insufficient_funds', times: 1 };
    await billing.control(`payment_methods/${paymentMethodId}/next_charge`, empty);
    const raised = String((await atOnce(enrollmentId, 3_000)).chargeId);
    await billing.known(enrollmentId, raised, 'requires_payment_method');
    await expect(atOnce(enrollmentId, 980)).rejects.toMatchObject({ code: 'period_not_paid' });
    await billing.billing.stopDunning(enrollmentId, raised, BY);
    await billing.settled(enrollmentId, raised);
    expect(await atOnce(enrollmentId, 980)).toMatchObject({ chargeId: null, balanceMinor: 0 });
    await atOnce(enrollmentId, 3_000);
    const paid = await billing.charged(enrollmentId, 3, 'succeeded');
    await billing.settled(enrollmentId, paid.id);
    expect((await atOnce(enrollmentId, 980)).balanceMinor).toBeLessThan(-2_000);
  }, 45_000);

  it('goes by the hold that was made again in place of one that has lapsed', async () => {
    const { enrollmentId } = await billing.enrolled({
      ...KEPT,
      captureMethod: 'manual',
      reauthorizeHolds: 1,
    });
    await billing.charged(enrollmentId, 1, 'requires_capture');
    await billing.control('clock', { advance_seconds: 8 * 86_400 });
    await billing.deliverEvents();
    const { id } = await billing.charged(enrollmentId, 2, 'requires_capture');
    await billing.known(enrollmentId, id, 'requires_capture');
    await expect(atOnce(enrollmentId, 500)).rejects.toMatchObject({ code: 'period_not_paid' });
    await billing.billing.captureCharge(enrollmentId, id, { ...BY, amountMinor: null });
    await billing.settled(enrollmentId, id);
    expect((await atOnce(enrollmentId, 500)).balanceMinor).toBeLessThan(-300);
  }, 45_000);

  /** A charge that is paid, given back. */
  async function givenBack(chargeId: string) {
    const charge = await findPaidCharge(billing.db, { chargeId });
    if (charge === undefined) {
      throw new Error(`no ${chargeId}`);
    }
    await billing.billing.refundCharge(charge, { ...BY, requestKey: 'one', amountMinor: null });
  }

  it('credits nothing of what was given back since', async () => {
    const { enrollmentId } = await billing.paidOnce(KEPT);
    const [row] = await billing.chargeRows(enrollmentId);
    await givenBack(String(row?.id));
    expect(await atOnce(enrollmentId, 100)).toMatchObject({ chargeId: null, balanceMinor: 0 });
  }, 45_000);

  it('credits nothing of a raise that was given back since', async () => {
    const { enrollmentId } = await billing.paidOnce(KEPT);
    const raised = String((await atOnce(enrollmentId, 3_000)).chargeId);
    await billing.charged(enrollmentId, 2, 'succeeded');
    await billing.settled(enrollmentId, raised);
    await givenBack(raised);
    expect(await atOnce(enrollmentId, 980)).toMatchObject({ chargeId: null, balanceMinor: 0 });
    const { balanceMinor } = await atOnce(enrollmentId, 480);
    expect(balanceMinor).toBeGreaterThan(-510);
    expect(balanceMinor).toBeLessThan(-450);
  }, 45_000);

  it('credits what a credit has paid for besides a charge that was given back since', async () => {
    const { enrollmentId } = await billing.paidOnce(KEPT);
    const { balanceMinor: credit } = await atOnce(enrollmentId, 100);
    const asBefore = { ...BY, amountMinor: 980, effective: 'from_next' as const };
    await billing.billing.changeAmount(enrollmentId, asBefore);
    await billing.billing.chargeNow(enrollmentId, BY);
    const { id, amount_minor: charged } = await billing.charged(enrollmentId, 2, 'succeeded');
    expect(charged).toBe(980 + credit);
    await billing.settled(enrollmentId, id);
    await givenBack(id);
    const { balanceMinor } = await atOnce(enrollmentId, 480);
    expect(Math.abs(balanceMinor - (credit + 480))).toBeLessThan(15);
  }, 45_000);

  it('credits what a credit has paid for of a raise whose charge was given back since', async () => {
    const { enrollmentId } = await billing.paidOnce(KEPT);
    const { balanceMinor: credit } = await atOnce(enrollmentId, 480);
    const raised = String((await atOnce(enrollmentId, 2_480)).chargeId);
    await billing.charged(enrollmentId, 2, 'succeeded');
    await billing.settled(enrollmentId, raised);
    await givenBack(raised);
    const { balanceMinor } = await atOnce(enrollmentId, 480);
    expect(Math.abs(balanceMinor - credit)).toBeLessThan(15);
  }, 45_000);

  it('credits nothing of what was not captured', async () => {
    const { enrollmentId } = await billing.enrolled({ ...KEPT, captureMethod: 'manual' });
    const { id } = await billing.charged(enrollmentId, 1, 'requires_capture');
    await billing.known(enrollmentId, id, 'requires_capture');
    await billing.billing.captureCharge(enrollmentId, id, { ...BY, amountMinor: 100 });
    await billing.settled(enrollmentId, id);
    expect(await atOnce(enrollmentId, 500)).toMatchObject({ chargeId: null, balanceMinor: 0 });
  }, 45_000);

  it('credits nothing of what a dispute took', async () => {
    const { enrollmentId } = await billing.paidOnce({ ...KEPT, afterLostDispute: 'keep_active' });
    const [row] = await billing.chargeRows(enrollmentId);
    const intent = await billing.stripe.paymentIntents.retrieve(String(row?.payment_intent_id));
    const dispute = (await billing.control(`charges/${intent.latest_charge}/dispute`)) as { id: string };
    await billing.control(`disputes/${dispute.id}/close`, { won: false });
    await billing.deliverEvents();
    await waitFor('the loss', async () =>
      (await billing.ledger(enrollmentId)).some(({ kind }) => kind === 'dispute'),
    );
    expect(await atOnce(enrollmentId, 100)).toMatchObject({ chargeId: null, balanceMinor: 0 });
  }, 45_000);

  it('credits nothing of what came too late and was given back', async () => {
    const { enrollmentId } = await billing.enrolledWithAccount({ ...KEPT, currency: 'usd' }, '000000000009');
    const { id, payment_intent_id: intent } = await billing.charged(enrollmentId, 1, 'processing');
    await billing.known(enrollmentId, id, 'processing');
    await billing.control(`payment_intents/${intent}/cancel_window`, { seconds: 0 });
    const canceled = billing.billing.cancelCharge(enrollmentId, id, { ...BY, as: 'cancel' });
    await waitFor('the cancel to be asked for', async () =>
      (await billing.timeline(enrollmentId)).some(({ what }) => what === 'charge.cancel_asked'),
    );
    await expect(atOnce(enrollmentId, 100)).rejects.toMatchObject({ code: 'period_not_paid' });
    await billing.control(`payment_intents/${intent}/settle`);
    await billing.deliverEvents();
    await canceled;
    await billing.settled(enrollmentId, id);
    expect((await billing.ledger(enrollmentId)).map(({ kind }) => kind)).toEqual(['payment', 'refund']);
    expect(await atOnce(enrollmentId, 100)).toMatchObject({ chargeId: null, balanceMinor: 0 });
  }, 45_000);
});
