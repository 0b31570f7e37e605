/** What comes to its end late: a customer who never confirms, money that came in after a cancel and cannot go back. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { WAITS_FOR } from '../../config/search-attributes.ts';
import { listEnrollmentViews } from '../../db/enrollment-views.ts';
import { attentionFigures } from '../../db/figures.ts';
import { chargeAftermathWorkflowId } from '../../domain/ids.ts';
import type { Terms } from '../../domain/terms.ts';
import { MONTHLY, ONCE, startBilling, type TestBilling } from '../support/billing.ts';
import { virtualClock } from '../support/virtual-clock.ts';
import { waitFor } from '../support/wait.ts';

let billing: TestBilling;
beforeAll(async () => {
  billing = await startBilling();
}, 60_000);
afterAll(() => billing.stop(), 60_000);

const BY = { by: 'customer', reason: 'moved away' };
const DAY_MS = 86_400_000;
const ALWAYS_ASKS = '4000002760003184';
const DECLINES = '4000000000000341';
const REFUNDS_ARE_SLOW = '4000000000007726';

/** An enrollment whose first charge was declined, and that is known to be. */
async function declined(terms: Terms, card: string): Promise<{ enrollmentId: string; id: string }> {
  const { enrollmentId } = await billing.enrolledWith(terms, { number: card });
  const { id } = await billing.charged(enrollmentId, 1, 'requires_payment_method');
  await billing.known(enrollmentId, id, 'requires_payment_method');
  return { enrollmentId, id };
}

/** An enrollment whose one charge is held, and is captured in the Dashboard without anybody telling us. */
async function capturedBehindUs(card?: string) {
  const terms: Terms = { ...ONCE, captureMethod: 'manual' };
  const { enrollmentId } = await (card === undefined
    ? billing.enrolled(terms)
    : billing.enrolledWith(terms, { number: card }));
  const { id, payment_intent_id } = await billing.charged(enrollmentId, 1, 'requires_capture');
  await billing.known(enrollmentId, id, 'requires_capture');
  const intent = await billing.stripe.paymentIntents.capture(String(payment_intent_id));
  return { enrollmentId, id, intent };
}

/** What the rows say is written before the Workflow hears of it. */
function shownToOperators(enrollmentId: string): Promise<true> {
  return waitFor('operators to be shown it', async () => {
    const { typedSearchAttributes } = await billing.handle(enrollmentId).describe();
    return typedSearchAttributes.get(WAITS_FOR)?.includes('operator') === true;
  });
}

describe('a customer who begins to confirm and never ends', () => {
  it('is waited for as long as the policy would have retried; then the charge is given up', async () => {
    const { enrollmentId, id } = await declined(MONTHLY, ALWAYS_ASKS);
    await billing.billing.authenticateCharge(enrollmentId, id, BY);
    const row = await billing.charged(enrollmentId, 1, 'requires_action');
    const clock = virtualClock(billing.temporal, `enrollment/${enrollmentId}`);
    await clock.goTo(new Date(Date.now() + 15 * DAY_MS).toISOString());
    expect(await billing.chargeRows(enrollmentId)).toMatchObject([
      { status: 'requires_action', attempts: 2 },
    ]);
    await clock.goTo(new Date(Date.now() + 18 * DAY_MS).toISOString());
    expect(await billing.handle(enrollmentId).result()).toMatchObject({
      status: 'canceled',
      chargesSucceeded: 0,
    });
    expect(await billing.chargeRows(enrollmentId)).toMatchObject([{ status: 'uncollectible', attempts: 2 }]);
    const intent = await billing.stripe.paymentIntents.retrieve(String(row.payment_intent_id));
    expect(intent.status).toBe('canceled');
    const notices = await billing.db
      .selectFrom('notifications')
      .select('kind')
      .where('enrollment_id', '=', enrollmentId)
      .orderBy('created_at')
      .orderBy('kind')
      .execute();
    expect(notices.map(({ kind }) => kind)).toEqual([
      'authentication_required',
      'charge_given_up',
      'enrollment_canceled',
    ]);
  }, 60_000);
});

describe('dunning that outlasts the period with which the enrollment ends', () => {
  it('ends it all the same, where the terms would pause it', async () => {
    const terms: Terms = { ...MONTHLY, dunning: { retryAfterDays: [20, 20], afterLastTry: 'pause' } };
    const { enrollmentId } = await declined(terms, DECLINES);
    await billing.billing.cancelAtPeriodEnd(enrollmentId, BY);
    const clock = virtualClock(billing.temporal, `enrollment/${enrollmentId}`);
    await clock.goTo(new Date(Date.now() + 45 * DAY_MS).toISOString());
    await billing.charged(enrollmentId, 1, 'uncollectible');
    await waitFor('the end', async () => (await billing.enrollmentRow(enrollmentId)).status === 'canceled');
    expect(await billing.chargeRows(enrollmentId)).toHaveLength(1);
  }, 60_000);
});

