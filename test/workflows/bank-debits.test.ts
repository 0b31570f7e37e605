/** Bank debits: days in `processing`, a late success, a late failure, a cancel that the bank allows or not. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Terms } from '../../domain/terms.ts';
import { MONTHLY, startBilling, type TestBilling } from '../support/billing.ts';
import { fastForward } from '../support/temporal.ts';
import { waitFor } from '../support/wait.ts';

let billing: TestBilling;
beforeAll(async () => {
  billing = await startBilling();
}, 60_000);
afterAll(() => billing.stop());

const BY = { by: 'customer', reason: 'moved away' };
/** Of an account whose debits stay in `processing`. */
const SLOW = '000000000009';
const ONCE_USD: Terms = {
  ...MONTHLY,
  currency: 'usd',
  schedule: { type: 'once', amountMinor: 1200, at: null },
};
const HOUR_MS = 3_600_000;

async function underWay(terms = ONCE_USD) {
  const { enrollmentId } = await billing.enrolledWithAccount(terms, SLOW);
  const { id, payment_intent_id } = await billing.charged(enrollmentId, 1, 'processing');
  await billing.known(enrollmentId, id, 'processing');
  return { enrollmentId, id, intentId: String(payment_intent_id) };
}

async function notices(enrollmentId: string) {
  const rows = await billing.db
    .selectFrom('notifications')
    .select('kind')
    .where('enrollment_id', '=', enrollmentId)
    .orderBy('created_at')
    .execute();
  return rows.map(({ kind }) => kind);
}

describe('a mandate that ends between two charges', () => {
  /** An enrollment that Stripe tells of the end of its mandate, as its timeline has it. */
  async function ended(what: string) {
    const { enrollmentId } = await billing.enrolledWithAccount({ ...MONTHLY, currency: 'usd' }, SLOW);
    const { id } = await billing.charged(enrollmentId, 1, 'processing');
    await billing.known(enrollmentId, id, 'processing');
    const method = () =>
      billing.db
        .selectFrom('payment_methods')
        .select(['mandate_id', 'detached_at'])
        .where('enrollment_id', '=', enrollmentId)
        .executeTakeFirstOrThrow();
    await billing.control(`mandates/${(await method()).mandate_id}/end`);
    await billing.deliverEvents();
    await waitFor('the word of it', async () =>
      (await billing.timeline(enrollmentId)).some(
        (told) => told.what === what && told.why === 'mandate.updated',
      ),
    );
    const found = { detachedAt: (await method()).detached_at, notices: await notices(enrollmentId) };
    await billing.billing.cancelEnrollment(enrollmentId, BY);
    return found;
  }

  it('has the customer asked for another method before the next one', async () => {
    expect(await ended('payment_method.mandate_ended')).toEqual({
      detachedAt: expect.any(Date),
      notices: expect.arrayContaining(['payment_method_needed']),
    });
  }, 45_000);

  it('is not known to a key that may not read mandates: the next debit tells', async () => {
    const match = { method: 'GET', path_prefix: '/v1/mandates' };
    await billing.control('faults', { match, kind: 'status', status: 403, times: 1 });
    expect(await ended('payment_method.updated')).toEqual({
      detachedAt: null,
      notices: expect.not.arrayContaining(['payment_method_needed']),
    });
  }, 45_000);
});

describe('a debit whose mandate has ended', () => {
  it('asks the customer for another method, with which the same payment goes on', async () => {
    const terms: Terms = { ...ONCE_USD, schedule: { type: 'on_demand' } };
    const { enrollmentId } = await billing.enrolledWithAccount(terms, '000123456789');
    await billing.active(enrollmentId);
    const { mandate_id } = await billing.db
      .selectFrom('payment_methods')
      .select('mandate_id')
      .where('enrollment_id', '=', enrollmentId)
      .executeTakeFirstOrThrow();
    await billing.control(`mandates/${mandate_id}/end`);
    const ask = { ...BY, requestKey: 'one', amountMinor: 700, description: null };
    await billing.billing.createCharge(enrollmentId, ask);
    const row = await billing.charged(enrollmentId, 1, 'requires_payment_method');
    expect(row).toMatchObject({ last_code: 'payment_intent_mandate_invalid', next_attempt_at: null });
    expect(await notices(enrollmentId)).toEqual(['charge_failed']);
    const session = await billing.billing.openCheckoutSession(enrollmentId, BY);
    await billing.save(enrollmentId, session.id, {});
    expect(await billing.charged(enrollmentId, 1, 'succeeded')).toMatchObject({
      payment_intent_id: row.payment_intent_id,
    });
    await billing.billing.cancelEnrollment(enrollmentId, BY);
  }, 45_000);
});

