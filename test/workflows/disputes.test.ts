/** Disputes: an open one stops further charges, a won one resumes them, a lost one follows the terms; fraud warnings. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { findPaidCharge } from '../../db/aftermath.ts';
import { chargeAftermathWorkflowId } from '../../domain/ids.ts';
import type { Terms } from '../../domain/terms.ts';
import { disputesChangedSignal } from '../../workflows/messages.ts';
import { MONTHLY, startBilling, type TestBilling } from '../support/billing.ts';
import { retryNow } from '../support/temporal.ts';
import { waitFor } from '../support/wait.ts';
import { BY, disputedEnrollment, disputeIsKnown, paidEnrollment } from './disputed.ts';

let billing: TestBilling;
beforeAll(async () => {
  billing = await startBilling();
}, 60_000);
afterAll(() => billing.stop());

const ON_DEMAND: Terms = { ...MONTHLY, schedule: { type: 'on_demand' } };
const disputed = (terms: Terms) => disputedEnrollment(billing, terms);

describe('a dispute', () => {
  it('stops further charges while it is open, and lets them go on when it is won', async () => {
    const { enrollmentId, disputeId } = await disputed(MONTHLY);
    expect(await billing.chargeRows(enrollmentId)).toHaveLength(1);
    await billing.control(`disputes/${disputeId}/close`, { won: true });
    await billing.deliverEvents();
    await billing.charged(enrollmentId, 2, 'succeeded');
    expect(await billing.ledger(enrollmentId)).toEqual([
      { kind: 'payment', amount_minor: 980 },
      { kind: 'dispute', amount_minor: -980 },
      { kind: 'dispute_reversed', amount_minor: 980 },
      { kind: 'payment', amount_minor: 980 },
    ]);
    expect((await billing.timeline(enrollmentId)).map(({ what }) => what)).toEqual(
      expect.arrayContaining(['charge.dispute_needs_response', 'charge.dispute_won']),
    );
  }, 60_000);

  it('is heard of when a test card brings it on, whose events name the request of the payment', async () => {
    const { enrollmentId } = await billing.enrolledWith(ON_DEMAND, { number: '4000000000000259' });
    await billing.active(enrollmentId);
    const asked = { ...BY, requestKey: 'one', amountMinor: 700, description: null };
    await billing.billing.createCharge(enrollmentId, asked);
    await billing.charged(enrollmentId, 1, 'succeeded');
    await billing.deliverEvents();
    await waitFor(
      'the dispute',
      async () => (await billing.chargeRows(enrollmentId))[0]?.dispute_status === 'needs_response',
    );
  }, 30_000);

  it('is booked as won also when the money comes back after it was closed', async () => {
    const { enrollmentId, disputeId } = await disputed(MONTHLY);
    await billing.control(`disputes/${disputeId}/close`, { won: true, reinstated: false });
    await billing.deliverEvents();
    await billing.charged(enrollmentId, 2, 'succeeded');
    const [first] = await billing.chargeRows(enrollmentId);
    const aftermath = billing.temporal.client.workflow.getHandle(
      chargeAftermathWorkflowId(String(first?.id)),
    );
    await waitFor(
      'nothing to be followed any more',
      async () => (await aftermath.describe()).status.name === 'COMPLETED',
    );
    await billing.control(`disputes/${disputeId}/reinstate`);
    await billing.deliverEvents();
    await waitFor('the money in the books', async () =>
      (await billing.ledger(enrollmentId)).some(
        ({ kind, amount_minor }) => kind === 'dispute_reversed' && amount_minor === 980,
      ),
    );
  }, 60_000);

  it('cancels the enrollment when it is lost, as the terms say by default', async () => {
    const { enrollmentId, disputeId } = await disputed(MONTHLY);
    await billing.control(`disputes/${disputeId}/close`, { won: false });
    await billing.deliverEvents();
    expect(await billing.handle(enrollmentId).result()).toMatchObject({ status: 'canceled' });
    // The second one was due and never begun.
    expect(await billing.chargeRows(enrollmentId)).toMatchObject([
      { dispute_status: 'lost' },
      { status: 'canceled', attempts: 0 },
    ]);
  }, 60_000);

  it('pauses the enrollment when it is lost and the terms say so', async () => {
    const { enrollmentId, disputeId } = await disputed({ ...MONTHLY, afterLostDispute: 'pause' });
    await billing.control(`disputes/${disputeId}/close`, { won: false });
    await billing.deliverEvents();
    await waitFor('the pause', async () => (await billing.enrollmentRow(enrollmentId)).status === 'paused');
  }, 60_000);
});

describe('an inquiry', () => {
  it('does not keep the payment from being given back', async () => {
    const { enrollmentId } = await billing.enrolled(MONTHLY);
    const row = await billing.charged(enrollmentId, 1, 'succeeded');
    const intent = await billing.stripe.paymentIntents.retrieve(String(row.payment_intent_id));
    await billing.control(`charges/${intent.latest_charge}/dispute`, { inquiry: true });
    await billing.deliverEvents();
    const charge = await waitFor('the inquiry', async () => {
      const known = await findPaidCharge(billing.db, { chargeId: row.id });
      return known?.disputeStatus === 'warning_needs_response' ? known : false;
    });
    const handle = billing.temporal.client.workflow.getHandle(chargeAftermathWorkflowId(row.id));
    await waitFor('its Workflow to know', async () =>
      JSON.stringify(await billing.history(enrollmentId)).includes('disputesChanged'),
    );
    const made = { amountMinor: 980, status: 'succeeded' };
    const asked = { ...BY, requestKey: 'one', amountMinor: null };
    expect(await billing.billing.refundCharge(charge, asked)).toMatchObject(made);
    await handle.terminate('it would look at the inquiry for as long as that takes');
    // Also by a Workflow that begins with what the rows say.
    const next = { ...BY, requestKey: 'two', amountMinor: 1 };
    await expect(billing.billing.refundCharge(charge, next)).rejects.toMatchObject({
      code: 'nothing_to_refund',
    });
  }, 60_000);
});

describe('an inquiry that is told of before its charge is known to be captured', () => {
  it('does not keep the payment from being given back', async () => {
    const { enrollmentId } = await billing.enrolled({ ...MONTHLY, captureMethod: 'manual' });
    const { id, payment_intent_id } = await billing.charged(enrollmentId, 1, 'requires_capture');
    await billing.known(enrollmentId, id, 'requires_capture');
    // In the Dashboard; our own look at it takes its time.
    const { latest_charge } = await billing.stripe.paymentIntents.capture(String(payment_intent_id));
    const match = { method: 'GET', path_prefix: '/v1/payment_intents' };
    await billing.control('faults', { match, kind: 'delay', delay_ms: 3_000, when: 'after', times: 1 });
    await billing.control(`charges/${latest_charge}/dispute`, { inquiry: true });
    await billing.deliverEvents();
    await waitFor('the inquiry', async () => {
      const known = await findPaidCharge(billing.db, { chargeId: id });
      return known?.disputeStatus === 'warning_needs_response' && known.capturedMinor === 0;
    });
    await disputeIsKnown(billing, enrollmentId);
    await billing.charged(enrollmentId, 1, 'succeeded');
    const charge = await findPaidCharge(billing.db, { chargeId: id });
    if (charge === undefined) {
      throw new Error(`no ${id}`);
    }
    const tooMuch = { ...BY, requestKey: 'too much', amountMinor: 981 };
    await expect(billing.billing.refundCharge(charge, tooMuch)).rejects.toMatchObject({
      code: 'refund_too_large',
    });
    const all = { ...BY, requestKey: 'all', amountMinor: null };
    expect(await billing.billing.refundCharge(charge, all)).toMatchObject({
      amountMinor: 980,
      status: 'succeeded',
    });
  }, 60_000);
});

describe('a dispute while Stripe refuses our key', () => {
  /** An enrollment whose first charge is disputed while reading under `path` is answered with `status`. */
  async function disputedUnder(path: string, status: number) {
    const { enrollmentId, chargeId, latestCharge, next } = await paidEnrollment(billing, MONTHLY);
    const match = { method: 'GET', path_prefix: path };
    await billing.control('faults', { match, kind: 'status', status, for_seconds: 60 });
    await billing.control(`charges/${latestCharge}/dispute`);
    await billing.deliverEvents();
    const isKnown = async () => {
      await disputeIsKnown(billing, enrollmentId);
      await next();
      expect(await billing.chargeRows(enrollmentId)).toMatchObject([{ dispute_status: 'needs_response' }]);
      expect(await billing.ledger(enrollmentId)).toContainEqual({ kind: 'dispute', amount_minor: -980 });
    };
    return { enrollmentId, aftermath: chargeAftermathWorkflowId(chargeId), isKnown };
  }

  it.each([
    [401, '/v1/refunds'],
    [403, '/v1/disputes'],
  ])(
    'F9: is known once the key is mended, without another event: %i of GET %s',
    async (status, path) => {
      const { aftermath, isKnown } = await disputedUnder(path, status);
      const handle = billing.temporal.client.workflow.getHandle(aftermath);
      await waitFor('the refusal', async () => {
        const { raw } = await handle.describe();
        return raw.pendingActivities?.some(({ lastFailure }) => lastFailure?.message?.includes(`${status}`));
      });
      await billing.control('faults/clear');
      await retryNow(billing.temporal, aftermath, 'followAftermath');
      await isKnown();
    },
    60_000,
  );

  it('is known although the key may not read early fraud warnings, which operators hear of', async () => {
    const { enrollmentId, isKnown } = await disputedUnder('/v1/radar/early_fraud_warnings', 403);
    await isKnown();
    expect((await billing.timeline(enrollmentId)).map(({ what }) => what)).toContain(
      'charge.early_fraud_warnings_unreadable',
    );
    await billing.control('faults/clear');
  }, 60_000);
});

