/** Holds that Stripe lets go of by its own clock: authorised again as often as the terms say. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Terms } from '../../domain/terms.ts';
import { MONTHLY, ONCE, startBilling, type TestBilling } from '../support/billing.ts';
import { virtualClock } from '../support/virtual-clock.ts';

let billing: TestBilling;
beforeAll(async () => {
  billing = await startBilling();
}, 60_000);
afterAll(() => billing.stop());

describe('a hold that lapsed', () => {
  it('is held again, as a charge of its own, as often as the terms say', async () => {
    const { enrollmentId } = await billing.enrolled({
      ...ONCE,
      captureMethod: 'manual',
      reauthorizeHolds: 1,
    });
    await billing.charged(enrollmentId, 1, 'requires_capture');
    await billing.control('clock', { advance_seconds: 8 * 86_400 });
    await billing.deliverEvents();
    await billing.charged(enrollmentId, 1, 'canceled');
    const again = await billing.charged(enrollmentId, 2, 'requires_capture');
    expect(again).toMatchObject({ amount_minor: 1200, captured_minor: 0 });
    await billing.control('clock', { advance_seconds: 8 * 86_400 });
    await billing.deliverEvents();
    expect(await billing.handle(enrollmentId).result()).toMatchObject({ amountCollectedMinor: 0 });
    expect(await billing.chargeRows(enrollmentId)).toMatchObject([
      { status: 'canceled' },
      { status: 'canceled' },
    ]);
  }, 45_000);

  it('is held again also when its charge was parked by a capture that was refused', async () => {
    const { enrollmentId } = await billing.enrolled({
      ...ONCE,
      captureMethod: 'manual',
      reauthorizeHolds: 1,
    });
    const { id, payment_intent_id } = await billing.charged(enrollmentId, 1, 'requires_capture');
    await billing.known(enrollmentId, id, 'requires_capture');
    const match = { method: 'POST', path_prefix: `/v1/payment_intents/${payment_intent_id}/capture` };
    await billing.control('faults', { match, kind: 'status', status: 401, when: 'before', times: 1 });
    const by = { by: 'operator', reason: null };
    expect(await billing.billing.captureCharge(enrollmentId, id, { ...by, amountMinor: null })).toMatchObject(
      { status: 'needs_attention' },
    );
    await billing.control('clock', { advance_seconds: 8 * 86_400 });
    await billing.deliverEvents();
    await billing.charged(enrollmentId, 1, 'canceled');
    await billing.charged(enrollmentId, 2, 'requires_capture');
    await billing.billing.cancelEnrollment(enrollmentId, by);
  }, 45_000);

  it('is held again after the period with which the enrollment ends, and is collected before it does', async () => {
    const schedule = { ...MONTHLY.schedule, interval: { unit: 'day', count: 1 } };
    const terms = { ...MONTHLY, schedule, captureMethod: 'manual', reauthorizeHolds: 1 } as Terms;
    const { enrollmentId } = await billing.enrolled(terms);
    const { id } = await billing.charged(enrollmentId, 1, 'requires_capture');
    await billing.known(enrollmentId, id, 'requires_capture');
    const by = { by: 'customer', reason: null };
    const { cancelAt } = await billing.billing.cancelAtPeriodEnd(enrollmentId, by);
    const clock = virtualClock(billing.temporal, `enrollment/${enrollmentId}`);
    await clock.goTo(new Date(Date.parse(cancelAt) + 60_000).toISOString());
    await billing.control('clock', { advance_seconds: 8 * 86_400 });
    await billing.deliverEvents();
    await billing.charged(enrollmentId, 1, 'canceled');
    const again = await billing.charged(enrollmentId, 2, 'requires_capture');
    await billing.known(enrollmentId, again.id, 'requires_capture');
    await billing.billing.captureCharge(enrollmentId, again.id, { ...by, amountMinor: null });
    expect(await billing.handle(enrollmentId).result()).toMatchObject({
      status: 'canceled',
      amountCollectedMinor: 980,
    });
  }, 45_000);
});