describe('money that came in after a cancel', () => {
  it.each(['settle', 'fail'] as const)(
    'is given back; a refund on its way is followed until it %ss',
    async (end) => {
      const { enrollmentId, id } = await capturedBehindUs(REFUNDS_ARE_SLOW);
      expect(await billing.billing.cancelEnrollment(enrollmentId, BY)).toEqual({ status: 'canceled' });
      expect(await billing.handle(enrollmentId).result()).toMatchObject({ amountCollectedMinor: 0 });
      const refund = await billing.db
        .selectFrom('refunds')
        .select(['id', 'status', 'requested_by'])
        .where('charge_id', '=', id)
        .executeTakeFirstOrThrow();
      expect(refund).toMatchObject({ status: 'pending', requested_by: 'workflow' });
      await billing.control(`refunds/${refund.id}/${end}`);
      await billing.deliverEvents();
      await waitFor('its own Workflow to end', async () => {
        const follower = billing.temporal.client.workflow.getHandle(chargeAftermathWorkflowId(id));
        return (await follower.describe()).status.name === 'COMPLETED';
      });
      const failed = end === 'fail';
      expect(await billing.ledger(enrollmentId)).toEqual([
        { kind: 'payment', amount_minor: 1200 },
        { kind: 'refund', amount_minor: -1200 },
        ...(failed ? [{ kind: 'refund_failed', amount_minor: 1200 }] : []),
      ]);
      expect(await billing.chargeRows(enrollmentId)).toMatchObject([{ refunded_minor: failed ? 0 : 1200 }]);
      expect((await billing.timeline(enrollmentId)).map(({ what }) => what)).toContain(
        failed ? 'charge.refund_failed' : 'charge.refunded',
      );
    },
    60_000,
  );
});

describe('money that came in after a cancel and that Stripe will not give back', () => {
  it('is shown to operators, and is given back when somebody resumes it later', async () => {
    const { enrollmentId, id } = await capturedBehindUs();
    const match = { method: 'POST', path_prefix: '/v1/refunds' };
    const refusal = { kind: 'status', status: 400, code: 'charge_not_refundable', when: 'before', times: 1 };
    await billing.control('faults', { match, ...refusal });
    billing.billing.cancelEnrollment(enrollmentId, BY).catch(() => {});
    await waitFor('the refusal', async () =>
      (await billing.timeline(enrollmentId)).some(
        ({ what, why }) =>
          what === 'charge.refund_refused' &&
          why === `charge_not_refundable: Stripe refuses to refund ${id}: charge_not_refundable`,
      ),
    );
    await shownToOperators(enrollmentId);
    await billing.billing.resumeCharge(enrollmentId, id, BY);
    expect(await billing.handle(enrollmentId).result()).toMatchObject({ amountCollectedMinor: 0 });
  }, 60_000);
});