describe('a dispute of a payment in another currency than the account', () => {
  it('is booked as the payment was, in the currency of the charge', async () => {
    await billing.control('settings', { settlementCurrency: 'usd', settlementRate: 0.0065 });
    try {
      const { enrollmentId, disputeId } = await disputed(MONTHLY);
      const { balance_transactions: moved } = await billing.stripe.disputes.retrieve(disputeId);
      expect(moved).toMatchObject([{ amount: -637, currency: 'usd' }]);
      await billing.control(`disputes/${disputeId}/close`, { won: true });
      await billing.deliverEvents();
      await billing.charged(enrollmentId, 2, 'succeeded');
      const entries = await billing.db
        .selectFrom('ledger_entries')
        .select(['kind', 'amount_minor', 'currency'])
        .where('enrollment_id', '=', enrollmentId)
        .orderBy('seq')
        .execute();
      expect(entries).toEqual([
        { kind: 'payment', amount_minor: 980, currency: 'jpy' },
        { kind: 'dispute', amount_minor: -980, currency: 'jpy' },
        { kind: 'dispute_reversed', amount_minor: 980, currency: 'jpy' },
        { kind: 'payment', amount_minor: 980, currency: 'jpy' },
      ]);
    } finally {
      await billing.control('settings', { settlementCurrency: null });
    }
  }, 60_000);
});