describe('a debit on its way', () => {
  it('is told, is no failure, and is found by a look when no webhook comes', async () => {
    const { enrollmentId, intentId } = await underWay();
    expect(await billing.enrollmentRow(enrollmentId)).toMatchObject({ status: 'active' });
    expect(await notices(enrollmentId)).toEqual(['charge_processing']);
    await billing.control(`payment_intents/${intentId}/settle`);
    await fastForward(billing.temporal, `enrollment/${enrollmentId}`, 2 * HOUR_MS);
    expect(await billing.handle(enrollmentId).result()).toMatchObject({
      status: 'completed',
      amountCollectedMinor: 1200,
    });
    expect(await notices(enrollmentId)).toEqual([
      'charge_processing',
      'charge_succeeded',
      'enrollment_completed',
    ]);
  }, 45_000);

  it('goes to dunning when it fails after days, which is extended up to the retries that a debit has', async () => {
    const dunning = { retryAfterDays: [1], afterLastTry: 'cancel' as const };
    const { enrollmentId, id, intentId } = await underWay({ ...ONCE_USD, dunning });
    await billing.control(`payment_intents/${intentId}/fail`, { code: 'insufficient_funds' });
    await billing.deliverEvents();
    const row = await billing.charged(enrollmentId, 1, 'requires_payment_method');
    expect(row.next_attempt_at).not.toBeNull();
    expect(await notices(enrollmentId)).toContain('charge_failed');
    await billing.known(enrollmentId, id, 'requires_payment_method');
    const extend = () => billing.billing.extendDunning(enrollmentId, id, { ...BY, days: 10 });
    await extend();
    await expect(extend()).rejects.toMatchObject({
      code: 'too_many_retries',
      message: expect.stringContaining('2 at most'),
    });
    await billing.billing.cancelEnrollment(enrollmentId, BY);
  }, 45_000);

  it('is canceled while the bank allows it', async () => {
    const { enrollmentId, intentId } = await underWay();
    expect(await billing.billing.previewCancel(enrollmentId, 'now')).toMatchObject({
      charges: [{ fate: 'canceled_if_the_bank_allows' }],
      mayStillSucceedMinor: 1200,
    });
    expect(await billing.billing.cancelEnrollment(enrollmentId, BY)).toEqual({ status: 'canceled' });
    expect(await billing.stripe.paymentIntents.retrieve(intentId)).toMatchObject({ status: 'canceled' });
  }, 45_000);

  // Side by side: a cancel that has to wait for the bank is answered only after five seconds.
  it.concurrent.each(['refund', 'keep'] as const)(
    'is awaited when the bank does not, and its late success meets the rule %s',
    async (lateSuccess) => {
      const { enrollmentId, intentId } = await underWay({ ...ONCE_USD, lateSuccess });
      await billing.control(`payment_intents/${intentId}/cancel_window`, { seconds: 0 });
      expect(await billing.billing.cancelEnrollment(enrollmentId, BY)).toEqual({ status: 'canceling' });
      await billing.control(`payment_intents/${intentId}/settle`);
      await billing.deliverEvents();
      expect(await billing.handle(enrollmentId).result()).toMatchObject({
        status: 'canceled',
        amountCollectedMinor: lateSuccess === 'keep' ? 1200 : 0,
      });
      const [row] = await billing.chargeRows(enrollmentId);
      expect(row).toMatchObject({ captured_minor: 1200, refunded_minor: lateSuccess === 'keep' ? 0 : 1200 });
      expect(await billing.timeline(enrollmentId)).toContainEqual({
        what: 'enrollment.cancel_accepted',
        who: BY.by,
        why: BY.reason,
      });
    },
    45_000,
  );

  it('is looked at again after a week, as on the first day', async () => {
    const { enrollmentId } = await underWay();
    await fastForward(billing.temporal, `enrollment/${enrollmentId}`, 7 * 24 * HOUR_MS);
    await waitFor('the looks', async () => {
      const { events } = await billing.history(enrollmentId);
      const looks = (events ?? []).filter(
        (event) => event.activityTaskScheduledEventAttributes?.activityType?.name === 'readCharge',
      );
      return looks.length >= 7;
    });
    expect(await billing.chargeRows(enrollmentId)).toMatchObject([{ status: 'processing' }]);
  }, 45_000);
});