describe('money that came in after a cancel while Stripe refuses our key', () => {
  it('is shown to operators, is tried again daily, and is given back once the key is mended', async () => {
    const { enrollmentId } = await capturedBehindUs();
    const match = { method: 'GET', path_prefix: '/v1/refunds' };
    await billing.control('faults', { match, kind: 'status', status: 401, times: 2 });
    const canceled = billing.billing.cancelEnrollment(enrollmentId, BY);
    canceled.catch(() => {});
    const refusals = async () =>
      (await billing.timeline(enrollmentId)).filter(({ what }) => what === 'charge.refund_refused').length;
    await waitFor('the refusal', async () => (await refusals()) === 1);
    expect((await billing.chargeRows(enrollmentId))[0]).toMatchObject({
      status: 'succeeded',
      refund_refused: expect.stringContaining('StripeKeyRefused'),
    });
    expect(await listEnrollmentViews(billing.db, { waitsFor: 'operator', limit: 9 })).toMatchObject([
      { id: enrollmentId, charges_wait_for: ['operator'] },
    ]);
    expect(await attentionFigures(billing.db)).toMatchObject([{ currency: 'jpy', charges: 1 }]);
    const clock = virtualClock(billing.temporal, `enrollment/${enrollmentId}`);
    await clock.goTo(new Date(Date.now() + 1.5 * DAY_MS).toISOString());
    await waitFor('the second refusal', async () => (await refusals()) === 2);
    await clock.goTo(new Date(Date.now() + 2.5 * DAY_MS).toISOString());
    expect(await billing.handle(enrollmentId).result()).toMatchObject({ amountCollectedMinor: 0 });
    expect(await billing.chargeRows(enrollmentId)).toMatchObject([
      { refunded_minor: 1200, refund_refused: null },
    ]);
    expect(await attentionFigures(billing.db)).toEqual([]);
  }, 60_000);

  it('is given back at once when somebody resumes it', async () => {
    const { enrollmentId, id } = await capturedBehindUs();
    const match = { method: 'GET', path_prefix: '/v1/refunds' };
    await billing.control('faults', { match, kind: 'status', status: 403, times: 1 });
    const canceled = billing.billing.cancelEnrollment(enrollmentId, BY);
    canceled.catch(() => {});
    await waitFor('the refusal', async () => (await billing.chargeRows(enrollmentId))[0]?.refund_refused);
    await billing.billing.resumeCharge(enrollmentId, id, { by: 'operator', reason: 'key mended' });
    expect(await billing.handle(enrollmentId).result()).toMatchObject({ amountCollectedMinor: 0 });
  }, 60_000);
});

describe('money that came in after a cancel and is disputed', () => {
  async function heldBack() {
    const { enrollmentId, id, intent } = await capturedBehindUs();
    const dispute = (await billing.control(`charges/${intent.latest_charge}/dispute`)) as { id: string };
    // Nobody has told us of it either.
    const canceled = billing.billing.cancelEnrollment(enrollmentId, BY);
    canceled.catch(() => {});
    await waitFor('the refusal', async () =>
      (await billing.timeline(enrollmentId)).some(({ what }) => what === 'charge.refund_refused'),
    );
    expect((await billing.stateOf(enrollmentId)).charges).toMatchObject([{ id, status: 'succeeded' }]);
    const close = async (won: boolean) => {
      await billing.control(`disputes/${dispute.id}/close`, { won });
      await billing.deliverEvents();
    };
    return { enrollmentId, id, close };
  }

  it('is shown to operators, and is given back once the dispute is won', async () => {
    const { enrollmentId, close } = await heldBack();
    await shownToOperators(enrollmentId);
    await close(true);
    expect(await billing.handle(enrollmentId).result()).toMatchObject({
      status: 'canceled',
      amountCollectedMinor: 0,
    });
    expect(await billing.ledger(enrollmentId)).toContainEqual({ kind: 'refund', amount_minor: -1200 });
  }, 60_000);

  it('is left to a customer who has it back since the dispute was prevented', async () => {
    const { enrollmentId, intent } = await capturedBehindUs();
    await billing.control(`charges/${intent.latest_charge}/dispute`, { prevented: 'resolution' });
    expect(await billing.billing.cancelEnrollment(enrollmentId, BY)).toEqual({ status: 'canceled' });
    expect(await billing.chargeRows(enrollmentId)).toMatchObject([
      { status: 'succeeded', dispute_status: 'prevented', refunded_minor: 0, refund_refused: null },
    ]);
    expect((await billing.ledger(enrollmentId)).map(({ kind }) => kind)).toEqual(['payment', 'dispute']);
    expect((await billing.timeline(enrollmentId)).map(({ what }) => what)).not.toContain(
      'charge.refund_refused',
    );
  }, 60_000);

  it('is given back when the dispute was prevented and took nothing', async () => {
    const { enrollmentId, intent } = await capturedBehindUs();
    await billing.control(`charges/${intent.latest_charge}/dispute`, { prevented: 'block' });
    expect(await billing.billing.cancelEnrollment(enrollmentId, BY)).toEqual({ status: 'canceled' });
    expect(await billing.handle(enrollmentId).result()).toMatchObject({ amountCollectedMinor: 0 });
    expect(await billing.ledger(enrollmentId)).toEqual([
      { kind: 'payment', amount_minor: 1200 },
      { kind: 'refund', amount_minor: -1200 },
    ]);
  }, 60_000);

  it('is left to the customer who has won the dispute', async () => {
    const { enrollmentId, close } = await heldBack();
    await close(false);
    expect(await billing.handle(enrollmentId).result()).toMatchObject({ status: 'canceled' });
    expect((await billing.ledger(enrollmentId)).map(({ kind }) => kind)).toEqual(['payment', 'dispute']);
  }, 60_000);
});