describe('an early fraud warning', () => {
  it('is told in the timeline', async () => {
    const { enrollmentId } = await billing.enrolled(MONTHLY, '4000000000005423');
    await billing.charged(enrollmentId, 1, 'succeeded');
    await billing.deliverEvents();
    await waitFor('the warning', async () =>
      (await billing.timeline(enrollmentId)).some(({ what }) => what === 'charge.early_fraud_warning'),
    );
  }, 45_000);
});

describe('a dispute that is lost while its enrollment is being resumed', () => {
  it('pauses it until somebody resumes it once more, as the terms say', async () => {
    const { enrollmentId: id } = await billing.paidOnce({ ...MONTHLY, afterLostDispute: 'pause' });
    const [charge] = await billing.chargeRows(id);
    await billing.billing.pauseEnrollment(id, { ...BY, resumeAt: null });
    await billing.db.transaction().execute(async (trx) => {
      // What resumes it cannot be written before this is over.
      await trx.selectFrom('enrollments').select('id').where('id', '=', id).forUpdate().execute();
      billing.billing.resumeEnrollment(id, BY).catch(() => {});
      await waitFor('the resume to be written', async () => {
        const { raw } = await billing.handle(id).describe();
        return raw.pendingActivities?.some(({ activityType }) => activityType?.name === 'planSchedule');
      });
      await billing.handle(id).signal(disputesChangedSignal, {
        chargeId: String(charge?.id),
        disputes: [{ id: 'dp_1', status: 'lost' }],
      });
      await waitFor('the enrollment to know', async () => {
        const { events } = await billing.history(id);
        const told = events?.findIndex((event) => event.workflowExecutionSignaledEventAttributes) ?? -1;
        return events?.slice(told).some((event) => event.workflowTaskCompletedEventAttributes) && told >= 0;
      });
    });
    await waitFor('the pause', async () => (await billing.enrollmentRow(id)).status === 'paused');
    await waitFor('the Workflow to say so', async () => (await billing.stateOf(id)).status === 'paused');
    await waitFor('the timeline to tell of both pauses', async () => {
      const told = (await billing.timeline(id)).map(({ what }) => what);
      return told.filter((what) => what === 'enrollment.paused').length === 2;
    });
    expect(await billing.enrollmentRow(id)).toMatchObject({ status: 'paused', paused_until: null });
  }, 60_000);
});
